// Lines are in the page already; this adds a cursor that reads them and boxes that hide them.
class LinePlotView {
  constructor(data, svg) {
    Object.assign(this, { data, svg, place: -1 });
    this.series = data.series.map(series => ({ ...readNumbers(series), shown: true }));
    this.stage = element("div", {
      class: "stage plot", tabindex: "0", role: "application", "aria-roledescription": "line plot",
      "aria-label": `${data.title}. Left and right arrow keys move along the axis.`,
    });
    this.tip = tooltip();
    this.status = readout();
    svg.replaceWith(this.stage);
    this.stage.append(svg);
    this.line = shape("line", { class: "cursor-line", y1: data.top, y2: data.bottom, visibility: "hidden" });
    svg.append(this.line);
    this.listen();
  }

  boxes() {
    return this.series.map((series, index) => {
      const box = element("input", { type: "checkbox", checked: "" });
      box.addEventListener("change", () => {
        series.shown = box.checked;
        this.svg.querySelector(`.series-${index}`).style.display = box.checked ? "" : "none";
        if (this.place >= 0) this.moveTo(this.place);
      });
      const label = element("label", {}, box);
      label.append(series.name);
      return label;
    });
  }

  describe() {
    const { data, place } = this;
    const lines = this.series.filter(series => series.shown).map(series =>
      `${series.name}: ${measured(series.values[place], series.errors?.[place], series.counts?.[place])}`);
    return [placeName(data.axis, place), ...lines];
  }

  moveTo(place) {
    this.place = Math.min(Math.max(place, 0), this.data.across.length - 1);
    const x = this.data.across[this.place];
    addTo(this.line, { x1: x, x2: x, visibility: "visible" }, []);
    const words = this.describe();
    this.status.textContent = words.join(", ");
    const area = this.svg.getBoundingClientRect();
    const scale = area.width / this.svg.viewBox.baseVal.width;
    placeTooltip(this.tip, area.left + x * scale, area.top + this.data.bottom * scale / 2, words.join("\n"));
  }

  leave() {
    this.tip.hidden = true;
    this.line.setAttribute("visibility", "hidden");
  }

  nearest(event) {
    const area = this.svg.getBoundingClientRect();
    const x = (event.clientX - area.left) * this.svg.viewBox.baseVal.width / area.width;
    const away = this.data.across.map(place => Math.abs(place - x));
    return away.indexOf(Math.min(...away));
  }

  listen() {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    this.stage.addEventListener("pointermove", event => this.moveTo(this.nearest(event)));
    this.stage.addEventListener("pointerleave", () => this.leave());
    this.stage.addEventListener("focus", () => this.moveTo(Math.max(this.place, 0)));
    this.stage.addEventListener("blur", () => this.leave());
    this.stage.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") this.tip.hidden = true;
      else if (event.key in steps) this.moveTo(this.place + steps[event.key]);
      else return;
      event.preventDefault();
    });
  }
}

function startLines(data, figure) {
  const view = new LinePlotView(data, figure.querySelector("svg"));
  figure.querySelector(".wide").after(view.tip, view.status);
  return view.series.length > 1 ? [element("div", { class: "controls" }, ...view.boxes())] : [];
}
