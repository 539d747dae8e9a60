"""What `glovebox verify --json` said of a project, held against what its expect.json says."""
import re

COUNTED = ('error', 'warning')
# All edges of such a finding are at fault: they write one file, or what one makes of it is not known to the graph.
SHARED = ('double-write', 'temp-collision', 'write-after-read', 'undeclared-output')


def counted(document):
    return [finding for finding in document.get('findings') or [] if finding['severity'] in COUNTED]


def is_filled(repair):
    """Whether it names what it is about: no word of a rule's text is left, nor a target or source that nobody knows."""
    return not re.search(r'\b(OBJECT|TARGET|SOURCE)\b', re.sub(r'set_property\((TARGET|SOURCE) ', '', repair))


def ends_with(path, end):
    path, end = path.rstrip('/'), end.rstrip('/')
    return path == end or (path.endswith(end) and path[-len(end) - 1] in '/:')


def _list(value):
    return value if isinstance(value, list) else [value]


def names_of(finding, document, edges=1):
    """The first of a finding's edges, or more of them, by all of their outputs; an action's name where it has none."""
    names = set(finding.get('edges', [])[:edges]) or {finding['action_name']}
    for edge in document.get('edges', []):
        if names & set(edge['outputs']):
            names |= set(edge['outputs'])
    return names


def matches(finding, row, document):
    if finding['rule'] not in _list(row['rule']):
        return False
    things = [finding['object']] + finding['objects']
    if 'object' in row and not any(ends_with(thing, end) for thing in things for end in _list(row['object'])):
        return False
    edges = _list(row['edge']) if 'edge' in row else []
    return not edges or any(ends_with(name, edge) for edge in edges for name in names_of(finding, document))


def tell(finding):
    edge = (finding.get('edges') or [finding['action_name']])[0]
    return '%s[%s] %s: %s' % (finding['severity'], finding['rule'], edge, finding['object'])


def tell_row(row):
    return '%s %s: %s' % ('|'.join(_list(row['rule'])), '|'.join(_list(row.get('edge', '*'))), '|'.join(_list(row.get('object', '*'))))


class Judgement:
    """`missed`: expected rows without a finding; `false`: findings that nobody expects; `wrong`: everything else."""

    def __init__(self, project, document, status):
        self.missed, self.false, self.wrong = [], [], []
        self.found = 0
        findings = document.get('findings') or []
        taken = self._rows(project, findings, document)
        self.wrong += ['a repair of nothing: %s: %s' % (tell(f), f['repair']) for f in findings if not is_filled(f['repair'])]
        for finding in findings:
            if id(finding) in taken or finding['severity'] not in COUNTED:
                continue
            if not any(matches(finding, row, document) for row in project.may):
                self.false.append(tell(finding))
        if len({finding['id'] for finding in findings}) != len(findings):
            self.wrong.append('one id for several findings')
        if not project.faulty:
            self._notes(project, findings, document)
        if not project.expect.get('tests'):
            self._edges(project, document)
        self._status(project, findings, document, status)

    def _rows(self, project, findings, document):
        taken = set()
        for row in project.rules:
            fits = [finding for finding in findings if matches(finding, row, document)]
            taken |= {id(finding) for finding in fits}
            if not fits:
                self.missed.append(tell_row(row))
                continue
            self.found += 1
            if len(fits) > 1:
                self.wrong.append('found %d times: %s' % (len(fits), tell_row(row)))
            if not fits[0]['what'] or not fits[0]['repair']:
                self.wrong.append('without a sentence or a repair: %s' % tell(fits[0]))
            for field in ('severity', 'where'):
                if row.get(field, '') not in fits[0][field]:
                    self.wrong.append('%s is %r, not %r: %s' % (field, fits[0][field], row[field], tell_row(row)))
        return taken

    def _notes(self, project, findings, document):
        """A twin does not have its seed's fault where that is only a note either."""
        for row in project.expect.get('rules', []):
            for finding in findings:
                if finding['severity'] not in COUNTED and matches(finding, row, document):
                    self.false.append(tell(finding))

    def _edges(self, project, document):
        edges = document.get('edges')
        if not edges:
            self.wrong.append('no edges are told')
            return
        at_fault = set()
        for finding in document.get('findings') or []:
            if finding['severity'] in COUNTED:
                at_fault |= names_of(finding, document, None if finding['rule'] in SHARED else 1)
        for edge in edges:
            expected = 'violated' if at_fault & set(edge['outputs']) else 'proved'
            if edge['verdict'] != expected and not (edge['verdict'] == 'incomplete' and project.may_be_incomplete(edge)):
                self.wrong.append('%s is %s, not %s: %s' % (edge['outputs'][0], edge['verdict'], expected, edge['why']))

    def _status(self, project, findings, document, status):
        errors = {finding['rule'] for finding in findings if finding['severity'] == 'error'}
        if errors - {'trace-incomplete'}:
            right = (1,)
        elif errors:
            right = (4,)
        else:
            right = (0, 4) if any(edge['verdict'] == 'incomplete' for edge in document.get('edges', [])) else (0,)
        if not project.faulty and not project.expect.get('incomplete'):
            right = (0,)
        if project.expect.get('tests') and not errors:
            right = (4,)  # a run of tests builds no edge, and nothing recorded is never clean
        if status not in right:
            self.wrong.append('exit status %d' % status)

    def lines(self):
        return (['missed  ' + line for line in self.missed] + ['false   ' + line for line in self.false] +
                ['wrong   ' + line for line in self.wrong])
