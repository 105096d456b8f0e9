"use strict";

/** A graph folded by scopes. Scopes have the numbers 0 to S-1, 0 being the root; node n has the number S + n. */
class GraphModel {
  constructor(columns) {
    const [scopeParents, scopeLabels, bundles] = columns.scopes;
    this.scopeCount = scopeParents.length;
    this.nodeCount = columns.parents.length;
    this.parents = scopeParents.concat(columns.parents);
    this.labels = scopeLabels.concat(columns.labels);
    this.bundles = bundles;
    this.ops = columns.nodeOps.map((op) => columns.ops[op]);
    this.fates = columns.nodeFates.map((fate) => columns.fates[fate]);
    this.children = Array.from({ length: this.scopeCount }, () => []);
    this.depths = new Array(this.parents.length).fill(0);
    this.counts = Array.from({ length: this.scopeCount }, () => ({}));
    this.#placeAll();
    this.#connectAll(columns.edges);
    this.names = columns.parents.map((_, node) => this.#fullName(this.scopeCount + node));
    this.numbers = new Map(this.names.map((name, node) => [name, this.scopeCount + node]));
  }

  #placeAll() {
    for (let item = 1; item < this.parents.length; item++) {
      this.children[this.parents[item]].push(item);
      this.depths[item] = this.depths[this.parents[item]] + 1;
    }
    for (let node = 0; node < this.nodeCount; node++) {
      const verdict = this.fates[node][0];
      for (const scope of this.scopesOf(this.scopeCount + node)) {
        this.counts[scope][verdict] = (this.counts[scope][verdict] || 0) + 1;
      }
    }
  }

  /** Lifts every edge to the scope in which its ends part; one drawn edge stands for many. */
  #connectAll(edges) {
    this.inputs = edges.map((row, node) => row.map((edge) => [node - Math.floor(edge / 2), edge & 1]));
    this.readers = Array.from({ length: this.nodeCount }, () => []);
    this.links = Array.from({ length: this.scopeCount }, () => new Map());
    this.inputs.forEach((row, node) => {
      for (const [other, isControl] of row) {
        this.readers[other].push([node, isControl]);
        this.#link(this.scopeCount + other, this.scopeCount + node, isControl);
      }
    });
  }

  #link(from, to, isControl) {
    while (this.parents[from] !== this.parents[to]) {
      if (this.depths[from] >= this.depths[to]) from = this.parents[from];
      else to = this.parents[to];
    }
    if (from === to) return;
    const links = this.links[this.parents[from]];
    const key = from * this.parents.length + to;
    const link = links.get(key) || { from, to, count: 0, data: 0 };
    link.count++;
    link.data += isControl ? 0 : 1;
    links.set(key, link);
  }

  isScope(item) {
    return item < this.scopeCount;
  }

  /** Returns the scopes that an item is in, innermost first, the root last. */
  scopesOf(item) {
    const found = [];
    for (let scope = this.parents[item]; scope >= 0; scope = this.parents[scope]) found.push(scope);
    return found;
  }

  #fullName(item) {
    const parts = this.isBundle(item) || !this.labels[item] ? [] : [this.labels[item]];
    for (const scope of this.scopesOf(item)) {
      if (scope && !this.isBundle(scope)) parts.push(this.labels[scope]);
    }
    return parts.reverse().join("/");
  }

  isBundle(item) {
    return this.isScope(item) && this.bundles[item] === 1;
  }

  nameOf(item) {
    return this.isScope(item) ? this.#fullName(item) || "the whole graph" : this.names[item - this.scopeCount];
  }

  /** Returns the label of an item within its scope; a node that is named as its scope has none of its own. */
  labelOf(item) {
    return this.labels[item] || this.labels[this.parents[item]];
  }

  opOf(item) {
    return this.ops[item - this.scopeCount];
  }

  fateOf(item) {
    return this.fates[item - this.scopeCount];
  }

  sizeOf(scope) {
    return Object.values(this.counts[scope]).reduce((sum, count) => sum + count, 0);
  }

  /** Returns verdict -> count of a scope or a node. */
  countsOf(item) {
    return this.isScope(item) ? this.counts[item] : { [this.fateOf(item)[0]]: 1 };
  }

  /** Returns the node of a name, also where it moved into a function or out of one. */
  find(name) {
    const found = this.numbers.get(name);
    if (found !== undefined) return found;
    this.bareNumbers ||= new Map(this.names.map((full, node) => [bareName(full), this.scopeCount + node]));
    return this.bareNumbers.get(bareName(name));
  }

  /** Yields the nodes in a scope and in all scopes in it. */
  *nodesIn(scope) {
    for (const item of this.children[scope]) {
      if (this.isScope(item)) yield* this.nodesIn(item);
      else yield item;
    }
  }

  /** Returns at most `most` nodes whose name or op holds a text, those first whose name starts or ends with it. */
  search(text, most) {
    const wanted = text.toLowerCase();
    const found = [];
    for (let node = 0; node < this.nodeCount; node++) {
      const name = this.names[node].toLowerCase();
      const isOp = this.ops[node].toLowerCase() === wanted;
      if (isOp || name.includes(wanted)) {
        found.push([name === wanted ? 0 : name.endsWith(wanted) ? 1 : isOp ? 2 : 3, this.scopeCount + node]);
      }
    }
    return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, most).map(([, item]) => item);
  }
}

function bareName(name) {
  return name.slice(name.lastIndexOf("()/") + (name.includes("()/") ? 3 : 1));
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}
