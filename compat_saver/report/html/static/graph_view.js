"use strict";

const SVG = "http://www.w3.org/2000/svg";
const ROW = 30, HEAD = 26, PAD = 12, LETTER = 7.2, MOST_LETTERS = 30, SHELF_WIDTH = 620;
const DENSE = 60; // edges in one scope
const FIRST_VIEW = 34; // about as many boxes are drawn at first

/** Places the open scopes of a graph: each by itself, with what is in it as boxes. */
class GraphLayout {
  constructor(model) {
    this.model = model;
    this.open = new Set([0]);
    this.hidden = new Set();
    this.known = new Map();
    this.#openSmallScopes();
  }

  #openSmallScopes() {
    let shown = this.#main(0).length;
    const queue = [...this.#main(0)];
    while (queue.length) {
      const item = queue.shift();
      const inner = this.model.isScope(item) ? this.#main(item) : [];
      if (!inner.length || (shown + inner.length > FIRST_VIEW && this.open.size > 1)) continue;
      this.open.add(item);
      shown += inner.length;
      queue.push(...inner.filter((child) => this.model.isScope(child)));
    }
  }

  /** Returns what of a scope is part of the drawing; the rest is on its shelf, below and without edges. */
  #main(scope) {
    return this.#split(scope)[0];
  }

  #split(scope) {
    const shown = this.model.children[scope].filter((item) => this.#isShown(item));
    const main = shown.filter((item) => !this.#isDropped(item));
    return main.length ? [main, shown.filter((item) => this.#isDropped(item))] : [shown, []];
  }

  #isShown(item) {
    return Object.keys(this.model.countsOf(item)).some((verdict) => !this.hidden.has(verdict));
  }

  #isDropped(item) {
    return Object.keys(this.model.countsOf(item)).every((verdict) => verdict === "dropped");
  }

  toggle(scope) {
    if (!this.open.delete(scope)) this.open.add(scope);
    this.#forget(scope);
  }

  foldAll() {
    this.open = new Set([0]);
    this.known.clear();
  }

  setHidden(verdicts) {
    this.hidden = verdicts;
    this.known.clear();
  }

  /** Opens all scopes that an item is in. */
  reveal(item) {
    for (const scope of this.model.scopesOf(item).filter((one) => !this.open.has(one))) this.toggle(scope);
  }

  #forget(scope) {
    for (const item of [scope, ...this.model.scopesOf(scope)]) this.known.delete(item);
  }

  place(scope = 0) {
    const known = this.known.get(scope);
    if (known) return known;
    const [main, shelf] = this.#split(scope);
    const boxes = new Map([...main, ...shelf].map((item) => [item, this.#box(item)]));
    const drawn = this.#arrange(scope, main, boxes);
    const placed = this.#addShelf(drawn, shelf.map((item) => boxes.get(item)));
    this.known.set(scope, placed);
    return placed;
  }

  #box(item) {
    if (this.model.isScope(item) && this.open.has(item)) {
      const inner = this.place(item);
      const head = this.#labelWidth(item) + 40;
      return { item, inner, width: Math.max(inner.width, head) + 2 * PAD, height: inner.height + HEAD + PAD };
    }
    const height = this.model.isScope(item) ? ROW + 8 : ROW;
    return { item, inner: null, width: Math.max(54, this.#labelWidth(item) + 24), height };
  }

  #labelWidth(item) {
    return Math.min(shownLabel(this.model, item).length, MOST_LETTERS + 8) * LETTER;
  }

  #arrange(scope, main, boxes) {
    const links = this.#linksAmong(scope, new Set(main));
    const ranker = links.length > DENSE ? "tight-tree" : "network-simplex"; // the first is many times faster
    const graph = new dagre.graphlib.Graph();
    graph.setGraph({ rankdir: "TB", nodesep: 16, edgesep: 8, ranksep: 30, marginx: 4, marginy: 4, ranker });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const item of main) {
      const { width, height } = boxes.get(item);
      graph.setNode(String(item), { width, height });
    }
    for (const { from, to, count } of links) graph.setEdge(String(from), String(to), { weight: Math.min(count, 4) });
    dagre.layout(graph);
    for (const item of main) {
      const { x, y } = graph.node(String(item));
      const box = boxes.get(item);
      Object.assign(box, { x: x - box.width / 2, y: y - box.height / 2 });
    }
    const edges = links.map((link) => ({ ...link, points: graph.edge(String(link.from), String(link.to)).points }));
    const { width, height } = graph.graph();
    return { width: Math.max(width || 0, 40), height: height || 0, boxes: main.map((item) => boxes.get(item)), edges, shelfTop: null };
  }

  #linksAmong(scope, items) {
    return [...this.model.links[scope].values()].filter(({ from, to }) => items.has(from) && items.has(to));
  }

  /** Puts boxes in rows below a drawing. */
  #addShelf(drawn, boxes) {
    if (!boxes.length) return drawn;
    const most = Math.max(drawn.width, SHELF_WIDTH);
    let x = 4, y = drawn.height + 30, low = y, wide = drawn.width;
    for (const box of boxes) {
      if (x > 4 && x + box.width > most) [x, y] = [4, low + 10];
      Object.assign(box, { x, y });
      x += box.width + 10;
      low = Math.max(low, y + box.height);
      wide = Math.max(wide, x - 6);
    }
    return { ...drawn, width: wide, height: low + 6, boxes: [...drawn.boxes, ...boxes], shelfTop: drawn.height + 8 };
  }
}

function shownLabel(model, item) {
  const label = model.labelOf(item);
  const short = label.length > MOST_LETTERS ? `${label.slice(0, MOST_LETTERS - 1)}…` : label;
  return model.isScope(item) && !model.isBundle(item) ? `${short} (${model.sizeOf(item).toLocaleString("en")})` : short;
}

function svg(name, attributes, parent, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

/** Draws one graph into an element, and reports which item is chosen. */
class GraphView {
  constructor(figure, model, onChoose) {
    this.model = model;
    this.layout = new GraphLayout(model);
    this.paper = figure.querySelector(".paper");
    this.onChoose = onChoose;
    this.chosen = null;
    this.scale = null;
    this.#addLegend(figure.querySelector(".legend"));
    this.#listen();
  }

  #addLegend(legend) {
    const counts = this.model.counts[0];
    for (const verdict of VERDICT_ORDER.filter((item) => counts[item])) {
      const button = element("button", { type: "button", class: `chip ${verdict}`, "aria-pressed": "true", title: `Show or hide: ${VERDICT_WORDS[verdict]}` }, legend);
      element("i", { "aria-hidden": "true" }, button);
      button.append(`${VERDICT_WORDS[verdict]} ${counts[verdict].toLocaleString("en")}`);
      button.addEventListener("click", () => this.#toggleVerdict(button, verdict));
    }
  }

  #toggleVerdict(button, verdict) {
    const hidden = new Set(this.layout.hidden);
    if (!hidden.delete(verdict)) hidden.add(verdict);
    button.setAttribute("aria-pressed", String(!hidden.has(verdict)));
    this.layout.setHidden(hidden);
    this.draw();
  }

  draw() {
    const placed = this.layout.place();
    const root = svg("svg", { viewBox: `0 0 ${placed.width + 8} ${placed.height + 8}`, role: "group" });
    this.size = [placed.width + 8, placed.height + 8];
    this.#drawScope(placed, root, 4, 4);
    this.paper.replaceChildren(root);
    this.drawing = root;
    if (this.scale === null) this.#start();
    else this.#applyScale();
    this.#mark();
  }

  #drawScope(placed, parent, x, y) {
    const group = svg("g", { transform: `translate(${x} ${y})` }, parent);
    if (placed.shelfTop !== null) svg("text", { class: "shelf", x: 4, y: placed.shelfTop + 12 }, group, "dropped:");
    for (const edge of placed.edges) this.#drawEdge(edge, group);
    for (const box of placed.boxes) this.#drawBox(box, group);
  }

  #drawEdge({ points, count, data, from, to }, group) {
    const width = Math.min(1 + Math.log2(count) * 0.6, 5);
    const path = svg("path", { class: data ? "edge" : "edge control", d: curve(points), "stroke-width": width, "data-from": from, "data-to": to }, group);
    svg("title", {}, path, data ? `${data.toLocaleString("en")} ${data === 1 ? "tensor" : "tensors"}` : "control only: must run before");
    const [before, end] = points.slice(-2);
    const angle = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI;
    svg("path", { class: "tip", d: "M-7 -3.5L0 0L-7 3.5Z", transform: `translate(${end.x} ${end.y}) rotate(${angle})` }, group);
  }

  #drawBox(box, group) {
    const { item, inner, width, height, x, y } = box;
    const isScope = this.model.isScope(item);
    const verdict = mainVerdict(this.model.countsOf(item));
    const shape = inner ? "open" : isScope ? "scope" : "node";
    const place = svg("g", { class: `box ${shape} ${verdict}`, transform: `translate(${x} ${y})` }, group);
    const button = svg("g", { class: "button", tabindex: 0, role: "button", "data-item": item, "aria-label": this.#spoken(item, inner) }, place);
    if (isScope) button.setAttribute("aria-expanded", String(Boolean(inner)));
    svg("rect", { class: "body", width, height, rx: isScope ? 8 : 15 }, button);
    const label = svg("text", { x: inner ? 12 : width / 2, y: inner ? 18 : isScope ? 17 : 19, "text-anchor": inner ? "start" : "middle" }, button);
    label.textContent = (inner ? "▾ " : "") + shownLabel(this.model, item);
    svg("title", {}, button, `${this.model.nameOf(item)}${isScope ? "" : `\n${this.model.opOf(item)}: ${VERDICT_WORDS[verdict]}`}`);
    if (inner) this.#drawScope(inner, place, PAD + (width - 2 * PAD - inner.width) / 2, HEAD);
    else if (isScope) this.#drawShares(this.model.countsOf(item), button, width);
  }

  /** Draws how many nodes of a closed scope had which fate, as a bar. */
  #drawShares(counts, button, width) {
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    let x = 12;
    for (const verdict of VERDICT_ORDER.filter((item) => counts[item])) {
      const share = ((width - 24) * counts[verdict]) / all;
      svg("rect", { class: `share ${verdict}`, x, y: 25, width: share, height: 5 }, button);
      x += share;
    }
  }

  #spoken(item, inner) {
    const found = this.model.countsOf(item);
    const counts = VERDICT_ORDER.filter((verdict) => found[verdict]).map((verdict) => `${found[verdict]} ${VERDICT_WORDS[verdict]}`);
    return this.model.isScope(item) ? `Scope ${this.model.nameOf(item)}, ${inner ? "open" : "closed"}: ${counts.join(", ")}` : `${this.model.opOf(item)} ${this.model.nameOf(item)}: ${VERDICT_WORDS[this.model.fateOf(item)[0]]}`;
  }

  #listen() {
    this.paper.addEventListener("click", (event) => this.#press(event.target));
    this.paper.addEventListener("keydown", (event) => this.#key(event));
    this.paper.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.paper.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  #press(target) {
    const button = target.closest(".button");
    if (!button || this.dragged) return;
    const item = Number(button.dataset.item);
    if (this.model.isScope(item)) this.#toggle(item);
    this.choose(item);
  }

  #key(event) {
    if (event.key === "Enter" || event.key === " ") this.#press(event.target);
    else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // else the page scrolls, or the picture where it is larger
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
  }

  #drag(start) {
    this.dragged = false;
    if (start.pointerType !== "mouse" || start.button) return; // a finger scrolls by itself
    const [left, top] = [this.paper.scrollLeft, this.paper.scrollTop];
    const move = (event) => {
      const [dx, dy] = [event.clientX - start.clientX, event.clientY - start.clientY];
      this.dragged ||= Math.hypot(dx, dy) > 5;
      if (this.dragged) [this.paper.scrollLeft, this.paper.scrollTop] = [left - dx, top - dy];
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", () => window.removeEventListener("pointermove", move), { once: true });
  }

  /** Opens or closes a scope; its box stays where it is on the screen, and keeps the focus. */
  #toggle(scope) {
    const place = () => this.boxOf(scope)?.getBoundingClientRect();
    const before = place();
    this.layout.toggle(scope);
    this.draw();
    const after = place();
    if (!before || !after) return;
    this.paper.scrollLeft += after.left + after.width / 2 - before.left - before.width / 2;
    this.paper.scrollTop += after.top - before.top;
    this.boxOf(scope).focus({ preventScroll: true });
  }

  boxOf(item) {
    return this.drawing.querySelector(`[data-item="${item}"]`);
  }

  foldAll() {
    this.layout.foldAll();
    this.draw();
    this.fit();
  }

  zoom(factor, clientX, clientY) {
    const frame = this.paper.getBoundingClientRect();
    const x = clientX === undefined ? frame.width / 2 : clientX - frame.left;
    const y = clientY === undefined ? frame.height / 2 : clientY - frame.top;
    const before = this.scale;
    this.scale = Math.min(Math.max(before * factor, 0.05), 4);
    const ratio = this.scale / before;
    const [left, top] = [(this.paper.scrollLeft + x) * ratio - x, (this.paper.scrollTop + y) * ratio - y];
    this.#applyScale();
    [this.paper.scrollLeft, this.paper.scrollTop] = [left, top];
  }

  fit() {
    const [width, height] = this.size;
    this.#startAt(Math.min((this.paper.clientWidth - 4) / width, (this.paper.clientHeight - 4) / height, 1.1));
  }

  /** Begins with what the width of the paper holds, at a size that can be read. */
  #start() {
    this.#startAt(Math.min(Math.max((this.paper.clientWidth - 24) / this.size[0], 0.6), 1));
  }

  #startAt(scale) {
    const [width] = this.size;
    this.scale = scale;
    this.#applyScale();
    this.paper.scrollLeft = (width * this.scale - this.paper.clientWidth) / 2;
    this.paper.scrollTop = 0;
  }

  #applyScale() {
    this.drawing.setAttribute("width", this.size[0] * this.scale);
    this.drawing.setAttribute("height", this.size[1] * this.scale);
  }

  choose(item) {
    this.chosen = item;
    this.#mark();
    this.onChoose(this, item);
  }

  /** Marks the chosen item, or the closed scope that it is in, and its edges. */
  #mark() {
    for (const marked of this.drawing.querySelectorAll(".chosen")) marked.classList.remove("chosen");
    if (this.chosen === null) return;
    const drawn = [this.chosen, ...this.model.scopesOf(this.chosen)].find((item) => this.boxOf(item));
    for (const found of this.drawing.querySelectorAll(`[data-item="${drawn}"], [data-from="${drawn}"], [data-to="${drawn}"]`)) found.classList.add("chosen");
  }

  /** Opens what an item is in, chooses it and scrolls to it. */
  reveal(item) {
    const verdict = mainVerdict(this.model.countsOf(item));
    if (this.layout.hidden.has(verdict)) this.layout.setHidden(new Set());
    this.layout.reveal(item);
    this.scale = Math.max(this.scale ?? 0.8, 0.8);
    this.draw();
    const box = this.boxOf(item)?.getBoundingClientRect();
    if (!box) return;
    const frame = this.paper.getBoundingClientRect();
    this.paper.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
    this.paper.scrollTop += box.top + box.height / 2 - frame.top - frame.height / 2;
    this.choose(item);
  }
}

/** Returns a smooth path through points. */
function curve(points) {
  const [first, ...rest] = points;
  let path = `M${first.x} ${first.y}`;
  for (let i = 0; i < rest.length - 1; i++) {
    const [a, b] = [rest[i], rest[i + 1]];
    const end = i === rest.length - 2 ? b : { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    path += `Q${a.x} ${a.y} ${end.x} ${end.y}`;
  }
  return rest.length === 1 ? `${path}L${rest[0].x} ${rest[0].y}` : path;
}

/** Returns the verdict that colors a box: the one that matters most among those of its nodes. */
function mainVerdict(counts) {
  return ["unsupported", "rewritten", "changed", "new", "fine", "dropped"].find((verdict) => counts[verdict]);
}
