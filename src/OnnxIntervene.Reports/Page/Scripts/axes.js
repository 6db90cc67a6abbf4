const ruler = document.createElement("canvas").getContext("2d");

function widthOf(text) {
  ruler.font = '12px system-ui, "DejaVu Sans", sans-serif';
  return ruler.measureText(text).width;
}

const plain = shown => Array.isArray(shown) ? shown.join("") : shown;

const widest = axis => Math.max(...axis.shown.map(shown => widthOf(plain(shown))));

// One label in 1, 2, 5, 10 … is drawn where all would touch.
function stride(needed, each) {
  for (let power = 1; ; power *= 10) {
    for (const step of [1, 2, 5]) {
      if (step * power * each >= needed) return step * power;
    }
  }
}

// A label, its outer spaces as faint dots.
function axisText(shown, attributes) {
  const text = shape("text", { "dominant-baseline": "central", ...attributes });
  if (!Array.isArray(shown)) {
    text.textContent = shown;
    return text;
  }
  shown.forEach((piece, index) => {
    if (!piece) return;
    const part = shape("tspan", index % 2 === 0 ? { class: "faint" } : {});
    part.textContent = piece;
    text.append(part);
  });
  return text;
}

const turned = (x, y) => ({ x, y, transform: `rotate(-90 ${x} ${y})` });

// A place of an axis in words: numbers speak for themselves, tokens need their position.
function placeName(axis, index) {
  const label = axis.labels[index];
  return /^\d+$/.test(label) ? `${axis.name} ${label}` : `${axis.name} ${index} “${label}”`;
}
