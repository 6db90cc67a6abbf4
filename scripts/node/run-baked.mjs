// node run-baked.mjs MODEL.onnx NUMBERS.safetensors 5,17,42 [TOLERANCE]
import { readFileSync } from "node:fs";
import ort from "onnxruntime-node";
import { compare, readSafetensors } from "../web/compare.mjs";

const [model, numbers, list, tolerance = "1e-4"] = process.argv.slice(2);
if (!list) {
  console.error("Usage: node run-baked.mjs MODEL.onnx NUMBERS.safetensors 5,17,42 [TOLERANCE]");
  process.exit(2);
}

const file = readFileSync(numbers);
const tensors = readSafetensors(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
const session = await ort.InferenceSession.create(model);
const largest = await compare(ort, session, tensors, list.split(",").map(BigInt));
console.log(`largest difference ${largest}`);
process.exitCode = largest <= Number(tolerance) ? 0 : 1;
