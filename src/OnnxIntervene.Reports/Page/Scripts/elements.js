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

// Places a tooltip beside a point of the window, on the sides that have room. Its host does not scroll, so that the
// tooltip is never cut off.
function placeTooltip(tip, x, y, text) {
  tip.textContent = text;
  tip.hidden = false;
  const host = tip.parentElement.getBoundingClientRect();
  const [across, down] = [x - host.left, y - host.top];
  const fits = across + 14 + tip.offsetWidth <= host.width;
  const left = fits ? across + 14 : across - 14 - tip.offsetWidth;
  const isAbove = y - tip.offsetHeight - 14 >= 0 && down - tip.offsetHeight - 14 >= -40;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${isAbove ? down - tip.offsetHeight - 14 : down + 14}px`;
}
