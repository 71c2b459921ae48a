// Compiles Python for the page by the page's own Python, so that no visitor's browser has to: 
// node compile.mjs PYODIDE PLACE. Each folder PLACE/NAME.source becomes PLACE/NAME.zip, in which nothing is packed.

import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, place] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide();
python.FS.mkdirTree("/work");
python.FS.mount(python.FS.filesystems.NODEFS, { root: place }, "/work");
python.runPython(`
import importlib.util, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc
from pathlib import Path

for source in sorted(Path("/work").glob("*.source")):
    with zipfile.ZipFile(source.with_suffix(".zip"), "w") as made:
        for file in sorted(source.rglob("*")):
            name, data = file.relative_to(source).as_posix(), file.read_bytes() if file.is_file() else b""
            if file.suffix == ".py":
                # Without docstrings, and never compared with a source that is not there.
                code = compile(data, name, "exec", dont_inherit=True, optimize=2)
                name, data = name + "c", _code_to_hash_pyc(code, importlib.util.source_hash(data), False)
            if file.is_file():
                made.writestr(zipfile.ZipInfo(name), data)
`);

const begun = await loadPyodide({ _makeSnapshot: true, stdLibURL: `${place}/python.zip` });
begun.unpackArchive(new Uint8Array(fs.readFileSync(`${place}/lib.zip`)), "zip", { extractDir: "/page/lib" });
const imported = begun.runPython(`
import sys
sys.path.insert(0, "/page/lib")
import engine
" ".join(sorted(file for module in sys.modules.values() if (file := getattr(module, "__file__", None))))
`);
fs.writeFileSync(`${place}/memory.bin`, begun.makeMemorySnapshot());
python.globals.set("imported", imported);
python.runPython(`
for name, top in (("python", "/lib/python314.zip/"), ("lib", "/page/lib/")):
    gone = {file.removeprefix(top) for file in imported.split() if file.startswith(top)}
    whole, made = Path("/work", name + ".zip"), Path("/work", name + ".rest")
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(made, "w") as rest:
        for each in archive.infolist():
            if each.filename not in gone:
                rest.writestr(zipfile.ZipInfo(each.filename), archive.read(each))
    made.replace(whole)
`);
