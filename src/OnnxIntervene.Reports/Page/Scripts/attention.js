// A text whose tokens are shaded by what one of them attends to, or by what attends to it.
class TokenText {
  constructor(axis, name, moved) {
    Object.assign(this, { axis, moved, current: 0 });
    this.node = element("div", {
      class: "text", tabindex: "0", role: "application",
      "aria-label": `${name}. Left and right arrow keys move from token to token.`,
    });
    this.tokens = axis.labels.map((label, index) => {
      const token = element("span", { class: "token" });
      token.textContent = label;
      token.addEventListener("pointerenter", () => this.moveTo(index));
      return token;
    });
    this.node.append(...this.tokens);
    this.node.addEventListener("focus", () => this.moveTo(this.current));
    this.node.addEventListener("keydown", event => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      this.moveTo(Math.min(Math.max(this.current + step, 0), this.tokens.length - 1));
      event.preventDefault();
    });
  }

  moveTo(index) {
    this.current = index;
    this.moved(index);
  }

  outline(index) {
    this.tokens.forEach((token, place) => token.classList.toggle("current", place === index));
  }

  // From the page's own colour for nothing to a full one for all of the attention.
  shade(weights) {
    const [none, all] = [themeColor("--panel"), themeColor("--shade")];
    this.tokens.forEach((token, index) => {
      const share = weights && !Number.isNaN(weights[index]) ? Math.min(Math.max(weights[index], 0), 1) : NaN;
      const color = share > 0 ? none.map((from, channel) => Math.round(from + (all[channel] - from) * share)) : null;
      token.style.backgroundColor = color ? `rgb(${color})` : "";
      token.style.color = color ? inkOn(color) : "";
    });
  }
}

// A grid of heads from which one is chosen, its pattern, and the text under it.
class AttentionView {
  constructor(data) {
    this.data = data;
    this.keys = data.keys.labels.length;
    this.size = data.queries.labels.length * this.keys;
    this.weights = decode(data.weights);
    this.places = new Map(data.heads.map(([layer, head], index) => [`${layer} ${head}`, index]));
    const choose = (layer, head) => this.choose(layer, head);
    this.grid = new HeatmapView(data.grid.rows, data.grid.columns, data.grid.title, SQUARE, {
      chosen: choose, moved: (layer, head, byPointer) => { if (!byPointer) choose(layer, head); },
    });
    this.gridControls = new HeatmapControls(data.grid, this.grid);
    this.scores = this.gridControls.slice;
    this.pattern = new HeatmapView(data.queries, data.keys, "Attention pattern of the chosen head", SQUARE, {
      moved: (query, key) => this.isForward ? this.query.moveTo(query) : this.key.moveTo(key),
    });
    const axes = { rows: data.queries, columns: data.keys, choices: [], slices: [] };
    this.patternControls = new HeatmapControls(axes, this.pattern);
    this.heading = element("h3");
    this.layerChooser = chooser(data.grid.rows.name, data.grid.rows.labels, layer => choose(layer, this.head));
    const { name, labels } = data.grid.columns;
    this.headChooser = chooser(name, labels, head => choose(this.layer, head));
    this.direction = chooser("Shade", ["what the token attends to", "what attends to the token"], () => this.shade());
    this.status = readout();
    this.query = new TokenText(data.queries, "Text", () => this.shade());
    this.key = data.isOneText ? this.query
      : new TokenText(data.keys, "Text that is attended to", () => this.shade());
    this.query.current = this.query.tokens.length - 1;
    this.choose(...this.strongest());
    document.addEventListener("themechange", () => this.shade());
  }

  get isForward() { return this.direction.select.value === "0"; }

  // The head that the figure is most about comes first.
  strongest() {
    const { heads, grid } = this.data;
    const score = ([layer, head]) => Math.abs(this.scores.values[layer * grid.columns.labels.length + head]);
    return heads.reduce((best, head) => score(head) > score(best) ? head : best);
  }

  choose(layer, head) {
    Object.assign(this, { layer, head });
    this.layerChooser.select.value = String(layer);
    this.headChooser.select.value = String(head);
    this.grid.mark = this.grid.cursor = { row: layer, column: head };
    this.grid.drawRings();
    const place = this.places.get(`${layer} ${head}`);
    const name = `${placeName(this.data.grid.rows, layer)}, ${placeName(this.data.grid.columns, head)}`;
    this.heading.textContent = place === undefined ? `${name}: no pattern was recorded` : name;
    this.matrix = place === undefined ? new Float64Array(this.size).fill(NaN) : this.read(place);
    const { valueLabel, scale } = this.data;
    this.patternControls.replace({ values: this.matrix, valueLabel, scale });
    this.shade();
  }

  // Of heads that see only what came before, the page holds no more than that.
  read(place) {
    if (!this.data.isCausal) return this.weights.subarray(place * this.size, (place + 1) * this.size);
    const matrix = new Float64Array(this.size);
    let next = place * this.keys * (this.keys + 1) / 2;
    for (let query = 0; query < this.keys; query++) {
      for (let key = 0; key <= query; key++) matrix[query * this.keys + key] = this.weights[next++];
    }
    return matrix;
  }

  shade() {
    if (!this.matrix) return;
    const { isForward } = this;
    const [from, to] = isForward ? [this.query, this.key] : [this.key, this.query];
    const weights = to.tokens.map((_, index) =>
      this.matrix[isForward ? from.current * this.keys + index : index * this.keys + from.current]);
    if (from !== to) from.shade(null);
    to.shade(weights);
    if (from !== to) to.outline(-1);
    from.outline(from.current);
    const top = sorted(weights.length, index => weights[index], -1).slice(0, 3)
      .map(index => `“${to.axis.labels[index]}” (${index}) ${show(weights[index], 3)}`).join(", ");
    const verb = isForward ? "attends to" : "is attended to by";
    this.status.textContent = `“${from.axis.labels[from.current]}” (${from.current}) ${verb} ${top}`;
  }

  parts() {
    const gridHeading = element("h3", {}, this.data.grid.title);
    const heads = element("div", {}, gridHeading, this.gridControls.folded(), this.grid.node);
    const pattern = element("div", {}, this.heading, this.patternControls.folded(), this.pattern.node);
    const choosers = [this.layerChooser, this.headChooser, this.direction].map(choice => choice.label);
    const controls = element("div", { class: "controls" }, ...choosers);
    const texts = this.key === this.query ? [this.query.node] : [this.query.node, this.key.node];
    return [controls, element("div", { class: "heads" }, heads, pattern), ...texts, this.status];
  }
}

const startAttention = data => new AttentionView(data).parts();
