function startTheme() {
  const root = document.documentElement;
  const isDark = () => getComputedStyle(root).colorScheme === "dark";
  const toggle = button("", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  const name = () => {
    toggle.textContent = isDark() ? "Light colours" : "Dark colours";
    document.dispatchEvent(new Event("themechange"));
  };
  toggle.className = "theme";
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  name();
  document.querySelector("main").prepend(toggle);
}

// Said once for each kind of figure.
const HINTS = {
  heatmap: "Point at a cell, or move with the arrow keys. Home, End, Page Up and Page Down go to the edges.",
  lines: "Point at the plot, or move with the left and right arrow keys.",
  graph: "Point at a node, or move from node to node with the left and right arrow keys, to see its edges.",
  attention: "Choose a head in the grid, point at a token, or move in either with the arrow keys.",
};

const STARTERS = { heatmap: startHeatmap, lines: startLines, graph: startGraph, attention: startAttention };

startTheme();
JSON.parse(document.getElementById("figures").textContent).forEach((data, index) => {
  const figure = document.querySelector(`[data-figure="${index}"]`);
  figure.prepend(...STARTERS[data.kind](data, figure));
  if (!HINTS[data.kind]) return;
  figure.insertBefore(element("p", { class: "hint" }, HINTS[data.kind]), figure.querySelector(":scope > figcaption"));
  delete HINTS[data.kind];
});
