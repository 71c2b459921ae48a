// The engine in one place: Python, and the renderer as WebAssembly, which reads Python's files. No server is asked.

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

// A function from what the page says to the answer, both texts of JSON.
export async function start() {
  const go = new Go();
  go.env = { GOGC: "400" };
  const [python, lib, chart, renderer] = await Promise.all([
    pyodide(), whole("lib.zip"), whole("chart.zip"),
    part("renderer.wasm").then((response) => WebAssembly.instantiateStreaming(response, go.importObject)),
  ]);
  python.FS.writeFile("/lib.zip", new Uint8Array(lib));
  python.unpackArchive(chart, "zip", { extractDir: "/chart" });
  globalThis.fs = files(python.FS);
  go.run(renderer.instance);
  python.runPython("import sys; sys.path.insert(0, '/lib.zip')");
  return python.pyimport("engine").start(globalThis.prover, globalThis.events, "/chart");
}

// Pyodide asks for its parts by their names.
function pyodide() {
  const place = new URL(".", import.meta.url).href;
  globalThis.fetch = (url) => part(String(url).slice(place.length));
  const lockFileContents = part("lock.json").then((response) => response.text());
  return loadPyodide({ indexURL: place, stdLibURL: `${place}python.zip`, lockFileContents });
}

// Node's fs, as far as Go reads files with it, on those of Python.
export function files(FS) {
  const open = new Map();
  let last = 100;
  const wrong = (error) => Object.assign(new Error("no such file"), { code: error.errno === 54 ? "ENOTDIR" : "ENOENT" });
  const answered = (make) => (...given) => {
    const done = given.pop();
    let made;
    try {
      made = make(...given);
    } catch (error) {
      done(error.code ? error : wrong(error));
      return;
    }
    done(null, made);
  };
  const stat = (path, follow) => {
    const found = follow ? FS.stat(path) : FS.lstat(path);
    const time = Number(found.mtime);
    return {
      dev: 1, ino: found.ino, mode: found.mode, nlink: 1, uid: 0, gid: 0, rdev: 0, size: found.size, blksize: 4096,
      blocks: Math.ceil(found.size / 512), atimeMs: time, mtimeMs: time, ctimeMs: time, isDirectory: () => FS.isDir(found.mode),
    };
  };
  const only = () => { throw Object.assign(new Error("read-only"), { code: "EROFS" }); };
  const refused = Object.fromEntries(
    ["chmod", "chown", "fchmod", "fchown", "fsync", "ftruncate", "lchown", "link", "mkdir", "readlink", "rename", "rmdir",
      "symlink", "truncate", "unlink", "utimes"].map((name) => [name, answered(only)]),
  );
  return {
    ...refused,
    constants: { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_TRUNC: 512, O_APPEND: 1024, O_EXCL: 128, O_DIRECTORY: 65536 },
    writeSync: (_, data) => data.length, // what the program prints, nobody reads
    write: answered((_, data) => data.length),
    stat: answered((path) => stat(path, true)),
    lstat: answered((path) => stat(path, false)),
    fstat: answered((number) => stat(open.get(number).path, true)),
    readdir: answered((path) => FS.readdir(path).filter((name) => name !== "." && name !== "..")),
    open: answered((path, flags) => {
      if (flags & 3) only();
      const folder = stat(path, true).isDirectory();
      open.set(++last, { path, data: folder ? new Uint8Array() : FS.readFile(path), at: 0 });
      return last;
    }),
    close: answered((number) => { open.delete(number); }),
    read: answered((number, buffer, offset, length, position) => {
      const file = open.get(number);
      const from = position ?? file.at;
      const found = file.data.subarray(from, from + length);
      buffer.set(found, offset);
      if (position === null || position === undefined) file.at += found.length;
      return found.length;
    }),
  };
}
