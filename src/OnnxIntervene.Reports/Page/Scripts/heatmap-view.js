const GAP = 6;
const BAR_WIDTH = 14;
const TOP = 9;

// A grid's width, and the widest cell.
const WIDE = { width: 560, cell: 40 };
const SQUARE = { width: 420, cell: 22 };

// A heatmap with a cell that the pointer or the arrow keys move. Cells are pixels of a canvas, labels are SVG.
class HeatmapView {
  constructor(rows, columns, name, size = WIDE, listeners = {}) {
    Object.assign(this, { rows, columns, listeners, size });
    Object.assign(this, { threshold: 0, cursor: null, mark: null, hovered: false });
    this.rowOrder = range(rows.labels.length);
    this.columnOrder = range(columns.labels.length);
    this.stage = element("div", {
      class: "stage", tabindex: "0", role: "application", "aria-roledescription": "heatmap",
      "aria-label": `${name}. Arrow keys move from cell to cell.`,
    });
    const [width, height] = [columns.labels.length, rows.labels.length];
    this.canvas = element("canvas", { width, height, "aria-hidden": "true" });
    this.svg = shape("svg", { "aria-hidden": "true" });
    this.tip = tooltip();
    this.status = readout();
    this.stage.append(this.canvas, this.svg);
    const scrolled = element("div", { class: "wide" }, this.stage);
    this.node = element("div", { class: "host" }, scrolled, this.tip, this.status);
    this.measure();
    this.listen();
  }

  measure() {
    const [rows, columns] = [this.rows.labels.length, this.columns.labels.length];
    this.cellHeight = Math.max(1, Math.min(20, Math.max(13, Math.floor(1000 / rows)), Math.floor(2400 / rows)));
    const columnLabel = widest(this.columns);
    const isShort = Math.max(...this.columns.shown.map(shown => plain(shown).length)) <= 3;
    const least = columns > 600 ? 1 : isShort ? 6 : 15;
    this.cellWidth = Math.max(least, Math.min(this.size.cell, Math.floor(this.size.width / columns)));
    this.isTurned = !isShort && columnLabel + GAP > this.cellWidth;
    this.rowStride = stride(13, this.cellHeight);
    this.columnStride = stride(this.isTurned ? 13 : columnLabel + GAP, this.cellWidth);
    this.left = Math.ceil(26 + widest(this.rows) + GAP);
    this.width = columns * this.cellWidth;
    this.height = rows * this.cellHeight;
    this.labelRoom = Math.ceil(this.isTurned ? columnLabel : 12) + GAP;
    this.axisHeight = this.height + this.labelRoom + 24;
    this.barHeight = Math.min(Math.max(this.height, 110), 360);
    Object.assign(this.canvas.style, {
      left: `${this.left}px`, top: `${TOP}px`, width: `${this.width}px`, height: `${this.height}px`,
    });
  }

  show(slice) {
    this.slice = slice;
    this.colorOf = painter(slice.scale);
    this.hasMissing = slice.values.some(Number.isNaN);
    this.draw();
  }

  index(row, column) { return row * this.columns.labels.length + column; }

  valueAt(row, column) { return this.slice.values[this.index(row, column)]; }

  draw() {
    this.drawCells();
    const barLeft = this.left + this.width + 20;
    const tickWidth = Math.max(...this.slice.scale.ticks.map(([, text]) => widthOf(text)));
    const barRoom = Math.max(tickWidth + 30, this.hasMissing ? widthOf(MISSING) + 4 : 0);
    const width = Math.ceil(barLeft + BAR_WIDTH + GAP + barRoom);
    const height = Math.max(this.axisHeight, this.barHeight + 24, widthOf(this.slice.valueLabel) + GAP) + TOP;
    addTo(this.svg, { width, height, viewBox: `0 ${-TOP} ${width} ${height}` }, []);
    this.stage.style.width = `${width}px`;
    this.svg.replaceChildren(...this.axisShapes(), ...this.barShapes(barLeft, tickWidth));
    this.rings = shape("g");
    this.svg.append(this.rings);
    this.drawRings();
    if (this.cursor) this.say();
  }

  // What is below the threshold stays clear, so that the page's own grey shows through.
  drawCells() {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    const image = context.createImageData(this.canvas.width, this.canvas.height);
    this.rowOrder.forEach((row, y) => this.columnOrder.forEach((column, x) => {
      const value = this.valueAt(row, column);
      if (Math.abs(value) < this.threshold) return;
      image.data.set([...this.colorOf(value), 255], (y * this.canvas.width + x) * 4);
    }));
    context.putImageData(image, 0, 0);
  }

  axisShapes() {
    const frame = shape("rect", { class: "frame", x: this.left, y: 0, width: this.width, height: this.height });
    const rows = this.rowOrder.flatMap((row, y) => y % this.rowStride ? [] : [axisText(this.rows.shown[row], {
      x: this.left - GAP, y: (y + 0.5) * this.cellHeight, "text-anchor": "end",
    })]);
    const columns = this.columnOrder.flatMap((column, x) => {
      if (x % this.columnStride) return [];
      const middle = this.left + (x + 0.5) * this.cellWidth;
      const place = this.isTurned ? turned(middle, this.height + GAP) : { x: middle, y: this.height + GAP + 6 };
      return [axisText(this.columns.shown[column], { ...place, "text-anchor": this.isTurned ? "end" : "middle" })];
    });
    const middle = Math.max(this.height / 2, widthOf(this.rows.name) / 2);
    const down = axisText(this.rows.name, { ...turned(12, middle), "text-anchor": "middle" });
    const across = axisText(this.columns.name, {
      x: this.left + this.width / 2, y: this.height + this.labelRoom + 10, "text-anchor": "middle",
    });
    return [frame, ...rows, ...columns, down, across];
  }

  barShapes(left, tickWidth) {
    const { scale, valueLabel } = this.slice;
    const height = this.barHeight - (this.hasMissing ? 26 : 0);
    const id = `bar-${HeatmapView.bars = (HeatmapView.bars ?? 0) + 1}`;
    const stops = scale.stops.map((color, index) =>
      shape("stop", { offset: 1 - index / (scale.stops.length - 1), "stop-color": color })).reverse();
    const fill = shape("linearGradient", { id, x1: 0, y1: 0, x2: 0, y2: 1 }, ...stops);
    const bar = shape("rect", { x: left, y: 0, width: BAR_WIDTH, height, fill: `url(#${id})` });
    const frame = shape("rect", { class: "frame", x: left, y: 0, width: BAR_WIDTH, height });
    const ticks = scale.ticks.map(([value, text]) => axisText(text, {
      x: left + BAR_WIDTH + GAP, y: height * (1 - (value - scale.minimum) / (scale.maximum - scale.minimum)),
    }));
    const nameLeft = left + BAR_WIDTH + GAP + tickWidth + 16;
    const name = axisText(valueLabel, {
      ...turned(nameLeft, Math.max(height / 2, widthOf(valueLabel) / 2)), "text-anchor": "middle",
    });
    const missing = this.hasMissing ? [
      shape("rect", { x: left, y: height + 12, width: BAR_WIDTH, height: 12, fill: scale.missing }),
      axisText(MISSING, { x: left + BAR_WIDTH + GAP, y: height + 18 }),
    ] : [];
    return [fill, bar, frame, ...ticks, name, ...missing];
  }

  ring(cell, extra = 0) {
    const place = {
      x: this.left + this.columnOrder.indexOf(cell.column) * this.cellWidth - extra,
      y: this.rowOrder.indexOf(cell.row) * this.cellHeight - extra,
      width: this.cellWidth + 2 * extra, height: this.cellHeight + 2 * extra,
    };
    return [shape("rect", { class: "ring-halo", ...place }), shape("rect", { class: "ring", ...place })];
  }

  drawRings() {
    const isShown = this.cursor && (this.hovered || document.activeElement === this.stage);
    this.rings.replaceChildren(
      ...(this.mark ? this.ring(this.mark, 1) : []), ...(isShown ? this.ring(this.cursor) : []));
  }

  describe({ row, column }) {
    const index = this.index(row, column);
    const number = measured(this.slice.values[index], this.slice.errors?.[index], this.slice.counts?.[index]);
    const greyed = Math.abs(this.slice.values[index]) < this.threshold ? ", below the threshold" : "";
    return [placeName(this.rows, row), placeName(this.columns, column), `${this.slice.valueLabel}: ${number}${greyed}`];
  }

  say() { this.status.textContent = this.describe(this.cursor).join(", "); }

  moveTo(row, column, byPointer) {
    this.cursor = { row, column };
    this.drawRings();
    this.say();
    if (!byPointer) this.rings.lastChild?.scrollIntoView({ block: "nearest", inline: "nearest" });
    const area = this.canvas.getBoundingClientRect();
    const x = area.left + (this.columnOrder.indexOf(column) + 0.5) * this.cellWidth;
    const y = area.top + (this.rowOrder.indexOf(row) + 0.5) * this.cellHeight;
    placeTooltip(this.tip, x, y, this.describe(this.cursor).join("\n"));
    this.listeners.moved?.(row, column, byPointer);
  }

  // Steps count cells as they are drawn, not as they were given.
  step(down, across) {
    const held = (order, place) => order[Math.min(Math.max(place, 0), order.length - 1)];
    const from = this.cursor ?? { row: this.rowOrder[0], column: this.columnOrder[0] };
    this.moveTo(
      held(this.rowOrder, this.rowOrder.indexOf(from.row) + down),
      held(this.columnOrder, this.columnOrder.indexOf(from.column) + across), false);
  }

  cellUnder(event) {
    const area = this.canvas.getBoundingClientRect();
    const x = Math.floor((event.clientX - area.left) / this.cellWidth);
    const y = Math.floor((event.clientY - area.top) / this.cellHeight);
    return x in this.columnOrder && y in this.rowOrder ? [this.rowOrder[y], this.columnOrder[x]] : null;
  }

  leave() {
    this.hovered = false;
    this.tip.hidden = true;
    this.drawRings();
  }

  listen() {
    const steps = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      Home: [0, -Infinity], End: [0, Infinity], PageUp: [-Infinity, 0], PageDown: [Infinity, 0],
    };
    this.stage.addEventListener("pointermove", event => {
      const cell = this.cellUnder(event);
      if (!cell) return this.leave();
      this.hovered = true;
      const isSame = this.cursor?.row === cell[0] && this.cursor?.column === cell[1];
      if (!isSame || this.tip.hidden) this.moveTo(...cell, true);
    });
    this.stage.addEventListener("pointerleave", () => this.leave());
    this.stage.addEventListener("click", event => {
      const cell = this.cellUnder(event);
      if (!cell) return;
      this.moveTo(...cell, true);
      this.listeners.chosen?.(...cell);
    });
    this.stage.addEventListener("focus", () => this.step(0, 0));
    this.stage.addEventListener("blur", () => this.leave());
    this.stage.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") this.tip.hidden = true;
      else if (steps[event.key]) this.step(...steps[event.key]);
      else if ((event.key === "Enter" || event.key === " ") && this.cursor) {
        this.listeners.chosen?.(this.cursor.row, this.cursor.column);
      } else return;
      event.preventDefault();
    });
  }
}
