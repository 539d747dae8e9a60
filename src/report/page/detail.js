// One finding or one edge, told in full. `go` has the ways from here to somewhere else.

const kNamed = 12;  // entries of a list before "and N more"

const chip = (text, kind) => el('span', {class: 'chip ' + (kind || '')}, text);
const name = text => el('span', {class: 'name'}, text);
const command = text => el('code', {class: 'all'}, text);

// [[term, what...], ...]; a term without anything is left out.
function facts(rows) {
  return el('dl', {class: 'facts'}, rows.map(([term, ...what]) => {
    const shown = what.flat().filter(Boolean);
    return shown.length ? [el('dt', {}, term), el('dd', {}, shown)] : null;
  }));
}

function edgeLink(edge, go) {
  return el('button', {class: 'link name', onclick: () => go.edge(edge)}, edge.name);
}
function findingLink(finding, go) {
  return el('button', {class: 'link', onclick: () => go.finding(finding)}, sign(finding.severity), ' ', finding.what);
}
function actionWords(row, go) {
  if (row < 0) return null;
  const edge = edgeOfAction.get(row);
  return edge ? el('button', {class: 'link name', onclick: () => go.edge(edge)}, actionLabel(row)) : name(actionLabel(row));
}
// The first of them; the others when they are asked for.
function some(items, draw, limit = kNamed) {
  const list = el('ul', {}, items.slice(0, limit).map(item => el('li', {}, draw(item))));
  const left = items.length - limit;
  if (left > 0) {
    const more = el('button', {class: 'link', onclick: () => {
      list.append(...items.slice(limit, limit + 200).map(item => el('li', {}, draw(item))));
      if (left > 200) list.append(el('li', {class: 'dim'}, 'and ' + thousands(left - 200) + ' more'));
      more.remove();
    }}, 'and ' + thousands(left) + ' more');
    return [list, more];
  }
  return list;
}

// "openat, refused: EACCES, 3 times, at +1.20 s"
function evidence(finding) {
  if (!finding.calls) return '';
  const met = finding.result === 'there' && finding.policy ? 'went on' : finding.result;
  return [finding.call || finding.operation, met + (finding.error ? ': ' + finding.error : ''),
    finding.calls > 1 ? thousands(finding.calls) + ' times' : '', finding.time ? 'first at +' + duration(finding.time) : '']
    .filter(Boolean).join(', ');
}

// "by /usr/bin/dash (pid 12), by /usr/bin/make (pid 11)"
function callers(finding) {
  return finding.callers.flatMap((program, i) => [i ? ', by ' : 'by ', name(program || 'a program not known'), ` (pid ${finding.pids[i]})`]);
}

function findingFacts(finding, go) {
  const edge = edgeOfFinding.get(finding.index);
  return facts([
    ['where', finding.where && name(finding.where)],
    ['object', finding.object && name(finding.object)],
    ['who', actionWords(finding.action, go), finding.program && ', by ', finding.program && name(finding.program),
      finding.pid ? ' (pid ' + finding.pid + ')' : ''],
    ['started', ...callers(finding)],
    ['evidence', evidence(finding)],
    ['with', ...finding.others.map((row, i) => [i ? ', ' : '', actionWords(row, go)])],
    ['edge', edge && edgeOfAction.get(finding.action) !== edge && edgeLink(edge, go)],
    ['policy', finding.policy && name(finding.policy)],
    ['so', finding.so],
  ]);
}

function findingDetail(finding, go) {
  const edge = edgeOfFinding.get(finding.index);
  const rule = build.rules[finding.rule];
  const [, kind] = kSigns[finding.severity] || ['', ''];
  const parts = [
    el('h2', {tabindex: -1}, finding.what),
    el('div', {class: 'chips'}, chip(finding.severity, kind), chip(finding.rule), chip(finding.id),
      finding.refused ? chip('refused', 'bad') : null, build.run.baseline ? chip(finding.known ? 'known' : 'new') : null),
    findingFacts(finding, go),
    finding.repair ? el('div', {class: 'repair'}, el('b', {}, 'Repair'), finding.repair) : null,
  ];
  if (edge || finding.action >= 0)
    parts.push(el('h3', {}, 'In the graph'), graphOf(edge, [finding], go.edge));
  if (finding.objects.length > 1) {
    parts.push(el('h3', {}, 'All ' + thousands(finding.objects.length) + ' of them'));
    parts.push(some(finding.objects, name));
  }
  if (rule) parts.push(el('h3', {}, 'The rule'), el('p', {}, rule.title + '.'), el('p', {class: 'dim'}, rule.help));
  parts.push(el('h3', {}, 'On the command line'),
    facts([['the finding', command('glovebox explain ' + finding.id)], ['the rule', command('glovebox explain ' + finding.rule)]]));
  return parts;
}

function edgeDetail(edge, go) {
  const findings = edge.findings.map(at => build.findings[at]);
  const outer = edge.actions.find(row => build.actions[row].parent < 0);
  const first = outer === undefined ? edge.actions[0] : outer;
  const parts = [
    el('h2', {tabindex: -1, class: 'name'}, edge.name),
    el('div', {class: 'chips'}, chip(kSigns[edge.verdict][0] + ' ' + edge.verdict, kSigns[edge.verdict][1]), chip(edge.rule)),
    facts([
      ['why', edge.why],
      ['where', edge.where && name(edge.where)],
      ['outputs', edge.outputs.length > 1 && some(edge.outputs, name)],
      ['took', edge.took !== null && duration(edge.took)],
      ['actions', ...edge.actions.map((row, i) => [i ? el('br') : '', name(actionLabel(row)),
        '  ' + [build.actions[row].role, count(build.actions[row].accesses, 'access', 'accesses'),
          build.actions[row].ended === 'exited' ? 'exit status ' + build.actions[row].status : build.actions[row].ended,
          build.actions[row].why].filter(Boolean).join(', ')])],
      ['graph', 'after ' + count(edge.after.length, 'edge') + ', before ' + count(successors[edge.index].length, 'edge')],
    ]),
  ];
  if (findings.length) parts.push(el('h3', {}, count(findings.length, 'finding')), some(findings, finding => findingLink(finding, go)));
  parts.push(el('h3', {}, 'In the graph'), graphOf(edge, findings, go.edge));
  if (first !== undefined) {
    parts.push(el('h3', {}, 'More'), el('p', {}, command("glovebox explain '#" + build.actions[first].number + "'"), ' ',
      el('button', {onclick: () => go.time(first)}, 'Show it in the timeline')));
  }
  return parts;
}
