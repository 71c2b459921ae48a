"""The static page: one folder with the questions of a chart, chartgen's own Python and the renderer, for any web server.

The page's worker runs chartgen's modules by Pyodide, and the prover as WebAssembly (programs/renderer.py). Nothing that
the page calculates is written twice. Pyodide comes from npm, by its checksum; it and all Python are compiled once and
kept beside the tools.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ..chart import disk
from ..chart.loaded import LoadedChart
from ..files import below
from ..paths import HERE
from ..problem import Say, ToolError, fault
from ..programs import gorun, renderer, tools
from ..programs import prover as provers
from ..programs.prover import Prover
from ..programs.run import hermetic
from . import questions
from .look import Shown, look

PAGE, INSIDE = Path(__file__).with_name("page"), Path(__file__).with_name("inside")
PYODIDE = "pyodide@314.0.7"
SUM = "sha512-0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
TIMEOUT = 300  # seconds for npm, or for node
# Pyodide's scripts by names that every web server knows as scripts.
SCRIPTS = {"pyodide.mjs": "pyodide.js", "pyodide.asm.mjs": "pyodide.asm.js"}
# Of chartgen, what the page does not do: the commands, and what they read and write.
LEFT = (
    "cli.py",
    "__main__.py",
    "terminal.py",
    "configure/inside",
    "fragments",
    "importing",
    "release",
    "remote",
    "stacks",
)
LIBRARIES = ("yaml", "jsonschema", "jsonschema_specifications", "referencing", "attr", "attrs", "typing_extensions")
# Of Python, what serves programmers, networks, terminals and databases.
UNUSED = (
    "_pyrepl compression/zstd concurrent/interpreters ctypes curses dbm doctest ensurepip http/cookiejar http/server "
    "imaplib ftplib lib2to3 mailbox multiprocessing nntplib pdb pickletools poplib profile pstats pydoc pydoc_data "
    "site-packages smtplib socketserver sqlite3 tarfile test tkinter tracemalloc turtle unittest venv webbrowser wsgiref "
    "xml xmlrpc zoneinfo"
).split()
MARK = '<meta name="generator" content="chartgen">'
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self' 'unsafe-inline';"
    " connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


def write(chart: LoadedChart, folder: Path, say: Say) -> list[str]:
    """Make `folder` hold the page of a chart; what changed. A kill at any moment leaves the old folder or the new one."""
    for program, what in (
        ("go", f"Go {gorun.oldest()} or newer from https://go.dev/dl"),
        ("node", NODE),
        ("npm", NODE),
    ):
        if shutil.which(program) is None:
            raise ToolError(
                f"the static page needs {program}, which is not on the PATH; install {what}, or use --serve"
            )
    disk.refuse(folder, _ours)
    programs = tools.ensure(["prover"], say)
    with tempfile.TemporaryDirectory(prefix="chartgen-prover-") as place:
        prover = Prover(programs["prover"].path, hermetic(Path(place)) | provers.MEMORY)
        try:
            return disk.replace(_files(chart, prover, say), folder, _ours)
        finally:
            prover.end()


NODE = "Node.js from https://nodejs.org"


def _ours(folder: Path) -> bool:
    index = folder / "index.html"
    return index.is_file() and MARK in index.read_text(encoding="utf-8", errors="replace")


def _files(chart: LoadedChart, prover: Prover, say: Say) -> dict[str, bytes]:
    if prover.chart(chart.folder) is None:
        raise fault(chart.shown, "cannot be rendered in a page: it has subcharts, or is a library", "use --serve")
    with tempfile.TemporaryDirectory(prefix="chartgen-configure-") as place:
        first = look(Shown.of(chart, Path(place)), "", say, prover)
    built, python = renderer.ensure(prover, say), _python(say)
    parts = {
        f"{name}.packed": gzip.compress((folder / name).read_bytes(), 9, mtime=0)
        for folder, names in ((built, (renderer.PROGRAM,)), (python, ("pyodide.asm.wasm", "lock.json", "python.zip", "lib.zip")))
        for name in names
    }
    parts |= {name: (python / name).read_bytes() for name in SCRIPTS.values()}
    parts |= {name: (INSIDE / name).read_bytes() for name in ("engine.js", "worker.js")}
    parts[renderer.SCRIPT] = (built / renderer.SCRIPT).read_bytes()
    parts["chart.zip.packed"] = gzip.compress(_zipped(chart), 9, mtime=0)
    # A browser that keeps an older part never has it beside a newer one.
    hashed = hashlib.sha256(b"".join(hashlib.sha256(data).digest() for _, data in sorted(parts.items()))).hexdigest()
    where = f"parts-{hashed[:12]}"
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    index = index.replace('<html lang="en">', f'<html lang="en" data-parts="{where}/">')
    index = index.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{policy}\n{MARK}')
    page = questions.page(chart) | {"first": {"text": "", **first}}
    made = {file.name: file.read_bytes() for file in PAGE.iterdir()} | {"index.html": index.encode()}
    made["page.json"] = json.dumps(page).encode()
    return made | {f"{where}/{name}": data for name, data in parts.items()}


def _zipped(chart: LoadedChart) -> bytes:
    """The chart's files, and what loading it found, as an archive in which nothing is packed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted(below(chart.folder)):
            archive.writestr(zipfile.ZipInfo(f"chart/{path}"), (chart.folder / path).read_bytes())
        known = {"name": chart.name, "shown": chart.shown, "schema": chart.schema is not None}
        known["defaults"] = chart.defaults.data
        archive.writestr(zipfile.ZipInfo("known.json"), json.dumps(known))
    return made.getvalue()


def _python(say: Say) -> Path:
    """The folder with Pyodide, its library and chartgen's modules, compiled; made where it is not there."""
    sources = dict(_sources())
    code = [name.encode() + b"\0" + data for name, data in sorted(sources.items())]
    code += [(INSIDE / "compile.mjs").read_bytes(), Path(__file__).read_bytes()]
    place = renderer.kept("python", hashlib.sha256(b"\0".join(code)).hexdigest())
    if not place.is_dir():
        with tools.locked("page", say):
            if not place.is_dir():
                _compile(sources, place, say)
    return place


def _sources() -> Iterator[tuple[str, bytes]]:
    """(name, content) of the modules in the page: chartgen's, those that it uses, and what stands in for others."""
    left = tuple(each if each.endswith(".py") else f"{each}/" for each in LEFT)
    for path in below(HERE):
        if path.endswith(".py") and not path.startswith(left):
            yield f"chartgen/{path}", (HERE / path).read_bytes()
    for library in LIBRARIES:
        found = importlib.util.find_spec(library)
        if found is None or found.origin is None:
            continue
        file = Path(found.origin)
        if file.name != "__init__.py":
            yield file.name, file.read_bytes()
            continue
        for path in below(file.parent):
            if path.endswith((".py", ".json")) and not {"tests", "benchmarks"} & set(path.split("/")):
                yield f"{library}/{path}", (file.parent / path).read_bytes()
    for name, path in (("engine.py",) * 2, ("rpds.py",) * 2, ("_yaml.py", "yaml/_yaml.py")):
        yield path, (INSIDE / name).read_bytes()


def _compile(sources: dict[str, bytes], place: Path, say: Say) -> None:
    fresh = renderer.begun(place)
    try:
        _fetch(fresh, say)
        kept = fresh / "pyodide"
        with zipfile.ZipFile(kept / "python_stdlib.zip") as archive:
            names = [name for name in archive.namelist() if not _unused(name)]
            archive.extractall(fresh / "python.source", names)
        for name, data in sources.items():
            file = fresh / "lib.source" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        _run(["node", str(INSIDE / "compile.mjs"), str(fresh)], fresh, "compiling Python for the page", say)
        os.rename(kept / "pyodide.asm.wasm", fresh / "pyodide.asm.wasm")
        lock = json.loads((kept / "pyodide-lock.json").read_text(encoding="utf-8"))
        # Its packages are elsewhere; the page uses none of them.
        (fresh / "lock.json").write_text(json.dumps({"info": lock["info"], "packages": {}}), encoding="utf-8")
        for name, script in SCRIPTS.items():
            text = (kept / name).read_text(encoding="utf-8")
            for each, other in SCRIPTS.items():
                text = text.replace(each, other)
            (fresh / script).write_text(text, encoding="utf-8")
        for folder in (kept, fresh / "python.source", fresh / "lib.source"):
            shutil.rmtree(folder)
        os.rename(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _unused(name: str) -> bool:
    return any(name.startswith((f"{each}/", f"{each}.")) for each in UNUSED)


def _fetch(place: Path, say: Say) -> None:
    """Pyodide in the folder `place`/pyodide, by npm; ToolError where it cannot be had, or is not what was pinned."""
    _run(["npm", "pack", "--silent", PYODIDE], place, f"getting {PYODIDE} from npm", say)
    (package,) = place.glob("*.tgz")
    data = package.read_bytes()
    if "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode() != SUM:
        raise ToolError(f"{PYODIDE}: what npm downloaded does not have the pinned checksum; use another registry")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(place, filter="data")
    os.rename(place / "package", place / "pyodide")
    package.unlink()


def _run(command: list[str], folder: Path, what: str, say: Say) -> None:
    say(what)
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise ToolError(f"{what}: no end after {TIMEOUT} s") from None
    if done.returncode:
        last = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-8:])
        raise ToolError(f"{what} failed: {last}")
