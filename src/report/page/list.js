// A list of any length with the rows in the document that can be seen, and no others. One tab stop; arrows move in it.

const kRowHeight = 52;
const kTallest = 12e6;  // pixels: browsers stop counting somewhere above; longer lists scroll by a scale
const kSpare = 6;       // rows beyond the edge

class VirtualList {
  // draw(item) gives {mark, first, mono, second, right, label}. select(item) is called when the selection moves, open(item) by Enter.
  constructor(box, draw, select, open) {
    Object.assign(this, {box, draw, select, open, items: [], at: -1, pending: false});
    this.space = el('div', {class: 'space', role: 'presentation'});
    box.append(this.space);
    box.addEventListener('scroll', () => this.later());
    box.addEventListener('keydown', event => this.key(event));
    box.addEventListener('focus', () => { if (this.at < 0 && this.items.length) this.move(0); });
    box.addEventListener('click', event => {
      const row = event.target.closest('.row');
      if (row) this.move(Number(row.dataset.at));
    });
    box.addEventListener('dblclick', () => { if (this.at >= 0) this.open(this.items[this.at]); });
    new ResizeObserver(() => this.later()).observe(box);
  }

  // Keeps what is selected, where it is still there.
  show(items, empty) {
    const selected = this.items[this.at];
    this.items = items;
    this.empty = empty;
    this.at = selected === undefined ? -1 : items.indexOf(selected);
    this.height = Math.min(items.length * kRowHeight, kTallest);
    this.space.style.height = this.height + 'px';
    if (this.at < 0) this.box.scrollTop = 0;
    else this.reveal();
    this.render();
  }

  current() { return this.items[this.at]; }
  selectItem(item) {
    this.at = this.items.indexOf(item);
    this.reveal();
    this.render();
  }
  move(at) {
    if (!this.items.length) return;
    this.at = Math.max(0, Math.min(this.items.length - 1, at));
    this.reveal();
    this.render();
    this.select(this.items[this.at]);
  }

  // Pixels of scrolling to the pixel of the whole list.
  scale() {
    const room = this.box.clientHeight;
    const whole = this.items.length * kRowHeight;
    return whole <= kTallest ? 1 : (whole - room) / (this.height - room);
  }
  reveal() {
    if (this.at < 0) return;
    const top = this.at * kRowHeight;
    const from = this.box.scrollTop * this.scale();
    if (top < from) this.box.scrollTop = top / this.scale();
    else if (top + kRowHeight > from + this.box.clientHeight)
      this.box.scrollTop = (top + kRowHeight - this.box.clientHeight) / this.scale();
  }

  later() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => { this.pending = false; this.render(); });
  }
  render() {
    const scrolled = this.box.scrollTop;
    const from = scrolled * this.scale();
    const first = Math.max(0, Math.floor(from / kRowHeight) - kSpare);
    const last = Math.min(this.items.length, Math.ceil((from + this.box.clientHeight) / kRowHeight) + kSpare);
    const rows = [];
    for (let at = first; at < last; ++at) rows.push(this.row(at, scrolled + at * kRowHeight - from));
    if (!this.items.length) rows.push(el('div', {class: 'empty'}, this.empty));
    this.box.replaceChildren(this.space, ...rows);
    if (this.at >= first && this.at < last) this.box.setAttribute('aria-activedescendant', this.box.id + '-' + this.at);
    else this.box.removeAttribute('aria-activedescendant');
  }
  row(at, top) {
    const shown = this.draw(this.items[at]);
    const row = el('div', {
      class: 'row', role: 'option', id: this.box.id + '-' + at, 'data-at': at, 'aria-setsize': this.items.length,
      'aria-posinset': at + 1, 'aria-selected': String(at === this.at), 'aria-label': shown.label,
    }, shown.mark, el('span', {class: shown.mono ? 'first name' : 'first', title: shown.first}, el('span', {class: 'right'}, shown.right), shown.first),
    el('span', {class: 'second'}, shown.second));
    row.style.top = top + 'px';
    return row;
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.box.clientHeight / kRowHeight) - 1);
    const steps = {
      ArrowDown: this.at + 1, ArrowUp: this.at - 1, PageDown: this.at + page, PageUp: this.at - page, Home: 0, End: this.items.length - 1,
    };
    if (event.key in steps) this.move(steps[event.key]);
    else if (event.key === 'Enter' && this.at >= 0) this.open(this.items[this.at]);
    else return;
    event.preventDefault();
  }
}
