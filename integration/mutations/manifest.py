"""A build.ninja of CMake, read line by line so that single edges can be written anew."""
import re

_TOKEN = re.compile(r'(?:\$.|[^ $])+')


def unescape(token):
    return re.sub(r'\$(.)', r'\1', token)


class Edge:
    """`build OUT | IMPLICIT_OUT: RULE IN | IMPLICIT || ORDER_ONLY` and the variables below it. Tokens keep Ninja's escapes."""

    def __init__(self, line, number):
        self.number = number
        head, rest = re.match(r'build ((?:\$.|[^:$])+):(.*)', line).groups()
        self.outputs = [token for token in _TOKEN.findall(head) if token != '|']
        self.implicit_outputs = head.split(' | ', 1)[1].split() if ' | ' in head else []
        tokens = _TOKEN.findall(rest)
        self.rule, kind = tokens[0], 'explicit'
        self.inputs = {'explicit': [], 'implicit': [], 'order': [], 'validation': []}
        for token in tokens[1:]:
            kind = {'|': 'implicit', '||': 'order', '|@': 'validation'}.get(token, kind)
            if token not in ('|', '||', '|@'):
                self.inputs[kind].append(token)
        self.variables = {}

    def text(self):
        made = [output for output in self.outputs if output not in self.implicit_outputs]
        line = 'build ' + ' '.join(made)
        if self.implicit_outputs:
            line += ' | ' + ' '.join(self.implicit_outputs)
        line += ': ' + ' '.join([self.rule] + self.inputs['explicit'])
        for mark, kind in (('|', 'implicit'), ('||', 'order'), ('|@', 'validation')):
            if self.inputs[kind]:
                line += ' %s %s' % (mark, ' '.join(self.inputs[kind]))
        return line + '\n' + ''.join('  %s = %s\n' % item for item in self.variables.items())

    def before(self):
        """All that Ninja makes before it, by what it declares itself."""
        return [unescape(name) for kind in ('explicit', 'implicit', 'order') for name in self.inputs[kind]]

    def tracked(self):
        return [unescape(name) for kind in ('explicit', 'implicit') for name in self.inputs[kind]]


class Manifest:
    def __init__(self, path):
        with open(path) as file:
            self.lines = file.read().split('\n')
        self.edges, self.rules = [], ''
        edge = None
        for number, line in enumerate(self.lines):
            if line.startswith('build '):
                edge = Edge(line, number)
                self.edges.append(edge)
            elif edge and line.startswith('  '):
                name, value = line.strip().split(' = ', 1) if ' = ' in line else (line.strip().rstrip(' ='), '')
                edge.variables[name] = value
            else:
                edge = None
        self.by_output = {unescape(output): edge for edge in self.edges for output in edge.outputs}

    def write(self, path, changed, rules):
        """With `changed` edges in the place of those that they come from, and more rules in front of the first edge."""
        by_number = {edge.number: edge for edge in changed}
        out, skip, first = [], False, True
        for number, line in enumerate(self.lines):
            if line.startswith('build ') and first:
                out += rules
                first = False
            skip = number in by_number or (skip and line.startswith('  '))
            if number in by_number:
                out.append(by_number[number].text())
            elif not skip:
                out.append(line)
        with open(path, 'w') as file:
            file.write('\n'.join(out))


def is_before(manifest, changed, target, edge):
    """Whether the edge that makes `target` is before `edge`, where `changed` edges stand for those that they come from."""
    by_number = {each.number: each for each in changed}
    seen, todo = set(), [edge]
    while todo:
        one = todo.pop()
        for name in one.before():
            maker = manifest.by_output.get(name)
            if name == target or (maker and target in [unescape(output) for output in maker.outputs]):
                return True
            if maker and maker.number not in seen:
                seen.add(maker.number)
                todo.append(by_number.get(maker.number, maker))
    return False
