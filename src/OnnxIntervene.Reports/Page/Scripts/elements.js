// Elements are made one by one and text is only ever text: labels come from prompts and models.
function addTo(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const element = (name, attributes = {}, ...children) => addTo(document.createElement(name), attributes, children);

const shape = (name, attributes = {}, ...children) =>
  addTo(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

function chooser(text, labels, changed) {
  const select = element("select", {}, ...labels.map((label, index) => {
    const option = element("option", { value: String(index) });
    option.textContent = label;
    return option;
  }));
  select.addEventListener("change", () => changed(Number(select.value)));
  return { select, label: element("label", {}, text, select) };
}

function button(text, pressed) {
  const made = element("button", { type: "button" }, text);
  made.addEventListener("click", pressed);
  return made;
}

// What is said below a figure: read out by screen readers whenever it changes.
const readout = () => element("div", { class: "readout", role: "status", "aria-live": "polite" });

const tooltip = () => element("div", { class: "tooltip", hidden: "", "aria-hidden": "true" });

// Places a tooltip beside a point of its stage, on the side that has room.
function placeTooltip(tip, stage, x, y, text) {
  tip.textContent = text;
  tip.hidden = false;
  const fits = x + 14 + tip.offsetWidth <= stage.clientWidth;
  tip.style.left = `${fits ? x + 14 : Math.max(0, x - 14 - tip.offsetWidth)}px`;
  tip.style.top = `${Math.max(0, y - tip.offsetHeight - 4)}px`;
}
