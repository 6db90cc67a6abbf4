const ORDERS = ["as given", "largest mean first", "smallest mean first", "largest |value| first"];

// How a heatmap is chosen from its stack, sorted and cut off.
class HeatmapControls {
  constructor(data, view) {
    Object.assign(this, { data, view, slices: [], chosen: data.choices.map(() => 0) });
    Object.assign(this, { rowSort: 0, columnSort: 0, share: 0 });
    this.choices = data.choices.map((choice, index) => chooser(choice.name, choice.labels, label => {
      this.chosen[index] = label;
      this.apply();
    }));
    const [down, across] = [data.rows.name.toLowerCase(), data.columns.name.toLowerCase()];
    const sort = which => order => {
      this[which] = order;
      this.apply();
    };
    this.rows = chooser(`${data.rows.name} order`, [...ORDERS, `by the chosen ${across}`], sort("rowSort"));
    this.columns = chooser(`${data.columns.name} order`, [...ORDERS, `by the chosen ${down}`], sort("columnSort"));
    this.slider = element("input", { type: "range", min: "0", max: "100", step: "0.5", value: "0" });
    this.limit = element("output");
    this.slider.addEventListener("input", () => { this.share = Number(this.slider.value) / 100; this.apply(); });
    this.node = element("div", { class: "controls" },
      ...this.choices.map(choice => choice.label), this.rows.label, this.columns.label,
      element("label", {}, "Grey out below", this.slider, this.limit), button("Reset", () => this.reset()));
    if (data.slices.length) this.apply();
  }

  // Shows other numbers over the same axes, in the order that was chosen.
  replace(slice) {
    this.slices = [slice];
    this.apply();
  }

  // The controls behind a line that opens them, where there is less room.
  folded() {
    return element("details", {}, element("summary", {}, "Sort and grey out"), this.node);
  }

  get slice() {
    const { choices, slices } = this.data;
    const index = this.chosen.reduce((place, label, choice) => place * choices[choice].labels.length + label, 0);
    return this.slices[index] ??= readNumbers(slices[index]);
  }

  reset() {
    Object.assign(this, { rowSort: 0, columnSort: 0, share: 0 });
    this.rows.select.value = this.columns.select.value = this.slider.value = "0";
    this.apply();
  }

  apply() {
    const { view, slice } = this;
    const [rows, columns] = [this.data.rows.labels.length, this.data.columns.labels.length];
    const at = (row, column) => slice.values[row * columns + column];
    const cursor = view.cursor ?? { row: 0, column: 0 };
    const row = index => range(columns).map(column => at(index, column));
    const column = index => range(rows).map(row => at(row, index));
    view.rowOrder = this.order(rows, this.rowSort, row, index => at(index, cursor.column));
    view.columnOrder = this.order(columns, this.columnSort, column, index => at(cursor.row, index));
    view.threshold = this.share * largest(slice.values);
    this.limit.textContent = this.share === 0 ? "off" : `|${slice.valueLabel}| < ${show(view.threshold, 3)}`;
    this.slider.setAttribute("aria-valuetext", this.limit.textContent);
    view.show(slice);
  }

  order(count, sort, line, chosen) {
    const average = index => mean(line(index));
    const score = [null, average, average, index => largest(line(index)), chosen][sort];
    return score === null ? range(count) : sorted(count, score, sort === 2 ? 1 : -1);
  }
}

function startHeatmap(data) {
  const view = new HeatmapView(data.rows, data.columns, data.title);
  const controls = new HeatmapControls(data, view);
  return [controls.node, view.node];
}
