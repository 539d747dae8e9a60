'use strict';
// The build as objects (html.h says how it is written), what is made of them, and which of them a filter lets through.

const $ = id => document.getElementById(id);

// An element with properties and children. Text only ever becomes text: no name of a file is read as HTML.
function el(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === 'class') node.className = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== ''));
  return node;
}

// Characters that turn or hide what stands beside them would let a name look like another: as bytes, like the others.
const kDeceiving = /[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
function visible(text) {
  return text.replace(kDeceiving, character =>
    Array.from(new TextEncoder().encode(character), byte => '\\x' + byte.toString(16).padStart(2, '0')).join(''));
}

const build = (() => {
  const data = JSON.parse($('data').textContent);
  $('data').remove();
  const strings = data.strings.map(visible);
  const rowsOf = table => {
    const columns = table.columns.map(name => [name.replace('$', ''), name.endsWith('$')]);
    return table.rows.map((row, index) => {
      const entry = {index};
      for (let i = 0; i < columns.length; ++i) {
        const [name, isText] = columns[i];
        entry[name] = !isText ? row[i] : Array.isArray(row[i]) ? row[i].map(at => strings[at]) : strings[row[i]];
      }
      return entry;
    });
  };
  const clean = value => typeof value === 'string' ? visible(value) : Array.isArray(value) ? value.map(clean) : value;
  const run = Object.fromEntries(Object.entries(data.run).map(([name, value]) => [name, clean(value)]));
  return {
    run, rules: data.rules, unseen: clean(data.unseen), endpoints: clean(data.endpoints),
    edges: rowsOf(data.edges), findings: rowsOf(data.findings), actions: rowsOf(data.actions),
  };
})();

const kVerdicts = ['violated', 'incomplete', 'proved'];
const kSeverities = ['error', 'warning', 'note'];
// Sign and colour class; a sign, since not everybody sees the colours.
const kSigns = {
  violated: ['\u2717', 'bad'], incomplete: ['?', 'warn'], proved: ['\u2713', 'good'],
  error: ['\u2717', 'bad'], warning: ['!', 'warn'], note: ['i', 'dim'],
};
const sign = word => el('span', {class: 'mark ' + (kSigns[word] || ['', 'dim'])[1], 'aria-hidden': 'true'},
  (kSigns[word] || ['\u00b7'])[0]);

// ---- What follows from the rows.

const edgeOfAction = new Map();   // action's row -> edge
const edgeOfFinding = new Map();  // finding's row -> edge
const edgeOfOutput = new Map();   // absolute name -> edge
const successors = build.edges.map(() => []);

function absolute(name) {
  return name.startsWith('/') ? name : build.run.build_dir.replace(/\/$/, '') + '/' + name;
}

for (const edge of build.edges) {
  edge.name = edge.outputs[0] || '(no output)';
  for (const output of edge.outputs) edgeOfOutput.set(absolute(output), edge);
  for (const action of edge.actions) edgeOfAction.set(action, edge);
  for (const finding of edge.findings) edgeOfFinding.set(finding, edge);
  for (const before of edge.after) successors[before].push(edge.index);
  let begin = Infinity, end = -Infinity;
  for (const action of edge.actions) {
    begin = Math.min(begin, build.actions[action].begin);
    end = Math.max(end, build.actions[action].end);
  }
  edge.took = edge.actions.length ? end - begin : null;
}
for (const finding of build.findings) {
  if (!edgeOfFinding.has(finding.index) && edgeOfAction.has(finding.action))
    edgeOfFinding.set(finding.index, edgeOfAction.get(finding.action));
}
const findingOfId = new Map(build.findings.map(finding => [finding.id, finding]));
// Worst first: what is wrong, then what is not known; each in the order of the graph.
const edgesByWeight = [...build.edges].sort((a, b) =>
  kVerdicts.indexOf(a.verdict) - kVerdicts.indexOf(b.verdict) || a.index - b.index);
const findingsByWeight = [...build.findings].sort((a, b) =>
  kSeverities.indexOf(a.severity) - kSeverities.indexOf(b.severity) || a.index - b.index);

function countBy(rows, key) {
  const counts = new Map();
  for (const row of rows) counts.set(key(row), (counts.get(key(row)) || 0) + 1);
  return counts;
}
const verdictCounts = countBy(build.edges, edge => edge.verdict);
const severityCounts = countBy(build.findings, finding => finding.severity);

function actionLabel(row) {
  const action = build.actions[row];
  return action ? '#' + action.number + ' ' + action.name : 'no action';
}

// ---- Words.

const thousands = number => number.toLocaleString('en-US');
const count = (number, one, many) => thousands(number) + ' ' + (number === 1 ? one : many || one + 's');
function duration(us) {
  if (us < 1000) return us + ' \u00b5s';
  if (us < 1e6) return (us / 1000).toFixed(us < 1e4 ? 1 : 0) + ' ms';
  if (us < 6e7) return (us / 1e6).toFixed(2) + ' s';
  const seconds = Math.round(us / 1e6);
  return Math.floor(seconds / 60) + ' min ' + String(seconds % 60).padStart(2, '0') + ' s';
}
function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; ++unit; }
  return (unit && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)) + ' ' + units[unit];
}
// Below the build directory as Ninja spells it, below the source directory as a person does.
function shortPath(path) {
  const {build_dir, source_dir} = build.run;
  if (build_dir && path.startsWith(build_dir + '/')) return path.slice(build_dir.length + 1);
  if (source_dir && path.startsWith(source_dir + '/')) return path.slice(source_dir.length + 1);
  return path;
}
function shorten(text, length) {
  if (text.length <= length) return text;
  const head = Math.floor((length - 1) * 0.4);
  return text.slice(0, head) + '\u2026' + text.slice(text.length - (length - 1 - head));
}

// ---- Filters: one for findings, edges and the timeline together.

const filter = {text: '', severity: new Set(), verdict: new Set(), rule: '', kind: ''};

function edgeText(edge) {
  if (edge.text === undefined) {
    const found = edge.findings.map(at => build.findings[at].rule + ' ' + build.findings[at].id);
    edge.text = [...edge.outputs, edge.rule, edge.where, edge.why, edge.verdict, ...found].join('\n').toLowerCase();
  }
  return edge.text;
}
function findingText(finding) {
  if (finding.text === undefined) {
    const edge = edgeOfFinding.get(finding.index);
    finding.text = [finding.what, finding.object, finding.rule, finding.id, finding.severity, finding.where, finding.action_name,
      finding.program, edge ? edge.name : '', build.run.baseline ? 'baseline:' + (finding.known ? 'known' : 'new') : '',
      ...finding.objects].join('\n').toLowerCase();
  }
  return finding.text;
}

const words = () => filter.text.toLowerCase().split(/\s+/).filter(Boolean);
const has = (text, all) => all.every(word => text.includes(word));
const passes = (wanted, value) => wanted.size === 0 || wanted.has(value);

function matchingFindings() {
  const all = words();
  return findingsByWeight.filter(finding => {
    const edge = edgeOfFinding.get(finding.index);
    return passes(filter.severity, finding.severity) && passes(filter.verdict, edge ? edge.verdict : '') &&
      (!filter.rule || finding.rule === filter.rule) && (!filter.kind || (edge && edge.rule === filter.kind)) &&
      has(findingText(finding), all);
  });
}
function edgeMatches(edge, all) {
  const found = edge.findings.map(at => build.findings[at]);
  return passes(filter.verdict, edge.verdict) && (!filter.kind || edge.rule === filter.kind) &&
    (!filter.severity.size || found.some(finding => filter.severity.has(finding.severity))) &&
    (!filter.rule || found.some(finding => finding.rule === filter.rule)) && has(edgeText(edge), all);
}
function matchingEdges() {
  const all = words();
  return edgesByWeight.filter(edge => edgeMatches(edge, all));
}
function isFiltered() {
  return Boolean(filter.text.trim() || filter.severity.size || filter.verdict.size || filter.rule || filter.kind);
}
