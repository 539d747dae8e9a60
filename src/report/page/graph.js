// The graph around one edge, as a picture: what is declared to come before it, what comes after, and for a finding the file or
// address that it is about, with who made that. Laid out in layers from left to right.

const kNode = {width: 184, height: 42, gapX: 52, gapY: 20, margin: 14};
const kSmallest = 0.72;  // a picture is made smaller to fit, down to this; below it scrolls
const kFaults = 6;       // findings of one edge that are drawn
const kNeighbours = 8;   // on each side at first; more on demand
const kLookAhead = 2e5;  // edges that are looked at to find out whether one is declared to come after another

const svg = (tag, attributes, ...children) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.filter(child => child !== null));
  return node;
};

// Whether `edge` is declared to come after `other`, however indirectly. Null: too large to tell.
function comesAfter(edge, other) {
  const seen = new Set([edge.index]);
  const queue = [edge.index];
  while (queue.length) {
    if (seen.size > kLookAhead) return null;
    for (const before of build.edges[queue.pop()].after) {
      if (before === other.index) return true;
      if (!seen.has(before)) { seen.add(before); queue.push(before); }
    }
  }
  return false;
}

// What a rule is about: what the action at fault does to the object of the finding, what the others do, and whether that goes to
// the object (it is changed) or comes from it.
const kReads = {mine: 'reads it', theirs: 'makes it', theirsTo: true};
const kWrites = {mine: 'writes it', mineTo: true, theirs: 'writes it too', theirsTo: true};
const kReaches = {mine: 'reaches it', mineTo: true, theirs: 'reaches it too', theirsTo: true};
const kNeeds = {mine: 'does not read it', theirs: 'makes it', theirsTo: true, declared: true};
const kRelations = {
  'write-after-read': {mine: 'changes it', mineTo: true, theirs: 'reads it'},
  'foreign-removal': {mine: 'takes it away', mineTo: true, theirs: 'makes it', theirsTo: true},
  'shadowing-write': {mine: 'looks for it', theirs: 'makes it', theirsTo: true},
  enumeration: {mine: 'lists it', theirs: 'changes it', theirsTo: true},
  'missing-output': {mine: 'does not make it', mineTo: true},
  'undeclared-output': {mine: 'makes it', mineTo: true, theirs: 'reads it'},
  'source-mutation': kWrites, 'double-write': kWrites, 'temp-collision': kWrites, 'test-collision': kWrites, 'log-tamper': kWrites,
  'redundant-input': kNeeds, 'order-only': kReads, 'depfile-over-report': kNeeds, 'test-order': kReads,
};
function relationOf(finding) {
  if (/^(connect|bind|send|socket)/.test(finding.operation) || finding.rule.startsWith('network')) return kReaches;
  if (!finding.object.startsWith('/')) return null;  // a process, a limit, a call: nothing to draw
  if (finding.rule in kRelations) return kRelations[finding.rule];
  if (/write|tmp/.test(finding.rule) || finding.result === 'created') return kWrites;
  return finding.calls ? kReads : null;
}

// {nodes: Map(key -> node), links: [{from, to, fault}], words}
class Neighbourhood {
  constructor(edge, findings, limit) {
    this.nodes = new Map();
    this.links = [];
    this.words = [];
    this.limit = limit;
    this.focus = edge ? this.edge(edge, 'focus') : this.action(findings[0].action, 'focus');
    if (edge) {
      this.side(edge, edge.after, 'before');
      this.side(edge, successors[edge.index], 'after');
    }
    for (const finding of findings.slice(0, kFaults)) this.fault(edge, finding);
    this.declared();
  }
  edge(edge, role) {
    const key = 'e' + edge.index;
    if (!this.nodes.has(key))
      this.nodes.set(key, {key, edge, name: shortPath(edge.name), sub: edge.rule, verdict: edge.verdict, role});
    return this.nodes.get(key);
  }
  action(row, role) {
    if (edgeOfAction.has(row)) return this.edge(edgeOfAction.get(row), role);
    const key = 'a' + row;
    const action = build.actions[row];
    if (!this.nodes.has(key))
      this.nodes.set(key, {key, action: row, name: action ? action.name : 'no action', sub: action ? action.role : '', role});
    return this.nodes.get(key);
  }
  object(name, sub) {
    const key = 'o' + name;
    if (!this.nodes.has(key)) this.nodes.set(key, {key, file: true, name: shortPath(name), full: name, sub});
    return this.nodes.get(key);
  }
  // What a node has to do with a fault: each thing once.
  tag(node, text) {
    node.tags = node.tags || new Set();
    node.tags.add(text);
    node.tag = [...node.tags].join(', ');
  }
  link(from, to, fault = true) {
    if (!this.links.some(link => link.from === from && link.to === to)) this.links.push({from, to, fault});
  }
  // Those with a fault first: they are what somebody looks for.
  side(edge, indices, where) {
    const all = indices.map(at => build.edges[at])
      .sort((a, b) => kVerdicts.indexOf(a.verdict) - kVerdicts.indexOf(b.verdict) || a.index - b.index);
    for (const other of all.slice(0, this.limit)) this.edge(other);
    const left = all.length - this.limit;
    if (left <= 0) return;
    const more = {key: 'more-' + where, more: true, name: thousands(left) + ' more', sub: 'Enter shows them', file: true};
    this.nodes.set(more.key, more);
    this.links.push(where === 'before' ? {from: more, to: this.focus} : {from: this.focus, to: more});
  }
  fault(edge, finding) {
    const relation = relationOf(finding);
    if (!relation || !finding.object) return;
    // An edge that did not run has no action: it is named by its output.
    const named = finding.edges.slice(1).map(name => edgeOfOutput.get(absolute(name))).filter(Boolean);
    if (relation === kReads && edge) {
      const producer = edgeOfOutput.get(finding.object) || named[0];
      if (producer && producer !== edge) { this.undeclared(edge, finding, producer); return; }
    }
    const object = this.object(finding.object, relation === kReaches ? 'address' : finding.object.endsWith('/') ? 'directory' : 'file');
    this.join(this.focus, object, relation.mine, relation.mineTo, !relation.declared);
    const others = [...finding.others.filter(row => row >= 0).map(row => this.action(row)), ...named.map(other => this.edge(other))];
    for (const other of new Set(others)) {
      if (other !== this.focus && relation.theirs) this.join(other, object, relation.theirs, relation.theirsTo, !relation.declared);
    }
    this.focus.reader = relation.mine === 'reads it';
    if (relation === kReads && !others.length && edge) this.words.push(`None of these edges makes ${object.name}.`);
  }
  join(node, object, words, to, fault) {
    this.tag(node, words);
    node.producer = node.producer || words === 'makes it';
    if (to) this.link(node, object, fault);
    else this.link(object, node, fault);
  }
  // An edge reads what another one makes: the two of them say it, no file is needed between them.
  undeclared(edge, finding, producer) {
    const maker = this.edge(producer);
    const file = shortPath(finding.object);
    this.tag(maker, file === shortPath(producer.name) ? 'makes it' : 'makes ' + file);
    maker.producer = this.focus.reader = true;
    this.tag(this.focus, 'reads it');
    this.link(maker, this.focus);
    const declared = comesAfter(edge, producer);
    if (declared !== null) {
      this.words.push(declared ? `${shortPath(edge.name)} is declared to come after ${shortPath(producer.name)}.`
        : `Nothing declares that ${shortPath(edge.name)} comes after ${shortPath(producer.name)}.`);
    }
    if (!declared && comesAfter(producer, edge))
      this.words.push('It is even declared the other way round, so that naming it would close a cycle.');
  }
  // What is declared between those that are shown.
  declared() {
    for (const node of [...this.nodes.values()]) {
      if (!node.edge) continue;
      for (const before of new Set(node.edge.after)) {
        const other = this.nodes.get('e' + before);
        if (other && other !== node && !this.links.some(link => link.fault && link.from === other && link.to === node))
          this.links.push({from: other, to: node});
      }
    }
  }
}

// Gives each node a layer, a place in it, and x and y; long links get way points. Cycles (what a fault adds may close one) are
// cut where they are met.
function layOut(nodes, links) {
  const into = new Map(nodes.map(node => [node, []]));
  const out = new Map(nodes.map(node => [node, []]));
  for (const link of links) { into.get(link.to).push(link.from); out.get(link.from).push(link.to); }
  const state = new Map();
  const depth = node => {
    if (state.get(node) === 'open') return -1;
    if (state.get(node) !== 'done') {
      state.set(node, 'open');
      node.layer = 0;
      for (const before of into.get(node)) node.layer = Math.max(node.layer, depth(before) + 1);
      state.set(node, 'done');
    }
    return node.layer;
  };
  nodes.forEach(depth);
  // What nothing comes before stands directly before what needs it.
  for (const node of nodes) {
    if (into.get(node).length || !out.get(node).length) continue;
    node.layer = Math.max(0, Math.min(...out.get(node).map(after => after.layer)) - 1);
  }
  const layers = [];
  const put = node => (layers[node.layer] = layers[node.layer] || []).push(node);
  nodes.forEach(put);
  for (let at = 0; at < layers.length; ++at) layers[at] = layers[at] || [];

  const near = new Map(nodes.map(node => [node, []]));
  for (const link of links) {
    link.way = [link.from];
    for (let layer = link.from.layer + 1; layer < link.to.layer; ++layer) {
      const point = {point: true, layer};
      near.set(point, []);
      put(point);
      link.way.push(point);
    }
    link.way.push(link.to);
    for (let i = 1; i < link.way.length; ++i) {
      near.get(link.way[i - 1]).push(link.way[i]);
      near.get(link.way[i]).push(link.way[i - 1]);
    }
  }
  place(layers, near);
  return layers;
}

// Each node goes to the middle of its neighbours, sweep after sweep.
function place(layers, near) {
  const heightOf = node => node.point ? 8 : kNode.height;
  const stack = (layer, wanted) => {
    layer.sort((a, b) => wanted(a) - wanted(b));
    let y = -Infinity;
    for (const node of layer) {
      node.y = Math.max(wanted(node), y);
      y = node.y + heightOf(node) + kNode.gapY;
    }
    // The column as a whole goes back to where its nodes wanted to be.
    const shift = layer.reduce((sum, node) => sum + wanted.of.get(node) - node.y, 0) / (layer.length || 1);
    for (const node of layer) node.y += shift;
  };
  layers.forEach(layer => {
    let y = -layer.reduce((sum, node) => sum + heightOf(node) + kNode.gapY, 0) / 2;
    for (const node of layer) { node.y = y; y += heightOf(node) + kNode.gapY; }
  });
  for (let sweep = 0; sweep < 8; ++sweep) {
    const order = sweep % 2 ? [...layers].reverse() : layers;
    for (const layer of order) {
      const of = new Map();
      for (const node of layer) {
        const others = near.get(node).filter(other => sweep % 2 ? other.layer > node.layer : other.layer < node.layer);
        const middle = others.reduce((sum, other) => sum + other.y + heightOf(other) / 2, 0) / others.length;
        of.set(node, others.length ? middle - heightOf(node) / 2 : node.y);
      }
      const wanted = node => of.get(node);
      wanted.of = of;
      stack(layer, wanted);
    }
  }
  const top = Math.min(...layers.flat().map(node => node.y));
  for (const layer of layers) {
    for (const node of layer) {
      node.y += kNode.margin + 12 - top;
      node.x = kNode.margin + node.layer * (kNode.width + kNode.gapX);
      node.height = heightOf(node);
    }
  }
}

function linkPath(link) {
  const middle = node => node.y + node.height / 2;
  const backwards = link.to.layer <= link.from.layer;
  if (backwards) {
    // From below to below: it must not be taken for a declared one that goes forward.
    const low = Math.max(link.from.y, link.to.y) + kNode.height + 22;
    const [x1, x2] = [link.from.x + kNode.width / 2, link.to.x + kNode.width / 2];
    return `M${x1} ${link.from.y + kNode.height} C${x1} ${low} ${x2} ${low} ${x2} ${link.to.y + kNode.height + 4}`;
  }
  let [x, y] = [link.from.x + kNode.width, middle(link.from)];
  let path = `M${x} ${y}`;
  for (const node of link.way.slice(1)) {
    const [toX, toY] = [node === link.to ? node.x - 5 : node.x, middle(node)];
    const half = (toX - x) / 2;
    path += ` C${x + half} ${y} ${toX - half} ${toY} ${toX} ${toY}`;
    [x, y] = [toX, toY];
    if (node.point) { x += kNode.width; path += ` H${x}`; }
  }
  return path;
}

function nodeLabel(node) {
  const parts = [node.full || (node.edge ? node.edge.outputs.join(', ') : node.name), node.sub, node.verdict, node.tag];
  return parts.filter(Boolean).join(', ');
}

function drawNode(node) {
  const classes = ['node', node.role, node.file && 'file', node.reader && 'reader', node.producer && 'producer'].filter(Boolean);
  const mark = node.verdict ? kSigns[node.verdict][0] : '';
  const group = svg('g', {
    class: classes.join(' '), role: node.edge || node.more ? 'link' : 'img', tabindex: node.role === 'focus' ? 0 : -1,
    'aria-label': nodeLabel(node), transform: `translate(${node.x} ${node.y})`, 'data-key': node.key,
  },
  svg('title', {}, nodeLabel(node)),
  svg('rect', {width: kNode.width, height: kNode.height, rx: 8}),
  svg('text', {x: 10, y: 18}, shorten(node.name, 23)),
  svg('text', {x: 10, y: 34, class: 'sub'}, shorten(node.sub || '', mark ? 21 : 24)),
  mark ? svg('text', {x: kNode.width - 10, y: 34, 'text-anchor': 'end', class: node.verdict}, mark) : null,
  node.tag ? svg('text', {x: 2, y: -4, class: 'role'}, shorten(node.tag, 30)) : null);
  return group;
}

// Where the arrow keys go from a node.
function neighbourOf(node, key, nodes, links) {
  const closest = all => all.sort((a, b) => Math.abs(a.y - node.y) - Math.abs(b.y - node.y))[0];
  if (key === 'ArrowRight') return closest(links.filter(link => link.from === node).map(link => link.to));
  if (key === 'ArrowLeft') return closest(links.filter(link => link.to === node).map(link => link.from));
  const column = nodes.filter(other => other.layer === node.layer).sort((a, b) => a.y - b.y);
  return column[column.indexOf(node) + (key === 'ArrowDown' ? 1 : -1)];
}

let pictures = 0;

// The picture, and the group of each node in it.
function draw(around, layers) {
  const nodes = [...around.nodes.values()];
  const width = kNode.margin * 2 + layers.length * (kNode.width + kNode.gapX) - kNode.gapX;
  const height = Math.max(...layers.flat().map(node => node.y + node.height)) + kNode.margin +
    (around.links.some(link => link.to.layer <= link.from.layer) ? 26 : 0);
  const marker = 'arrow' + ++pictures;
  const arrow = (id, kind) => svg('marker', {
    id, class: kind, viewBox: '0 0 8 8', refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto',
    markerUnits: 'userSpaceOnUse',
  }, svg('path', {d: 'M0 0 L8 4 L0 8 z'}));
  const groups = new Map(nodes.map(node => [node, drawNode(node)]));
  const picture = svg('svg', {viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': 'Graph around ' + around.focus.name},
    svg('defs', {}, arrow(marker, ''), arrow(marker + 'f', 'fault')),
    ...around.links.map(link => svg('path', {class: link.fault ? 'fault' : '', d: linkPath(link),
      'marker-end': `url(#${marker}${link.fault ? 'f' : ''})`})),
    ...groups.values());
  picture.style.width = `clamp(${Math.round(width * kSmallest)}px, 100%, ${width}px)`;
  return {picture, groups, width};
}

// choose(node) is called for a node that is clicked, or by Enter; arrows go from node to node.
function listen(picture, around, groups, choose) {
  const nodeAt = event => {
    const group = event.target.closest('.node');
    return group && around.nodes.get(group.dataset.key);
  };
  picture.addEventListener('click', event => { const node = nodeAt(event); if (node) choose(node); });
  picture.addEventListener('keydown', event => {
    const node = nodeAt(event);
    if (!node || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Enter') {
      choose(node);
    } else if (/^Arrow/.test(event.key)) {
      const next = neighbourOf(node, event.key, [...around.nodes.values()], around.links);
      if (next) {
        groups.get(node).setAttribute('tabindex', -1);
        groups.get(next).setAttribute('tabindex', 0);
        groups.get(next).focus();
      }
    } else {
      return;
    }
    event.preventDefault();
  });
}

// `findings` may be empty, and `edge` missing where a finding is of none. open(edge) is called for an edge that was chosen.
function graphOf(edge, findings, open, limit = kNeighbours) {
  const around = new Neighbourhood(edge, findings, limit);
  const layers = layOut([...around.nodes.values()], around.links);
  const {picture, groups, width} = draw(around, layers);
  const frame = el('div', {class: 'graph'}, picture);
  const words = [...new Set(around.words)];
  if (around.links.some(link => link.fault)) words.push('Dashed: what happened. Solid: what is declared.');
  const box = el('div', {}, frame, el('p', {class: 'graph-words dim'}, words.join(' ')));
  listen(picture, around, groups, node => {
    if (node.more) {
      const larger = graphOf(edge, findings, open, limit * 4);
      box.replaceWith(larger);
      larger.querySelector('.node.focus').focus();
    } else if (node.edge && node.edge !== edge) {
      open(node.edge);
    }
  });
  // What is looked at stands in the middle, once the frame is in the page.
  requestAnimationFrame(() => {
    const scale = picture.clientWidth / width;
    frame.scrollLeft = (around.focus.x + kNode.width / 2) * scale - frame.clientWidth / 2;
    frame.scrollTop = (around.focus.y + kNode.height / 2) * scale - frame.clientHeight / 2;
  });
  return box;
}
