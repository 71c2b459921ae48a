// The engine in one place: Python, and the renderer as WebAssembly, which reads Python's files. No server is asked.

import { files, kept, tree, unpacked, written } from "./files.js";
import { loadPyodide } from "./pyodide.js";
import "./wasm_exec.js";

// A part of the page: packed, so that every server sends few bytes, whatever it thinks of the kind of file.
async function part(name) {
  const response = await asked(new URL(`${name}.packed`, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  const kind = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return new Response(response.body.pipeThrough(new DecompressionStream("gzip")), { headers: { "Content-Type": kind } });
}

const asked = globalThis.fetch;
const whole = async (name) => (await part(name)).arrayBuffer();

// A function from what the page says to the answer, both texts of JSON. Before it can answer, `first` hears the manifests
// of the defaults, which need no Python.
export async function start(first) {
  const go = new Go();
  go.env = { GOGC: "400" };
  const loading = Promise.all([pyodide(), whole("lib.zip")]);
  loading.catch(() => {}); // it is awaited below
  const [chart, renderer] = await Promise.all([
    whole("chart.zip"),
    part("renderer.wasm").then((response) => WebAssembly.instantiateStreaming(response, go.importObject)),
  ]);
  const FS = kept("/page", unpacked(chart));
  globalThis.fs = files(FS);
  globalThis.tree = tree(FS);
  go.run(renderer.instance);
  // The browser compiles Python meanwhile.
  const render = { chart: "/page/chart", values: [], release: "llm", namespace: "default", known: true };
  first(JSON.parse(globalThis.prover(JSON.stringify({ id: 0, render }))).text);
  const [python, lib] = await loading;
  for (const name of Object.keys(FS)) FS[name] = (given) => python.FS[name](given);
  written(python.FS, "/page/lib", unpacked(lib));
  written(python.FS, "/page", unpacked(chart));
  // What its memory knows of archives is of those that had everything.
  python.runPython("import sys, zipimport; sys.path_importer_cache.clear(); zipimport._zip_directory_cache.clear()");
  return python.pyimport("engine").start(globalThis.prover, globalThis.events, "/page");
}

// Pyodide asks for its parts by their names. It begins with its memory as compile.mjs left it.
async function pyodide() {
  const place = new URL(".", import.meta.url).href;
  globalThis.fetch = (url) => part(String(url).slice(place.length));
  const lockFileContents = part("lock.json").then((response) => response.text());
  return loadPyodide({
    indexURL: place, stdLibURL: `${place}python.zip`, lockFileContents, _loadSnapshot: await whole("memory.bin"),
  });
}
