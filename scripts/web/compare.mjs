// Reads what the command line writes: a length, a header in JSON, little-endian numbers.
export function readSafetensors(buffer) {
  const view = new DataView(buffer);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const bytes = buffer.slice(8 + length + data_offsets[0], 8 + length + data_offsets[1]);
    if (dtype === "F32") tensors[name] = { shape, numbers: new Float32Array(bytes) };
    else if (dtype === "I64") tensors[name] = { shape, numbers: new BigInt64Array(bytes) };
  }
  return tensors;
}

// Feeds token ids, a mask of ones, positions from 0 and an empty cache, as far as the model asks for them.
export function feedsOf(ort, session, ids) {
  const row = (numbers) => new ort.Tensor("int64", BigInt64Array.from(numbers), [1, ids.length]);
  const feeds = {};
  for (const input of session.inputMetadata) {
    if (input.name === "input_ids") feeds[input.name] = row(ids);
    else if (input.name === "attention_mask") feeds[input.name] = row(ids.map(() => 1n));
    else if (input.name === "position_ids") feeds[input.name] = row(ids.map((_, index) => BigInt(index)));
    else if (input.name === "token_type_ids") feeds[input.name] = row(ids.map(() => 0n));
    else if (input.name.startsWith("past_key_values.")) {
      const [, heads, , width] = input.shape;
      feeds[input.name] = new ort.Tensor("float32", new Float32Array(0), [1, heads, 0, width]);
    } else throw new Error(`The model needs '${input.name}', which this script does not know.`);
  }
  return feeds;
}

// The largest difference of the logits from those that the command line wrote under the interventions.
export async function compare(ort, session, tensors, ids) {
  const results = await session.run(feedsOf(ort, session, ids));
  const name = session.outputNames[0];
  const expected = tensors[name] ?? tensors[`${name}.after`];
  if (!expected) throw new Error(`The file has no tensor '${name}'. It has: ${Object.keys(tensors).join(", ")}.`);
  const actual = results[name].data;
  if (actual.length !== expected.numbers.length)
    throw new Error(`The model outputs ${actual.length} numbers, and the file has ${expected.numbers.length}.`);
  let largest = 0;
  for (let index = 0; index < actual.length; index++) {
    const difference = Math.abs(actual[index] - expected.numbers[index]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
