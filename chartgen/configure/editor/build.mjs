// Bundles the editor of the page: node build.mjs PLACE SOURCE OUT. PLACE has the packages of package-lock.json; OUT gets
// editor.js and the licenses of all that is in it.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [place, source, out] = process.argv.slice(2);
const { build } = createRequire(join(place, "package.json"))("esbuild");
const done = await build({
  stdin: { contents: readFileSync(source, "utf8"), resolveDir: place, sourcefile: "editor.js" },
  absWorkingDir: place, bundle: true, format: "esm", target: "es2022", minify: true, charset: "utf8",
  legalComments: "none", metafile: true, write: false,
});
const names = new Set();
for (const input of Object.keys(done.metafile.inputs)) {
  const [, name] = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//) ?? [];
  if (name) names.add(name);
}
const packages = [...names].sort().map((name) => {
  const folder = join(place, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (license !== "MIT") throw new Error(`${name} has the license ${license}, not MIT`);
  return { name, version, text: readFileSync(join(folder, "LICENSE"), "utf8").trim() };
});
const list = packages.map(({ name, version }) => `//   ${name} ${version}`).join("\n");
const head = `// Made by \`make editor\` from chartgen/configure/editor and its package-lock.json. Do not edit.
// It contains, under the MIT license; the notices are in editor.licenses.txt:
${list}
`;
writeFileSync(join(out, "editor.js"), head + done.outputFiles[0].text);
writeFileSync(join(out, "editor.licenses.txt"),
  packages.map(({ name, text }) => `${name}\n${"=".repeat(name.length)}\n\n${text}\n\n\n`).join(""));
