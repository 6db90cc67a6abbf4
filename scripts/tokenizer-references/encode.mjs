// Writes encodings.json beside each tokenizer.json: what Hugging Face's library makes of the texts. See
// make-tokenizers.py.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const { Tokenizer } = createRequire(path.join(process.cwd(), "node_modules/x.js"))("tokenizers");
const here = path.dirname(new URL(import.meta.url).pathname);
const { cases, families: own } = JSON.parse(fs.readFileSync(path.join(here, "texts.json"), "utf8"));
const families = process.argv.slice(3);

for (const name of fs.readdirSync(process.argv[2])) {
  const folder = path.join(process.argv[2], name);
  if (families.length ? !families.includes(name) : !fs.existsSync(path.join(folder, "tokenizer.json"))) continue;
  const tokenizer = Tokenizer.fromString(fs.readFileSync(path.join(folder, "tokenizer.json"), "utf8"));
  const file = JSON.parse(fs.readFileSync(path.join(folder, "tokenizer.json"), "utf8"));
  const added = [...new Set(file.added_tokens.map(token => token.content))];
  // Where a normalizer changes how many characters there are, the library's offsets are beside what a token covers.
  const isKept = text => file.normalizer === null || /^(?!.*(  |``))[ -~]*$/.test(text);
  const rows = [];
  for (const text of [...cases, ...(own[name] ?? []), ...added.map(token => `x ${token} y${token}`)]) {
    const plain = await tokenizer.encode(text, null, { addSpecialTokens: false });
    const framed = await tokenizer.encode(text, null, { addSpecialTokens: true });
    rows.push({
      text,
      ids: plain.getIds(),
      with_special: framed.getIds(),
      ...(isKept(text) ? { offsets: framed.getOffsets() } : {}),
      decoded: await tokenizer.decode(plain.getIds(), false),
      skipped: await tokenizer.decode(framed.getIds(), true),
    });
  }
  const lines = rows.map(row => JSON.stringify(row)).join(",\n");
  const head = `"version":1,"tokenizer":${JSON.stringify(name)},"note":"Hugging Face tokenizers 0.23.2"`;
  fs.writeFileSync(path.join(folder, "encodings.json"), `{${head},"cases":[\n${lines}\n]}\n`);
}
