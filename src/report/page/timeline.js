// The build over time: actions in lanes, one below the other where they ran at once. An action that ran inside of another one is
// drawn in the lower half of its bar.

const kAxis = 24;         // pixels above the lanes
const kSmallestSpan = 20; // microseconds over the whole width
const kTallestCanvas = 8000;

// Lanes of the outermost actions: each takes the topmost one that is free when it begins.
function lanesOf(actions) {
  const order = actions.filter(action => action.parent < 0).sort((a, b) => a.begin - b.begin || a.index - b.index);
  const free = [];     // lanes, smallest first: a heap
  const running = [];  // [end, lane], earliest end first: a heap
  let lanes = 0;
  for (const action of order) {
    while (running.length && running[0][0] <= action.begin) push(free, [pop(running)[1]]);
    const lane = free.length ? pop(free)[0] : lanes++;
    action.lane = lane;
    push(running, [action.end, lane]);
  }
  for (const action of actions) {
    let outer = action;
    for (let up = 0; up < 20 && outer.parent >= 0; ++up) outer = actions[outer.parent];
    action.lane = outer.lane || 0;
    action.depth = outer === action ? 0 : 1;
  }
  return Math.max(1, lanes);
}
function push(heap, entry) {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const up = (at - 1) >> 1;
    if (heap[up][0] <= heap[at][0]) break;
    [heap[up], heap[at]] = [heap[at], heap[up]];
    at = up;
  }
}
function pop(heap) {
  const top = heap[0];
  const last = heap.pop();
  if (!heap.length) return top;
  heap[0] = last;
  for (let at = 0;;) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && heap[child][0] < heap[least][0]) least = child;
    if (least === at) return top;
    [heap[least], heap[at]] = [heap[at], heap[least]];
    at = least;
  }
}

class Timeline {
  // open(action) is called by Enter.
  constructor(canvas, status, open) {
    Object.assign(this, {canvas, status, open, actions: build.actions, at: -1, dimmed: null});
    this.ready = false;
    canvas.addEventListener('keydown', event => this.key(event));
    canvas.addEventListener('wheel', event => this.wheel(event), {passive: false});
    canvas.addEventListener('pointerdown', event => this.drag(event));
    canvas.addEventListener('pointermove', event => { if (!event.buttons) this.hover(event); });
    canvas.addEventListener('dblclick', () => this.openCurrent());
    canvas.addEventListener('focus', () => { if (this.at < 0 && this.order.length) this.choose(this.order[0]); });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.later());
    new ResizeObserver(() => this.later()).observe(canvas.parentElement);
  }

  prepare() {
    if (this.ready) return;
    this.ready = true;
    this.lanes = lanesOf(this.actions);
    this.whole = Math.max(1, this.actions.reduce((end, action) => Math.max(end, action.end), build.run.wall));
    // In the order of beginning; outer ones before what runs inside of them.
    this.order = [...this.actions].sort((a, b) => a.begin - b.begin || a.depth - b.depth || a.index - b.index).map(a => a.index);
    this.rank = new Int32Array(this.actions.length);
    this.order.forEach((row, rank) => { this.rank[row] = rank; });
    this.laneHeight = Math.max(3, Math.min(30, Math.floor(kTallestCanvas / this.lanes)));
    this.from = 0;
    this.span = this.whole;
    this.say();
  }
  // Those that no filter lets through are pale.
  setMatching(edges) {
    this.matching = edges && new Set(edges.map(edge => edge.index));
    this.later();
  }

  later() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => { this.pending = false; this.draw(); });
  }
  x(time) { return (time - this.from) / this.span * this.width; }
  time(x) { return this.from + x / this.width * this.span; }

  draw() {
    const canvas = this.canvas;
    this.width = canvas.parentElement.clientWidth;
    if (!this.ready || !this.width) return;
    const height = kAxis + this.lanes * this.laneHeight + 8;
    const ratio = Math.min(window.devicePixelRatio || 1, 16000 / height);
    canvas.width = Math.round(this.width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + 'px';
    const pen = canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const ink = name => style.getPropertyValue('--' + name).trim();
    const colours = {violated: ink('bad-fill'), incomplete: ink('warn-fill'), proved: ink('good-fill'), none: ink('dim')};
    this.axis(pen, ink, height);
    this.bars(pen, colours, ink('panel'), ink('ink'));
    if (this.at >= 0) {
      const [left, top, width, tall] = this.box(this.actions[this.at]);
      pen.globalAlpha = 1;
      pen.strokeStyle = ink('accent');
      pen.lineWidth = 2;
      pen.strokeRect(left - 1.5, top - 1.5, width + 3, tall + 3);
    }
  }
  axis(pen, ink, height) {
    const steps = [1, 2, 5];
    let step = 1;
    for (let i = 0; step / this.span * this.width < 90; ++i) step = steps[i % 3] * 10 ** Math.floor(i / 3);
    pen.font = '11px ' + ink('sans');
    pen.strokeStyle = ink('line');
    pen.fillStyle = ink('dim');
    pen.lineWidth = 1;
    for (let time = Math.ceil(this.from / step) * step; time <= this.from + this.span; time += step) {
      const x = Math.round(this.x(time)) + 0.5;
      pen.beginPath();
      pen.moveTo(x, kAxis - 6);
      pen.lineTo(x, height);
      pen.stroke();
      pen.fillText(time === 0 ? '0' : duration(time).replace(/\.0+ /, ' '), x + 4, 15);
    }
  }
  box(action) {
    const left = this.x(action.begin);
    const gap = this.laneHeight > 6 ? 2 : 0;
    const tall = this.laneHeight - gap;
    const inner = action.depth ? Math.floor(tall / 2) : 0;
    return [left, kAxis + action.lane * this.laneHeight + inner, Math.max(1, this.x(action.end) - left), tall - inner];
  }
  bars(pen, colours, ground, ink) {
    const drawn = new Map();  // lane and depth -> the last pixel that has something, and how grave it is
    const weight = {violated: 3, incomplete: 2, proved: 1};
    for (const row of this.order) {
      const action = this.actions[row];
      if (action.begin > this.from + this.span || action.end < this.from) continue;
      const edge = edgeOfAction.get(row);
      const verdict = edge ? edge.verdict : 'none';
      const [left, top, width, tall] = this.box(action);
      // Where thousands end within one pixel, the gravest stays to be seen.
      const key = action.lane * 2 + action.depth;
      const last = drawn.get(key);
      const right = Math.floor(left + width);
      if (width <= 1 && last && last[0] >= right && last[1] >= (weight[verdict] || 0)) continue;
      drawn.set(key, [right, weight[verdict] || 0]);
      const pale = this.matching && !(edge && this.matching.has(edge.index));
      pen.globalAlpha = pale ? 0.12 : action.depth ? 0.8 : 0.4;
      pen.fillStyle = colours[verdict];
      pen.fillRect(left, top, width > 3 ? width - 0.5 : width, tall);
      if (!action.depth && width > 60 && tall > 20) this.name(pen, action, left, top, width, ink, pale);
    }
    pen.globalAlpha = 1;
  }
  name(pen, action, left, top, width, ink, pale) {
    const from = Math.max(left, 0);
    const room = Math.floor((Math.min(left + width, this.width) - from - 8) / 6.8);
    if (room < 4) return;
    pen.globalAlpha = pale ? 0.4 : 1;
    pen.fillStyle = ink;
    pen.font = '11px ' + getComputedStyle(document.body).getPropertyValue('--mono');
    pen.fillText(shorten(action.name, room), from + 4, top + 10.5);
  }

  // ---- What is looked at.

  choose(row) {
    this.at = row;
    const action = this.actions[row];
    if (action.end < this.from || action.begin > this.from + this.span) {
      this.from = Math.max(0, Math.min(this.whole - this.span, action.begin - this.span / 3));
    }
    this.say();
    this.later();
  }
  say() {
    const action = this.actions[this.at];
    if (!action) {
      this.status.textContent = count(this.actions.length, 'action') + ' in ' + duration(this.whole) + ', at most ' +
        thousands(this.lanes) + ' at once';
      return;
    }
    const edge = edgeOfAction.get(this.at);
    this.status.replaceChildren(edge ? sign(edge.verdict) : '', ' ', el('b', {class: 'name'}, actionLabel(this.at)),
      '  ' + [action.role, 'began +' + duration(action.begin), 'took ' + duration(action.end - action.begin),
        edge ? edge.verdict : '', action.ended ? '' : 'end not seen'].filter(Boolean).join(', '));
  }
  openCurrent() { if (this.at >= 0) this.open(this.at); }

  zoom(factor, centre) {
    const span = Math.max(Math.min(kSmallestSpan, this.whole), Math.min(this.whole, this.span * factor));
    const share = (centre - this.from) / this.span;
    this.span = span;
    this.pan(centre - share * span - this.from);
  }
  zoomHere(factor) {
    const action = this.actions[this.at];
    const seen = action && action.begin <= this.from + this.span && action.end >= this.from;
    this.zoom(factor, seen ? Math.max(action.begin, this.from) : this.from + this.span / 2);
  }
  fit() {
    this.from = 0;
    this.span = this.whole;
    this.later();
  }
  pan(time) {
    this.from = Math.max(0, Math.min(this.whole - this.span, this.from + time));
    this.later();
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const rank = this.at < 0 ? -1 : this.rank[this.at];
    const go = to => this.order.length && this.choose(this.order[Math.max(0, Math.min(this.order.length - 1, to))]);
    const keys = {
      ArrowRight: () => go(rank + 1), ArrowLeft: () => go(rank - 1), Home: () => go(0), End: () => go(this.order.length - 1),
      ArrowDown: () => this.beside(1), ArrowUp: () => this.beside(-1), Enter: () => this.openCurrent(),
      '+': () => this.zoomHere(0.5), '=': () => this.zoomHere(0.5), '-': () => this.zoomHere(2), 0: () => this.fit(),
    };
    if (!(event.key in keys)) return;
    keys[event.key]();
    event.preventDefault();
  }
  // The action of the next lane that has one at the same time or closest to it.
  beside(step) {
    const here = this.actions[this.at];
    if (!here) return;
    const distance = action => Math.max(0, action.begin - here.begin, here.begin - action.end);
    let best = null;
    for (const action of this.actions) {
      if (action.depth !== 0 || (action.lane - here.lane) * step <= 0) continue;
      const key = [Math.abs(action.lane - here.lane), distance(action)];
      if (!best || key[0] < best.key[0] || (key[0] === best.key[0] && key[1] < best.key[1])) best = {action, key};
    }
    if (best) this.choose(best.action.index);
  }

  hit(event) {
    const area = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - area.left, event.clientY - area.top];
    let best = -1, bestWidth = Infinity;
    for (const action of this.actions) {
      const [left, top, width, tall] = this.box(action);
      if (x >= left - 2 && x <= left + width + 2 && y >= top && y < top + tall && width < bestWidth) {
        best = action.index;
        bestWidth = width;
      }
    }
    return best;
  }
  hover(event) {
    const at = this.hit(event);
    this.canvas.title = at < 0 ? '' : actionLabel(at);
  }
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.time(event.clientX - this.canvas.getBoundingClientRect().left));
  }
  drag(event) {
    const start = event.clientX, from = this.from;
    let moved = false;
    this.canvas.setPointerCapture(event.pointerId);
    const move = now => {
      moved = moved || Math.abs(now.clientX - start) > 3;
      if (moved) this.pan(from - (now.clientX - start) / this.width * this.span - this.from);
    };
    const up = now => {
      this.canvas.removeEventListener('pointermove', move);
      this.canvas.removeEventListener('pointerup', up);
      this.canvas.removeEventListener('pointercancel', up);
      if (!moved && now.type === 'pointerup' && this.hit(now) >= 0) this.choose(this.hit(now));
    };
    this.canvas.addEventListener('pointermove', move);
    this.canvas.addEventListener('pointerup', up);
    this.canvas.addEventListener('pointercancel', up);
  }
}
