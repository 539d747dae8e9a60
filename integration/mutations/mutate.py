"""What can be taken from the declaration of an edge, and what is to be found then.

Each kind takes one dependency that is read, for sure: a library or an object that the command names, a header that Ninja's deps
log has of the compiler, an input of a custom command that the command names.

  library     a library of a link is no input any more
  object      an object of a link is named by its command alone, not by `build`
  order-only  a library or an object is an order-only input only
  custom      an input of a custom command is no input any more
  header      the compiler's depfile loses a header
"""
import copy
import os
import re

from manifest import is_before, unescape


class Mutation:
    def __init__(self, kind, edge, thing):
        self.kind, self.edge, self.thing = kind, edge, thing
        self.rule = ''  # of the finding
        self.more_rules = []

    def tell(self):
        return '%s: %s without %s' % (self.kind, unescape(self.edge.outputs[0]), self.thing)


def _drop(edge, token):
    for names in edge.inputs.values():
        names[:] = [name for name in names if name != token]


def _link(edge):
    found = []
    libraries = edge.variables.get('LINK_LIBRARIES', '')
    for token in edge.inputs['implicit']:
        if re.search(r'(^| )%s( |$)' % re.escape(token), libraries):
            for kind in ('library', 'order-only'):
                changed = copy.deepcopy(edge)
                _drop(changed, token)
                if kind == 'order-only':
                    changed.inputs['order'].append(token)
                found.append(Mutation(kind, changed, unescape(token)))
    if 'EXECUTABLE_LINKER' in edge.rule or 'SHARED_LIBRARY_LINKER' in edge.rule:
        # Not all of the objects: the command must have one left.
        for number, token in enumerate(edge.inputs['explicit'][1:]):
            changed = copy.deepcopy(edge)
            _drop(changed, token)
            changed.variables['LINK_LIBRARIES'] = (token + ' ' + libraries).strip()
            if number % 2:
                changed.inputs['order'].append(token)
            found.append(Mutation('order-only' if number % 2 else 'object', changed, unescape(token)))
    return found


def _custom(edge):
    found = []
    command = edge.variables.get('COMMAND', '')
    for token in edge.inputs['explicit'] + edge.inputs['implicit']:
        if re.search(r'(^|[ "])%s([ "]|$)' % re.escape(token), command):
            changed = copy.deepcopy(edge)
            _drop(changed, token)
            found.append(Mutation('custom', changed, unescape(token)))
    return found


def _headers(edge, deps, roots, rules):
    found = []
    names = deps.get(unescape(edge.outputs[0]), [])
    for name in names:
        base = os.path.basename(name)
        if not name.startswith(roots) or not name.endswith(('.h', '.hpp', '.inc')):
            continue
        if sum(os.path.basename(other) == base for other in names) > 1:
            continue
        changed = copy.deepcopy(edge)
        mutation = Mutation('header', changed, name)
        changed.rule = 'mutated%d' % edge.number
        # Spelled as it likes, and a name alone where it lies beside its user.
        loses = "sed -i -E 's#(^| )([^ ]*/)?%s( |$$)#\\1\\3#' $DEP_FILE" % base.replace('.', r'\.')
        mutation.more_rules = ['rule ' + changed.rule] + [
            re.sub(r'^(  command = .*)', lambda m: m.group(1) + ' && ' + loses, line) for line in rules[edge.rule]]
        found.append(mutation)
    return found


def read_rules(path):
    """name -> the lines of each rule of a file."""
    rules, name = {}, None
    with open(path) as file:
        for line in file.read().split('\n'):
            if line.startswith('rule '):
                name = line[5:]
                rules[name] = []
            elif name and line.startswith('  '):
                rules[name].append(line)
            else:
                name = None
    return rules


def candidates(manifest, deps, roots, rules, ran):
    """edge number -> its mutations, of the edges that a build of everything ran."""
    found = {}
    for edge in manifest.edges:
        if unescape(edge.outputs[0]) not in ran:
            continue
        if 'LINKER' in edge.rule:
            found[edge.number] = _link(edge)
        elif edge.rule == 'CUSTOM_COMMAND':
            found[edge.number] = _custom(edge)
        elif 'COMPILER' in edge.rule and '$' not in edge.outputs[0]:
            found[edge.number] = _headers(edge, deps, roots, rules)
    return {number: mutations for number, mutations in found.items() if mutations}


def expect(manifest, mutations):
    """Gives each its rule, with all of a round in place."""
    changed = [mutation.edge for mutation in mutations]
    for mutation in mutations:
        if mutation.kind == 'header':
            mutation.rule = 'depfile-under-report'
        elif mutation.thing not in manifest.by_output:
            mutation.rule = 'missing-input'
        elif is_before(manifest, changed, mutation.thing, mutation.edge):
            mutation.rule = 'ordered-undeclared'
        else:
            mutation.rule = 'ordering-violation'


def after(manifest):
    """edge number -> the numbers of the edge and of all that may be made again after it."""
    users = {}
    for edge in manifest.edges:
        for name in edge.before():
            users.setdefault(name, []).append(edge)
    found_of = {}
    for edge in manifest.edges:
        found, todo = {edge.number}, [edge]
        while todo:
            for output in todo.pop().outputs:
                new = [user for user in users.get(unescape(output), []) if user.number not in found]
                found |= {user.number for user in new}
                todo += new
        found_of[edge.number] = found
    return found_of


def choose(manifest, ways, headers_first, most):
    """Takes the mutations of a round out of `ways`: one an edge, and none whose thing another one's edge makes anew.

    Those would be read while they are made: what is taken from an edge is its order as well, and the build could fail. So a
    library loses its turn to the headers of its objects, or they to it: `headers_first`.
    """
    chosen, taken, again, kept = [], set(), set(), set()
    after_all = after(manifest)
    all_of_them = [mutation for mutations in ways.values() for mutation in mutations]
    for mutation in sorted(all_of_them, key=lambda mutation: (mutation.kind == 'header') != headers_first):
        if most and len(chosen) == most:
            break
        if mutation.edge.number in taken:
            continue
        maker = manifest.by_output.get(mutation.thing) if mutation.kind != 'header' else None
        later = after_all[mutation.edge.number]
        if later & kept or (maker and maker.number in again | later):
            continue
        chosen.append(mutation)
        taken.add(mutation.edge.number)
        again |= later
        if maker:
            kept.add(maker.number)
    for mutation in chosen:
        ways[mutation.edge.number].remove(mutation)
    return chosen
