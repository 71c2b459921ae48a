"""The static page: a folder with a chart, its questions, chartgen's own Python and the renderer, for any web server.

The page's worker runs chartgen's modules by Pyodide, and the prover as WebAssembly (programs/renderer.py). Nothing that
the page calculates is written twice.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from .. import files
from ..chart import disk
from ..chart.loaded import LoadedChart
from ..problem import Say, ToolError, fault
from ..programs import gorun, renderer, tools
from ..programs import prover as provers
from ..programs.prover import Prover
from ..programs.run import hermetic
from . import pagepython, questions
from .look import Shown, look

PAGE = Path(__file__).with_name("page")
NODE = "Node.js from https://nodejs.org"
NEEDS = {"go": f"Go {gorun.oldest()} or newer from https://go.dev/dl", "node": NODE, "npm": NODE}
MARK = '<meta name="generator" content="chartgen">'
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self' 'unsafe-inline';"
    " connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


def write(chart: LoadedChart, folder: Path, say: Say, published: str = "") -> list[str]:
    """Make `folder` hold the page of a chart; what changed. A kill leaves the old folder or the new one.

    The chart is `published` at this URL; see questions.page.
    """
    page = questions.page(chart, published)
    for program, where in NEEDS.items():
        if shutil.which(program) is None:
            raise ToolError(
                f"the static page needs {program}, which is not on the PATH; install {where}, or use --serve"
            )
    disk.refuse(folder, _ours)
    programs = tools.ensure(["prover"], say)
    with tempfile.TemporaryDirectory(prefix="chartgen-prover-") as place:
        prover = Prover(programs["prover"].path, hermetic(Path(place)) | provers.collector())
        try:
            return disk.replace(_files(chart, page, prover, say), folder, _ours)
        finally:
            prover.end()


def _ours(folder: Path) -> bool:
    index = folder / "index.html"
    return index.is_file() and MARK in index.read_text(encoding="utf-8", errors="replace")


def _files(chart: LoadedChart, page: dict[str, Any], prover: Prover, say: Say) -> dict[str, bytes]:
    if prover.chart(chart.folder) is None:
        raise fault(chart.shown, "cannot be rendered in a page: it has subcharts, or is a library", "use --serve")
    with tempfile.TemporaryDirectory(prefix="chartgen-configure-") as place:
        first = look(Shown.of(chart, Path(place)), "", say, prover)
    built, python = renderer.ensure(prover, say), pagepython.ensure(say)
    parts = {"renderer.wasm.packed": _packed(built / renderer.PROGRAM)}
    for name in ("pyodide.asm.wasm", "lock.json", "memory.bin", "python.zip", "lib.zip"):
        parts[f"{name}.packed"] = _packed(python / name)
    parts |= {name: (python / name).read_bytes() for name in pagepython.SCRIPTS.values()}
    parts |= {name: (pagepython.INSIDE / name).read_bytes() for name in ("engine.js", "files.js", "worker.js")}
    parts[renderer.SCRIPT] = (built / renderer.SCRIPT).read_bytes()
    parts["chart.zip.packed"] = gzip.compress(_zipped(chart), 9, mtime=0)
    # A browser that keeps an older part never has it beside a newer one.
    hashed = hashlib.sha256(b"".join(hashlib.sha256(data).digest() for _, data in sorted(parts.items()))).hexdigest()
    where = f"parts-{hashed[:12]}"
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    index = index.replace('<html lang="en">', f'<html lang="en" data-parts="{where}/">')
    index = index.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{policy}\n{MARK}')
    index = index.replace("</main>", '</main>\n<footer><a href="licenses.txt">Licenses</a></footer>')
    # Manifests may hold keys made at random, which are nobody's if everybody has them: a browser renders its own.
    page = page | {"first": {"text": "", **first, "manifests": ""}}
    made = {file.name: file.read_bytes() for file in PAGE.iterdir()} | {"index.html": index.encode()}
    made["licenses.txt"] = (PAGE / "editor.licenses.txt").read_bytes()
    made["licenses.txt"] += pagepython.licenses().encode() + (built / renderer.LICENSES).read_bytes()
    made["page.json"] = json.dumps(page).encode()
    return made | {f"{where}/{name}": data for name, data in parts.items()}


def _packed(file: Path) -> bytes:
    """A file by gzip, which is kept beside it."""
    kept = file.with_name(f"{file.name}.packed")
    if not kept.is_file():
        files.write(kept, gzip.compress(file.read_bytes(), 9, mtime=0))
    return kept.read_bytes()


def _zipped(chart: LoadedChart) -> bytes:
    """The chart's files, and what loading it found, as an archive in which nothing is packed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted(files.below(chart.folder)):
            archive.writestr(zipfile.ZipInfo(f"chart/{path}"), (chart.folder / path).read_bytes())
        known = {"name": chart.name, "shown": chart.shown, "schema": chart.schema is not None}
        known["defaults"] = chart.defaults.data
        archive.writestr(zipfile.ZipInfo("known.json"), json.dumps(known))
    return made.getvalue()
