// Nodes and edges are in the page already; this makes the edges of one node stand out, and lists them.
class NodeGraphView {
  constructor(data, svg) {
    Object.assign(this, { data, svg, node: -1 });
    this.stage = element("div", {
      class: "stage plot", tabindex: "0", role: "application", "aria-roledescription": "graph",
      "aria-label": `${data.title}. Left and right arrow keys move from node to node.`,
    });
    this.status = readout();
    svg.replaceWith(this.stage);
    this.stage.append(svg);
    this.nodes = data.nodes.map((_, index) => svg.querySelector(`.node-${index}`));
    this.edges = data.edges.map((_, index) => svg.querySelector(`.edge-${index}`));
    this.listen();
  }

  describe() {
    const { data, node } = this;
    const lines = data.edges.filter(edge => edge.from === node || edge.to === node)
      .map(edge => `${data.nodes[edge.from]} → ${data.nodes[edge.to]}${edge.label && `.${edge.label}`}: ${edge.text}`);
    return `${data.nodes[node]}. ${lines.join(", ")}`;
  }

  choose(node) {
    this.node = Math.min(Math.max(node, 0), this.nodes.length - 1);
    this.data.edges.forEach((edge, index) => {
      this.edges[index].style.opacity = edge.from === this.node || edge.to === this.node ? "" : "0.12";
    });
    this.status.textContent = this.describe();
  }

  leave() {
    for (const edge of this.edges) edge.style.opacity = "";
  }

  listen() {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    this.nodes.forEach((node, index) => node.addEventListener("pointerenter", () => this.choose(index)));
    this.stage.addEventListener("pointerleave", () => this.leave());
    this.stage.addEventListener("focus", () => this.choose(Math.max(this.node, 0)));
    this.stage.addEventListener("blur", () => this.leave());
    this.stage.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in steps)) return;
      this.choose(this.node + steps[event.key]);
      event.preventDefault();
    });
  }
}

function startGraph(data, figure) {
  const view = new NodeGraphView(data, figure.querySelector("svg"));
  figure.querySelector(".wide").after(view.status);
  return [];
}
