"use strict";

const VERDICT_ORDER = ["fine", "changed", "rewritten", "new", "unsupported", "dropped"];
const VERDICT_WORDS = { fine: "kept", rewritten: "rewritten", dropped: "dropped", unsupported: "unsupported", changed: "changed", new: "new" };
const MOST_LISTED = 30;

function element(name, attributes, parent, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

/** Adds a name that may be broken after its slashes. */
function addName(parent, name) {
  name.split("/").forEach((part, number) => {
    if (number) parent.append("/", document.createElement("wbr"));
    parent.append(part);
  });
}

/** The picture of the graph: one view or two, their tools, and what is said of the chosen node. */
class GraphPage {
  constructor(root, data) {
    this.root = root;
    this.details = root.querySelector(".details");
    this.views = {};
    for (const kind of ["before", "after"].filter((item) => data[item])) {
      const figure = root.querySelector(`[data-graph="${kind}"]`);
      this.views[kind] = new GraphView(figure, new GraphModel(data[kind]), (view, item) => this.describe(view, item));
    }
    this.#listen();
    this.show("before");
    this.#explain();
  }

  #listen() {
    for (const radio of this.root.querySelectorAll("[name=mode]")) {
      radio.addEventListener("change", () => this.show(radio.value));
    }
    const actions = { in: (view) => view.zoom(1.25), out: (view) => view.zoom(0.8), fit: (view) => view.fit(), fold: (view) => view.foldAll() };
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.shown.forEach(actions[button.dataset.do]));
    }
    const search = this.root.querySelector("#graph-search");
    search.addEventListener("input", () => this.#search(search.value.trim()));
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#search("");
      if (event.key === "ArrowDown") this.root.querySelector("#graph-results button")?.focus();
    });
  }

  show(mode) {
    const kinds = mode === "both" ? ["before", "after"] : [mode];
    this.root.dataset.mode = mode;
    this.shown = kinds.map((kind) => this.views[kind]);
    for (const figure of this.root.querySelectorAll("[data-graph]")) figure.hidden = !kinds.includes(figure.dataset.graph);
    for (const view of this.shown) {
      view.scale = null;
      view.draw();
    }
  }

  #search(text) {
    const list = this.root.querySelector("#graph-results");
    list.replaceChildren();
    const [view] = this.shown;
    const found = text ? view.model.search(text, MOST_LISTED) : [];
    list.hidden = !text;
    if (text && !found.length) element("li", { class: "none" }, list, "No node has this name or op.");
    for (const item of found) {
      const button = this.#link(view, item, element("li", {}, list));
      button.addEventListener("click", () => (list.hidden = true));
    }
  }

  #link(view, item, parent) {
    const button = element("button", { type: "button", class: "link" }, parent);
    element("i", { class: `dot ${view.model.fateOf(item)[0]}`, "aria-hidden": "true" }, button);
    addName(element("span", {}, button), view.model.nameOf(item));
    element("small", {}, button, view.model.opOf(item));
    button.addEventListener("click", () => view.reveal(item));
    return button;
  }

  #explain() {
    this.details.replaceChildren();
    element("p", { class: "none" }, this.details, "Choose a node or a scope in the picture, or find one by its name.");
    this.#tally(this.views.before.model, 0);
  }

  describe(view, item) {
    this.details.replaceChildren();
    addName(element("h3", {}, this.details), view.model.nameOf(item));
    if (view.model.isScope(item)) this.#tally(view.model, item);
    else this.#describeNode(view, item);
  }

  /** Says what became of the nodes of a scope, and why: each reason once. */
  #tally(model, scope) {
    const reasons = new Map();
    for (const item of model.nodesIn(scope)) {
      const [verdict, why] = model.fateOf(item);
      const key = `${verdict} ${why}`;
      const reason = reasons.get(key) || { verdict, why, count: 0 };
      reason.count++;
      reasons.set(key, reason);
    }
    const list = element("ul", { class: "reasons" }, this.details);
    const sorted = [...reasons.values()].sort((a, b) => VERDICT_ORDER.indexOf(a.verdict) - VERDICT_ORDER.indexOf(b.verdict) || b.count - a.count);
    for (const { verdict, why, count } of sorted.slice(0, MOST_LISTED)) {
      const row = element("li", {}, list);
      element("span", { class: `badge ${verdict}` }, row, `${count.toLocaleString("en")} ${VERDICT_WORDS[verdict]}`);
      if (why) row.append(` ${why}`);
    }
    if (sorted.length > MOST_LISTED) element("li", { class: "none" }, list, `and ${sorted.length - MOST_LISTED} more reasons`);
  }

  #describeNode(view, item) {
    const [verdict, why] = view.model.fateOf(item);
    const line = element("p", {}, this.details);
    element("span", { class: `badge ${verdict}` }, line, VERDICT_WORDS[verdict]);
    if (why) line.append(` ${why}`);
    const name = view.model.nameOf(item);
    const pair = element("div", { class: "pair" }, this.details);
    for (const [kind, title] of [["before", "Original"], ["after", "Migrated"]].filter(([kind]) => this.views[kind])) {
      const other = this.views[kind];
      this.#side(title, other, other === view ? item : other.model.find(name), pair);
    }
    if (this.shown.length > 1) this.#follow(view, name);
  }

  /** Shows the same node in the other picture beside this one. */
  #follow(view, name) {
    const other = this.shown.find((item) => item !== view);
    const twin = other.model.find(name);
    if (twin === undefined || twin === other.chosen) return;
    other.onChoose = () => {};
    other.reveal(twin);
    other.onChoose = (from, item) => this.describe(from, item);
  }

  #side(title, view, item, parent) {
    const side = element("section", {}, parent);
    element("h4", {}, side, title);
    if (item === undefined) {
      element("p", { class: "none" }, side, "no node of this name");
      return;
    }
    const node = item - view.model.scopeCount;
    element("p", { class: "op" }, side, view.model.opOf(item));
    this.#list("reads", view, view.model.inputs[node], side);
    this.#list("is read by", view, view.model.readers[node], side);
  }

  #list(title, view, edges, parent) {
    if (!edges.length) return;
    element("h5", {}, parent, title);
    const list = element("ul", {}, parent);
    for (const [node, isControl] of edges.slice(0, MOST_LISTED)) {
      const row = element("li", {}, list);
      this.#link(view, view.model.scopeCount + node, row);
      if (isControl) row.append(" (control)");
    }
    if (edges.length > MOST_LISTED) element("li", { class: "none" }, list, `and ${(edges.length - MOST_LISTED).toLocaleString("en")} more`);
  }
}

function fillNavigation() {
  const list = document.querySelector("nav ul");
  for (const section of document.querySelectorAll("main > section")) {
    element("a", { href: `#${section.id}` }, element("li", {}, list), section.querySelector("h2").textContent);
  }
}

/** Lets a click on the head of a column sort the table by it: numbers as numbers. */
function makeSortable(table) {
  const heads = [...table.querySelectorAll("thead th")];
  heads.forEach((head, column) => {
    const button = element("button", { type: "button", class: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      sortRows(table.tBodies[0], column, sign);
    });
  });
}

function sortRows(body, column, sign) {
  const valueOf = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const rows = [...body.rows].map((row) => [valueOf(row), row]);
  const isNumeric = rows.every(([value]) => value !== "" && !Number.isNaN(Number(value)));
  rows.sort(([a], [b]) => sign * (isNumeric ? a - b : a.localeCompare(b)));
  body.append(...rows.map(([, row]) => row));
}

async function drawGraph() {
  const data = document.getElementById("graph-data");
  if (!data) return;
  const root = document.getElementById("graph");
  try {
    window.graphPage = new GraphPage(root, await unpacked(data.textContent));
  } catch (error) {
    element("p", { class: "note", role: "alert" }, root, `The graph cannot be drawn by this browser: ${error.message}`);
    throw error;
  }
}

fillNavigation();
document.querySelectorAll("table.sortable").forEach(makeSortable);
window.drawn = drawGraph();
