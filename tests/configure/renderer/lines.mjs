// The renderer of the static page under node, as the prover is run: requests and answers are lines.
// node lines.mjs FOLDER FILES.js. A request {"yaml": text} is answered with the events of that text.

import fs from "node:fs";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, script] = process.argv.slice(2);
const { files, tree } = await import(pathToFileURL(script));
const FS = {
  readdir: (path) => [".", "..", ...fs.readdirSync(path)],
  stat: (path) => fs.statSync(path),
  lstat: (path) => fs.lstatSync(path),
  isDir: (mode) => (mode & 0o170000) === 0o040000,
  readFile: (path) => new Uint8Array(fs.readFileSync(path)),
};
globalThis.fs = files(FS);
globalThis.tree = tree(FS);
await import(pathToFileURL(`${folder}/wasm_exec.js`));
const go = new Go();
const { instance } = await WebAssembly.instantiate(fs.readFileSync(`${folder}/renderer.wasm`), go.importObject);
go.run(instance);
for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answer = request.yaml === undefined ? globalThis.prover(line) : globalThis.events(request.yaml);
  process.stdout.write(`${answer.trimEnd()}\n`);
}
process.exit(0);
