// Numbers come as little-endian bytes in base64.
function decode(block) {
  if (!block) return null;
  const bytes = Uint8Array.from(atob(block.data), letter => letter.charCodeAt(0));
  const count = bytes.length * 8 / block.bits;
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: count }, (_, index) =>
    block.bits === 32 ? view.getFloat32(index * 4, true) : view.getFloat64(index * 8, true));
}

const readNumbers = data => ({ ...data, values: decode(data.values), errors: decode(data.errors) });

const MISSING = "not measured";

function show(number, digits = 6) {
  if (Number.isNaN(number)) return MISSING;
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  return String(Number(number.toPrecision(digits))).replace("-", "−");
}

// A number with its standard error and how many measurements it is the mean of.
function measured(value, error, count) {
  if (Number.isNaN(value)) return show(value);
  const spread = error === undefined || Number.isNaN(error) ? "" : ` ± ${show(error, 2)}`;
  const size = count === undefined ? "" : ` (n = ${count})`;
  return show(value, spread ? 4 : 6) + spread + size;
}

const range = count => Array.from({ length: count }, (_, index) => index);

const mean = numbers => {
  const known = numbers.filter(Number.isFinite);
  return known.length ? known.reduce((sum, number) => sum + number, 0) / known.length : NaN;
};

const largest = numbers =>
  numbers.reduce((most, number) => Number.isFinite(number) ? Math.max(most, Math.abs(number)) : most, 0);

// Places in the order of their scores, what has none last, equal ones as they were.
const sorted = (count, score, sign) => range(count).sort((one, other) => {
  const [a, b] = [score(one), score(other)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b) || one - other;
  return sign * (a - b) || one - other;
});

const channels = color => [1, 3, 5].map(start => parseInt(color.slice(start, start + 2), 16));

const themeColor = name => channels(getComputedStyle(document.documentElement).getPropertyValue(name).trim());

// The same colours as in the pictures: stops evenly spaced, mixed between.
function painter(scale) {
  const stops = scale.stops.map(channels);
  const missing = channels(scale.missing);
  return value => {
    if (Number.isNaN(value)) return missing;
    const held = Math.min(Math.max(value, scale.minimum), scale.maximum);
    const place = (held - scale.minimum) / (scale.maximum - scale.minimum) * (stops.length - 1);
    const index = Math.min(Math.floor(place), stops.length - 2);
    return stops[index].map((from, channel) => Math.round(from + (stops[index + 1][channel] - from) * (place - index)));
  };
}

// Black or white, whichever can be read on a colour (WCAG 2, relative luminance).
function inkOn(color) {
  const [red, green, blue] = color.map(channel => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}
