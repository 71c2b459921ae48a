"""Python for the static page: Pyodide by npm, its library and chartgen's modules, compiled and kept with the tools."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .. import files
from ..paths import HERE, schemas
from ..problem import Say, ToolError
from ..programs import renderer, tools

INSIDE = HERE / "inside"
PYODIDE = "pyodide@314.0.7"
SUM = "sha512-0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
TIMEOUT = 300  # seconds for npm, or for node
# Pyodide's scripts by names that every web server knows as scripts.
SCRIPTS = {"pyodide.mjs": "pyodide.js", "pyodide.asm.mjs": "pyodide.asm.js"}
# Of chartgen, what the page does not do: the commands, and what they read and write.
LEFT = ("cli.py", "__main__.py", "terminal.py", "fragments/", "importing/", "inside/", "programs/gotools/")
LEFT += ("release/", "remote/", "skeletons/", "stacks/")
LICENSES = {
    "Pyodide": "MPL-2.0: https://github.com/pyodide/pyodide/blob/main/LICENSE",
    "Python": "PSF-2.0: https://docs.python.org/3/license.html",
    "Go": "BSD-3-Clause: https://go.dev/LICENSE",
}
LIBRARIES = ("yaml", "jsonschema", "jsonschema_specifications", "referencing", "attr", "attrs", "typing_extensions")


def ensure(say: Say) -> Path:
    """The folder with Pyodide, its library and chartgen's modules, compiled; made where it is not there."""
    sources = dict(_sources())
    code = [name.encode() + b"\0" + data for name, data in sorted(sources.items())]
    code += [file.read_bytes() for file in (INSIDE / "compile.mjs", INSIDE / "unused.txt", Path(__file__))]
    place = renderer.kept("python", hashlib.sha256(b"\0".join(code)).hexdigest())
    if not place.is_dir():
        with tools.locked("page", say):
            if not place.is_dir():
                _compile(sources, place, say)
    return place


def licenses() -> str:
    """The licenses of what the page carries beside chartgen and the renderer."""
    from importlib import metadata

    texts = [renderer.license_of(name, (), said) for name, said in LICENSES.items()]
    for name in sorted({each for library in LIBRARIES for each in metadata.packages_distributions().get(library, ())}):
        there = [Path(str(file.locate())) for file in metadata.files(name) or () if renderer.is_license(file.name)]
        texts.append(renderer.license_of(name, there))
    return "".join(texts)


def _sources() -> Iterator[tuple[str, bytes]]:
    """(name, content) of the modules in the page: chartgen's, those that it uses, and what stands in for others."""
    for path in files.below(HERE):
        if path.endswith((".py", ".yaml")) and not path.startswith(LEFT):
            yield f"chartgen/{path}", (HERE / path).read_bytes()
    for file in schemas().glob("*.json"):
        yield f"chartgen/schemas/{file.name}", file.read_bytes()
    for library in LIBRARIES:
        found = importlib.util.find_spec(library)
        if found is None or found.origin is None:
            continue
        file = Path(found.origin)
        if file.name != "__init__.py":
            yield file.name, file.read_bytes()
            continue
        for path in files.below(file.parent):
            if path.endswith((".py", ".json")) and not {"tests", "benchmarks"} & set(path.split("/")):
                yield f"{library}/{path}", (file.parent / path).read_bytes()
    for name, path in (("engine.py",) * 2, ("rpds.py",) * 2, ("_yaml.py", "yaml/_yaml.py")):
        yield path, (INSIDE / name).read_bytes()


def _compile(sources: dict[str, bytes], place: Path, say: Say) -> None:
    kept = renderer.kept("pyodide", hashlib.sha256(SUM.encode()).hexdigest())
    if not kept.is_dir():
        with renderer.making(kept) as fresh:
            _fetch(fresh, say)
    with renderer.making(place) as fresh:
        with zipfile.ZipFile(kept / "python_stdlib.zip") as archive:
            names = [name for name in archive.namelist() if not name.startswith(_unused())]
            archive.extractall(fresh / "python.source", names)
        for name, data in sources.items():
            file = fresh / "lib.source" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        run(["node", str(INSIDE / "compile.mjs"), str(kept), str(fresh)], fresh, "compiling Python for the page", say)
        for folder in (fresh / "python.source", fresh / "lib.source"):
            shutil.rmtree(folder)
        shutil.copyfile(kept / "pyodide.asm.wasm", fresh / "pyodide.asm.wasm")
        for name, script in SCRIPTS.items():
            text = (kept / name).read_text(encoding="utf-8")
            for each, other in SCRIPTS.items():
                text = text.replace(each, other)
            (fresh / script).write_text(text, encoding="utf-8")
        lock = json.loads((kept / "pyodide-lock.json").read_text(encoding="utf-8"))
        # Its packages are elsewhere; the page uses none of them.
        (fresh / "lock.json").write_text(json.dumps({"info": lock["info"], "packages": {}}), encoding="utf-8")


def _unused() -> tuple[str, ...]:
    """How the names of those modules of Python begin that no page needs."""
    lines = (INSIDE / "unused.txt").read_text(encoding="utf-8").splitlines()
    return tuple(name for line in lines if not line.startswith("#") for name in line.split())


def _fetch(place: Path, say: Say) -> None:
    """Pyodide in the folder `place`, by npm; ToolError where it cannot be had, or is not what was pinned."""
    run(["npm", "pack", "--silent", PYODIDE], place, f"getting {PYODIDE} from npm", say)
    (package,) = place.glob("*.tgz")
    data = package.read_bytes()
    if "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode() != SUM:
        raise ToolError(f"{PYODIDE}: what npm downloaded does not have the pinned checksum; use another registry")
    package.unlink()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(place, filter="data")
    for file in (place / "package").iterdir():
        os.rename(file, place / file.name)


def run(command: list[str], folder: Path, what: str, say: Say) -> None:
    """Run npm or node in a folder, to do `what`; ToolError with its last lines where it fails."""
    say(what)
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise ToolError(f"{what} failed: {command[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{what}: no end after {TIMEOUT} s") from None
    if done.returncode:
        last = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-8:])
        raise ToolError(f"{what} failed: {last}")
