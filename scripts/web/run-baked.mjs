// node run-baked.mjs MODEL.onnx NUMBERS.safetensors 5,17,42 [TOLERANCE]
// Serves a page on 127.0.0.1 that runs the model in onnxruntime-web, opens it in headless Chromium, and reads what the
// page reports. The model must be one file (bake --copy-weights).
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [model, numbers, ids, tolerance = "1e-4"] = process.argv.slice(2);
if (!ids) {
  console.error("Usage: node run-baked.mjs MODEL.onnx NUMBERS.safetensors 5,17,42 [TOLERANCE]");
  process.exit(2);
}

const page = `<!doctype html><script type="module">
import * as ort from "/ort/ort.wasm.min.mjs";
import { compare, readSafetensors } from "/compare.mjs";
let report;
try {
  ort.env.wasm.wasmPaths = "/ort/";
  ort.env.wasm.numThreads = 1;
  const read = async (path) => (await fetch(path)).arrayBuffer();
  const session = await ort.InferenceSession.create(await read("/model"));
  const largest = await compare(
    ort,
    session,
    readSafetensors(await read("/numbers")),
    ${JSON.stringify(ids)}.split(",").map(BigInt),
  );
  report = { largest };
} catch (fault) {
  report = { fault: String(fault) };
}
await fetch("/report", { method: "POST", body: JSON.stringify(report) });
</script>`;

const types = { html: "text/html", mjs: "text/javascript", wasm: "application/wasm" };
const profile = mkdtempSync(join(tmpdir(), "run-baked-"));
let browser;
const server = createServer((request, response) => {
  if (request.method === "POST") {
    let body = "";
    request.on("data", (part) => (body += part)).on("end", () => {
      response.end();
      finish(JSON.parse(body));
    });
    return;
  }
  const path = new URL(request.url, "http://127.0.0.1").pathname;
  try {
    const [content, type] =
      path === "/" ? [page, "html"]
      : path === "/model" ? [readFileSync(model), ""]
      : path === "/numbers" ? [readFileSync(numbers), ""]
      : path === "/compare.mjs" ? [readFileSync(join(here, "compare.mjs")), "mjs"]
      : [readFileSync(join(here, "node_modules/onnxruntime-web/dist", path.split("/").pop())), path.split(".").pop()];
    response.setHeader("Content-Type", types[type] ?? "application/octet-stream");
    response.end(content);
  } catch {
    response.statusCode = 404;
    response.end();
  }
});

// Chromium's children write a little longer than it lives.
function removeProfile() {
  setTimeout(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }), 500);
}

function finish(report) {
  clearTimeout(limit);
  browser?.on("exit", removeProfile);
  browser?.kill();
  server.close();
  server.closeAllConnections();
  console.log(report.fault ?? `largest difference ${report.largest}`);
  process.exitCode = !report.fault && report.largest <= Number(tolerance) ? 0 : 1;
}

const limit = setTimeout(() => finish({ fault: "Chromium reported nothing in 120 seconds." }), 120_000);
server.listen(0, "127.0.0.1", () => {
  const address = `http://127.0.0.1:${server.address().port}/`;
  browser = spawn(process.env.CHROMIUM ?? "chromium", [
    "--headless=new", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`, address,
  ], { stdio: "ignore" });
  browser.on("error", (fault) => finish({ fault: `Chromium cannot be started: ${fault.message}` }));
});
