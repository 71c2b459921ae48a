// Compiles Python for the page by the page's own Python, so that no visitor's browser has to: 
// node compile.mjs PYODIDE PLACE. Each folder PLACE/NAME.source becomes PLACE/NAME.zip, in which nothing is packed.

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
