"""The repair of a finding, done as it says: that it is one is shown by the next build.

Of repairs for a person ("write below the build directory") there is nothing to be done here.
"""
import os
import re

_NINJA = re.compile(r'build (?P<output>\S+)(?: \| (?P<made>\S+))?: (?P<rule>\S+) \.\.\.(?: \| (?P<input>\S+))?$')
_IN_CALL = re.compile(r'(DEPENDS|BYPRODUCTS) \S+$')
_OWN_CALL = re.compile(r'(set_property|add_dependencies|target_sources)\(.*\)$')


def _ninja(place, words):
    for directory, _, names in os.walk(place.build):
        for name in names:
            if not name.endswith('.ninja'):
                continue
            path = os.path.join(directory, name)
            with open(path) as file:
                text = file.read()
            changed = re.sub(r'^build (.*?): (%s)( .*|)$' % re.escape(words['rule']), lambda line: _edge(line, words), text,
                             flags=re.MULTILINE)
            if changed != text:
                with open(path, 'w') as file:
                    file.write(changed)
                return True
    return False


def _edge(line, words):
    outputs, rule, inputs = line.groups()
    if words['output'] not in [name.replace('$builddir', 'obj') for name in outputs.split()]:
        return line.group(0)
    if words['made']:
        outputs += (' ' if ' | ' in outputs else ' | ') + words['made']
    if words['input']:
        head, mark, rest = re.match(r'(.*?)((?: \|\|| \|@|$))(.*)', inputs).groups()
        head += (' ' if ' | ' in head else ' | ') + words['input']
        inputs = head + mark + rest
    return 'build %s: %s%s' % (outputs, rule, inputs)


def _call(path, line, words):
    """Puts `words` at the end of the call that begins in that line."""
    with open(path) as file:
        text = file.read()
    at = sum(len(each) + 1 for each in text.split('\n')[:line - 1])
    depth = 0
    for place in range(text.index('(', at), len(text)):
        depth += {'(': 1, ')': -1}.get(text[place], 0)
        if depth == 0:
            break
    with open(path, 'w') as file:
        file.write(text[:place] + ' ' + words + text[place:])


def heal(findings, first, place):
    """Does what the repairs say to the sources of `place`, where the findings are of `first`; the findings that have one."""
    done, written = [], set()
    # The last line of a file first: those before it stay where they are.
    def line_of(finding):
        found = re.search(r':(\d+) ', finding['where'])
        return int(found.group(1)) if found else 0
    for finding in sorted(findings, key=line_of, reverse=True):
        repair = finding['repair']
        ninja = _NINJA.match(repair)
        if place.system == 'ninja' and ninja:
            if _ninja(place, ninja.groupdict()):
                done.append(finding)
        elif place.system == 'cmake' and ', and at ' in repair:
            pass  # of several lines, which move each other: `--prove` does it
        elif place.system == 'cmake' and _IN_CALL.match(repair) and line_of(finding):
            file = finding['where'].rsplit(':', 1)[0]
            path = os.path.normpath(os.path.join(place.source, os.path.relpath(os.path.join(first.source, file), first.source)))
            # A line in a function says it once, for each edge that it makes.
            if (finding['where'], repair) not in written:
                _call(path, line_of(finding), repair)
            written.add((finding['where'], repair))
            done.append(finding)
        elif place.system == 'cmake' and _OWN_CALL.match(repair):
            place.write('CMakeLists.txt', repair + '\n', 'a')
            done.append(finding)
    return done
