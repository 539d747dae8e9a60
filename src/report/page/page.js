// The page: views and the way between them, the overview, filters, keys, paper.

const kViews = ['overview', 'findings', 'edges', 'timeline'];
const kPrinted = 500;  // findings on paper
let view = 'overview';

// ---- The ways. The address names what is shown (#finding=ID, #edge=OUTPUT), so that a link can.

const go = {
  finding(finding) { leaveFilterFor(matchingFindings, finding); visit('#finding=' + finding.id, true); },
  edge(edge) { leaveFilterFor(matchingEdges, edge); visit('#edge=' + encodeURIComponent(edge.name), true); },
  time(row) {
    visit('#timeline', false);
    timeline.choose(row);
    $('timeline-canvas').focus();
  },
};

// What somebody asked to see is seen, whatever the filter says.
function leaveFilterFor(matching, item) {
  if (isFiltered() && !matching().includes(item)) clearFilter();
}

// While somebody moves through a list: browsers refuse an address that changes too often.
let staying = 0;
function stay(hash) {
  clearTimeout(staying);
  staying = setTimeout(() => history.replaceState(null, '', hash), 250);
}

function visit(hash, toDetail) {
  clearTimeout(staying);
  if (location.hash !== hash) history.pushState(null, '', hash);
  route(toDetail);
}
function route(toDetail) {
  let hash = location.hash.slice(1);
  try { hash = decodeURIComponent(hash); } catch { /* a % that is none: as it stands */ }
  if (hash.startsWith('finding=')) {
    show('findings');
    openItem(findings, findingOfId.get(hash.slice(8)), toDetail, 'No finding of this build has the id ' + hash.slice(8) + '.');
  } else if (hash.startsWith('edge=')) {
    show('edges');
    openItem(edges, edgeOfOutput.get(absolute(hash.slice(5))), toDetail, 'No edge of this build makes ' + hash.slice(5) + '.');
  } else {
    show(kViews.includes(hash) ? hash : 'overview');
  }
}

// A link may be of another build: what it meant is not there, and nothing else may stand for it.
function openItem(pane, item, toDetail, missing) {
  if (!item) {
    pane.list.selectItem(undefined);
    pane.told = undefined;
    pane.detail.replaceChildren(el('h2', {tabindex: -1}, visible(missing)));
    return;
  }
  pane.list.selectItem(item);
  pane.tell(item);
  if (toDetail) pane.detail.querySelector('h2').focus();
}

function show(name) {
  view = name;
  for (const other of kViews) {
    $('view-' + other).hidden = other !== name;
    $('tab-' + other).setAttribute('aria-selected', String(other === name));
    $('tab-' + other).tabIndex = other === name ? 0 : -1;
  }
  $('filters').hidden = name === 'overview';
  refresh();
}

// ---- The two lists beside what is selected.

class Pane {
  constructor(kind, draw, matching, tellItem, hashOf, empty) {
    Object.assign(this, {matching, tellItem, empty});
    this.detail = $(kind + '-detail');
    this.list = new VirtualList($(kind + '-list'), draw, item => { this.tell(item); stay(hashOf(item)); }, item => {
      visit(hashOf(item), true);
    });
    this.detail.addEventListener('keydown', event => {
      if (event.key === 'Escape') { this.list.box.focus(); event.stopPropagation(); }
    });
  }
  refresh() {
    const items = this.matching();
    this.list.show(items, this.empty());
    if (!this.list.current()) {
      if (items.length) this.list.selectItem(items[0]);
      this.tell(items[0]);
    } else if (this.told !== this.list.current()) {
      this.tell(this.list.current());
    }
    return items.length;
  }
  tell(item) {
    this.told = item;
    this.detail.replaceChildren(...(item ? this.tellItem(item, go).filter(Boolean).flat() : []));
    this.detail.scrollTop = 0;
  }
}

function drawFinding(finding) {
  const edge = edgeOfFinding.get(finding.index);
  return {
    mark: sign(finding.severity), first: finding.what, right: finding.rule + (finding.known ? '  \u00b7  known' : ''),
    second: [edge ? shortPath(edge.name) : finding.action_name, finding.where].filter(Boolean).join('  \u00b7  '),
    label: finding.severity + ', ' + finding.rule + ': ' + finding.what,
  };
}
function drawEdge(edge) {
  const second = [edge.rule, edge.verdict === 'incomplete' ? edge.why : '',
    edge.findings.length ? count(edge.findings.length, 'finding') : '', edge.where].filter(Boolean).join('  \u00b7  ');
  return {
    mark: sign(edge.verdict), mono: true, first: edge.name, right: edge.took === null ? '' : duration(edge.took), second,
    label: edge.verdict + ': ' + edge.name + ', ' + second,
  };
}
const nothing = none => () => isFiltered() ? 'Nothing here that the filter lets through.' : none;

const findings = new Pane('findings', drawFinding, matchingFindings, findingDetail, finding => '#finding=' + finding.id,
  nothing(build.run.judged ? 'No findings.' : 'This build was not judged.'));
const edges = new Pane('edges', drawEdge, matchingEdges, edgeDetail, edge => '#edge=' + encodeURIComponent(edge.name),
  nothing('This build has no edges.'));
const timeline = new Timeline($('timeline-canvas'), $('timeline-status'), row => {
  if (edgeOfAction.has(row)) go.edge(edgeOfAction.get(row));
});

function refresh() {
  const matches = $('matches');
  $('filter-clear').hidden = !isFiltered();
  if (view === 'findings') {
    const found = findings.refresh();
    matches.textContent = isFiltered() ? thousands(found) + ' of ' + count(build.findings.length, 'finding') : count(found, 'finding');
  } else if (view === 'edges' || view === 'timeline') {
    const found = view === 'edges' ? edges.refresh() : matchingEdges().length;
    matches.textContent = isFiltered() ? thousands(found) + ' of ' + count(build.edges.length, 'edge') : count(found, 'edge');
    if (view === 'timeline') {
      timeline.prepare();
      timeline.setMatching(isFiltered() ? matchingEdges() : null);
    }
  }
  for (const [set, box] of [[filter.severity, $('filter-severity')], [filter.verdict, $('filter-verdict')]]) {
    for (const button of box.children) button.setAttribute('aria-pressed', String(set.has(button.dataset.value)));
  }
  $('filter-rule').value = filter.rule;
  $('filter-kind').value = filter.kind;
}

// ---- Filters.

function clearFilter() {
  filter.text = $('search').value = '';
  filter.severity.clear();
  filter.verdict.clear();
  filter.rule = filter.kind = '';
}
function filterTo(name, changes) {
  clearFilter();
  for (const [field, value] of Object.entries(changes)) {
    if (field === 'text') filter.text = $('search').value = value;
    else if (filter[field] instanceof Set) filter[field].add(value);
    else filter[field] = value;
  }
  visit('#' + name, false);
  $(name + '-list').focus();
}

function makeFilters() {
  const toggles = (box, set, values, counts) => {
    for (const value of values) {
      if (!counts.get(value)) continue;
      box.append(el('button', {'aria-pressed': 'false', 'data-value': value, onclick: () => {
        if (!set.delete(value)) set.add(value);
        refresh();
      }}, sign(value), ' ' + value + ' ', el('span', {class: 'count'}, thousands(counts.get(value)))));
    }
  };
  toggles($('filter-severity'), filter.severity, kSeverities, severityCounts);
  toggles($('filter-verdict'), filter.verdict, kVerdicts, verdictCounts);
  const options = (box, field, all, counts) => {
    const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    box.append(el('option', {value: ''}, all),
      ...sorted.filter(([value]) => value).map(([value, number]) => el('option', {value}, value + ' (' + thousands(number) + ')')));
    box.hidden = sorted.length < 2;
    box.addEventListener('change', () => { filter[field] = box.value; refresh(); });
  };
  options($('filter-rule'), 'rule', 'every rule', countBy(build.findings, finding => finding.rule));
  options($('filter-kind'), 'kind', 'every kind', countBy(build.edges, edge => edge.rule));
  $('filter-clear').addEventListener('click', () => { clearFilter(); refresh(); });

  let waiting = 0;
  $('search').addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(searched, 120);
  });
  $('search').addEventListener('keydown', event => {
    if (event.key === 'Enter') {
      clearTimeout(waiting);
      searched();
      if (view === 'findings' || view === 'edges') $(view + '-list').focus();
      else if (view === 'timeline') $('timeline-canvas').focus();
    } else if (event.key === 'Escape') {
      clearTimeout(waiting);
      if ($('search').value) { $('search').value = ''; searched(); } else $('search').blur();
      event.preventDefault();
    }
  });
}
// From the overview a search goes to where it finds something: findings first.
function searched() {
  filter.text = $('search').value;
  if (view === 'overview' && filter.text.trim()) visit(matchingFindings().length ? '#findings' : '#edges', false);
  else refresh();
}

// ---- Overview.

function headline() {
  const [violated, incomplete, proved] = kVerdicts.map(verdict => verdictCounts.get(verdict) || 0);
  const all = build.edges.length;
  let text = 'All ' + count(all, 'edge') + ' proved';
  if (violated) text = `${thousands(violated)} of ${count(all, 'edge')} violated`;
  else if (incomplete) text = `${thousands(incomplete)} of ${count(all, 'edge')} not proved`;
  else if (!all) text = build.run.judged ? count(build.findings.length, 'finding') : 'This build was not judged';
  const shares = [violated, incomplete, proved].map((number, i) => [kVerdicts[i], number]).filter(([, number]) => number);
  const bar = el('div', {class: 'bar-verdicts', 'aria-hidden': 'true'}, shares.map(([verdict, number]) => {
    const part = el('span', {class: verdict});
    part.style.flexGrow = number;
    return part;
  }));
  return [el('h1', {}, text), all ? bar : null,
    el('div', {class: 'verdicts'}, shares.map(([verdict, number]) =>
      el('button', {class: 'link', onclick: () => filterTo('edges', {verdict})}, sign(verdict), ' ', el('b', {}, thousands(number)), ' ' + verdict)))];
}

// How the findings stand to the baseline: what is new is what fails a build.
function overviewBaseline() {
  const baseline = build.run.baseline;
  if (!baseline) return null;
  const link = (number, word) => el('button', {class: 'link', onclick: () => filterTo('findings', {text: 'baseline:' + word})},
    thousands(number) + ' ' + word);
  return el('p', {}, 'Baseline: ', link(baseline.known, 'known'), ', ', link(baseline.new, 'new'),
    baseline.gone ? `, ${thousands(baseline.gone)} gone` : '');
}

function overviewFindings() {
  if (!build.findings.length) {
    return [el('h3', {}, 'Findings'), el('p', {}, build.run.judged ? 'None.' : 'Nobody judged this build.',
      build.run.allowed ? ' ' + thousands(build.run.allowed) + ' let pass by the policy file.' : '')];
  }
  const worst = new Map();
  for (const {rule, severity} of build.findings)
    worst.set(rule, Math.min(worst.has(rule) ? worst.get(rule) : Infinity, kSeverities.indexOf(severity)));
  const rules = [...countBy(build.findings, finding => finding.rule)].map(([rule, number]) => [rule, number, worst.get(rule)])
    .sort((a, b) => a[2] - b[2] || b[1] - a[1]);
  const grades = kSeverities.filter(severity => severityCounts.get(severity))
    .map(severity => count(severityCounts.get(severity), severity)).join(', ');
  return [
    el('h3', {}, `${count(build.findings.length, 'finding')}: ${grades}` +
      (build.run.allowed ? `; ${thousands(build.run.allowed)} more let pass by the policy file` : '')),
    overviewBaseline(),
    el('table', {class: 'rules card'}, el('tbody', {}, rules.map(([rule, number, grade]) => el('tr', {},
      el('td', {}, sign(kSeverities[grade]), ' ', el('button', {class: 'link', onclick: () => filterTo('findings', {rule})}, rule)),
      el('td', {class: 'dim'}, build.rules[rule] ? build.rules[rule].title : ''), el('td', {}, thousands(number)))))),
    el('div', {class: 'first-findings'}, el('h3', {}, build.findings.length > 5 ? 'The first five' : 'One by one'),
      el('ul', {class: 'first card'}, findingsByWeight.slice(0, 5).map(finding => el('li', {}, findingLink(finding, go),
        finding.where ? el('div', {class: 'dim name'}, finding.where) : null)))),
  ];
}

// What nobody saw is no proof of anything: it is told, not left out.
function overviewUnseen() {
  const reasons = [...countBy(build.edges.filter(edge => edge.verdict === 'incomplete'), edge => edge.why)].sort((a, b) => b[1] - a[1]);
  const lines = reasons.slice(0, 6).map(([why, number]) => el('button', {class: 'link',
    onclick: () => filterTo('edges', {verdict: 'incomplete', text: why})}, count(number, 'edge') + ': ' + (why || 'not known why')));
  if (reasons.length > 6) lines.push(thousands(reasons.length - 6) + ' more reasons');
  lines.push(...build.unseen.slice(0, 20));
  if (build.unseen.length > 20) lines.push(thousands(build.unseen.length - 20) + ' more');
  if (!lines.length) return [];
  return [el('h3', {}, 'What is not known'), el('ul', {class: 'unseen card'}, lines.map(line => el('li', {}, line)))];
}

function overviewRun() {
  const run = build.run;
  let ended = run.exit_status === null ? '' : 'exit status ' + run.exit_status;
  if (!run.ended) ended = run.being_written ? 'goes on' : 'cut off: it has no end';
  const rows = facts([
    ['command', name(run.command.join(' '))],
    ['began', run.start_ms ? new Date(run.start_ms).toLocaleString('sv-SE', {timeZoneName: 'short'}) : ''],
    ['took', [duration(run.wall), ended].filter(Boolean).join(', ')],
    ['build', name(run.build_dir)],
    ['source', run.source_dir && name(run.source_dir)],
    ['seen', [count(build.actions.length, 'action'), count(run.accesses, 'access', 'accesses'), count(run.files, 'file')].join(', ')],
    ['network', build.endpoints.length ? name(build.endpoints.slice(0, 8).join(', ') +
      (build.endpoints.length > 8 ? ' and ' + thousands(build.endpoints.length - 8) + ' more' : '')) : 'none'],
    ['log', run.log && name(run.log + ' (' + size(run.log_bytes) + ')')],
    ['by', [run.tool, run.kernel && 'Linux ' + run.kernel].filter(Boolean).join(' on ')],
  ]);
  rows.classList.add('card');
  return [el('h3', {}, 'The run'), rows];
}

// What took longest, of the actions that hold no other one: those say who it was.
function slowest() {
  const holds = new Set(build.actions.map(action => action.parent));
  const took = action => action.end - action.begin;
  const longest = build.actions.filter(action => !holds.has(action.index) && took(action) > 0)
    .sort((a, b) => took(b) - took(a)).slice(0, 10);
  if (longest.length < 2) return [];
  return [el('h3', {}, 'What took longest'), el('table', {class: 'rules card'}, el('tbody', {}, longest.map(action => {
    const bar = el('div', {class: 'share', 'aria-hidden': 'true'});
    bar.style.width = 100 * took(action) / took(longest[0]) + '%';
    return el('tr', {}, el('td', {}, el('button', {class: 'link name', onclick: () => timeline.choose(action.index)}, actionLabel(action.index))),
      el('td', {}, bar), el('td', {}, duration(took(action))));
  })))];
}

// ---- Keys of the whole page.

function keys(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || $('help').open) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (typing) return;
  if (event.key === '/') {
    $('search').focus();
    $('search').select();
  } else if (event.key === '?') {
    $('help').showModal();
  } else if (/^[1-4]$/.test(event.key)) {
    visit('#' + kViews[event.key - 1], false);
    $('tab-' + view).focus();
  } else if (event.key === 'Escape' && filter.text) {
    $('search').value = '';
    searched();
  } else {
    return;
  }
  event.preventDefault();
}
function tabKeys(event) {
  const at = kViews.indexOf(view);
  const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: kViews.length - 1}[event.key];
  if (to === undefined) return;
  visit('#' + kViews[(to + kViews.length) % kViews.length], false);
  $('tab-' + view).focus();
  event.preventDefault();
}

// ---- Paper: each finding as text, then the edges that are not proved.

function printed() {
  const told = matchingFindings();
  const loose = build.edges.filter(edge => edge.verdict === 'incomplete');
  const parts = [];
  if (told.length) parts.push(el('h2', {}, isFiltered() ? 'Findings that the filter lets through' : 'Findings'));
  for (const finding of told.slice(0, kPrinted)) {
    parts.push(el('article', {}, el('h3', {}, `${finding.severity}[${finding.rule}]: ${finding.what}`), findingFacts(finding, go),
      finding.repair ? el('div', {class: 'repair'}, el('b', {}, 'Repair'), finding.repair) : null, el('div', {class: 'dim'}, finding.id)));
  }
  if (told.length > kPrinted) parts.push(el('p', {}, 'and ' + count(told.length - kPrinted, 'more finding')));
  if (loose.length) {
    parts.push(el('h2', {}, 'Incomplete edges'), el('ul', {}, loose.slice(0, kPrinted).map(edge => el('li', {}, name(edge.name), '  ', edge.why))));
    if (loose.length > kPrinted) parts.push(el('p', {}, 'and ' + count(loose.length - kPrinted, 'more edge')));
  }
  return parts;
}

// ---- Begin.

function begin() {
  const place = build.run.build_dir;
  document.title = 'Glovebox: ' + (place || 'a build');
  $('build-name').textContent = place;
  $('count-findings').textContent = thousands(build.findings.length);
  $('count-edges').textContent = thousands(build.edges.length);
  $('headline').append(...headline().filter(Boolean));
  $('overview-findings').append(...overviewFindings().filter(Boolean));
  $('overview-unseen').append(...overviewUnseen());
  $('overview-run').append(...overviewRun());
  makeFilters();
  for (const [label, colour] of [['violated', 'bad-fill'], ['incomplete', 'warn-fill'],
    ['proved', 'good-fill'], ['no edge: a test, a launcher', 'dim']]) {
    const patch = el('i', {});
    patch.style.background = `var(--${colour})`;
    $('timeline-legend').append(el('span', {}, patch, label));
  }

  for (const name of kViews) $('tab-' + name).addEventListener('click', () => visit('#' + name, false));
  $('tabs').addEventListener('keydown', tabKeys);
  $('help-button').addEventListener('click', () => $('help').showModal());
  $('help-close').addEventListener('click', () => $('help').close());
  $('zoom-in').addEventListener('click', () => timeline.zoomHere(0.5));
  $('zoom-out').addEventListener('click', () => timeline.zoomHere(2));
  $('zoom-fit').addEventListener('click', () => timeline.fit());
  $('timeline-open').addEventListener('click', () => timeline.openCurrent());
  $('timeline-slowest').append(...slowest());
  document.addEventListener('keydown', keys);
  addEventListener('popstate', () => route(false));
  addEventListener('hashchange', () => route(false));
  addEventListener('beforeprint', () => $('print').replaceChildren(...printed()));
  addEventListener('afterprint', () => $('print').replaceChildren());
  route(false);
}
begin();
