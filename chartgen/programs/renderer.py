"""The prover as a program for a page: the same sources as js/wasm, without what reaches clusters and servers.

gotools/page.yaml says what of Helm's modules is cut off: Go reads copies of them. It is built once for its pins and
kept beside the tools, with the script of the same Go that runs it. A kill at any moment leaves nothing to trust.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..files import write
from ..paths import GOTOOLS, home
from ..problem import Say, ToolError
from . import gorun, tools
from . import helm as render
from .prover import Prover

CUTS = GOTOOLS / "page.yaml"
PROGRAM, SCRIPT, LICENSES = "renderer.wasm", "wasm_exec.js", "licenses.txt"
WHERE = Path("lib/wasm") / SCRIPT  # below the folder of Go
WHAT = "building the renderer of the page"
KNOWN = "known: {{ toJson .Capabilities }}\n"


def ensure(prover: Prover, say: Say) -> Path:
    """The folder with PROGRAM, SCRIPT and LICENSES, made where it is not there; ToolError where it cannot be."""
    place = kept("renderer", pins())
    if not place.is_dir():
        with tools.locked("page", say):
            if not place.is_dir():
                _build(prover, place, say)
    return place


def kept(what: str, pinned: str) -> Path:
    """The folder for a part of the page that is made once."""
    return home() / "page" / f"{what}-{pinned[:12]}"


@contextmanager
def making(place: Path) -> Iterator[Path]:
    """A new folder that becomes `place` once it is complete. Whoever calls this holds the lock."""
    fresh = place.with_name(f".{place.name}")
    shutil.rmtree(fresh, ignore_errors=True)  # what a killed run left
    fresh.mkdir(parents=True)
    try:
        yield fresh
        os.rename(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def pins() -> str:
    """A hash of all that the program is built from."""
    return hashlib.sha256(b"\0".join([tools.pins("prover").encode(), CUTS.read_bytes(), _code()])).hexdigest()


def _code() -> bytes:
    return Path(__file__).read_bytes()


def _build(prover: Prover, place: Path, say: Say) -> None:
    with making(place) as fresh:
        module = fresh / "module"
        shutil.copytree(GOTOOLS / "prover", module / "prover")
        shutil.copyfile(GOTOOLS / "go.sum", module / "go.sum")
        replaced = [f"\nreplace {name} => {folder}" for name, folder in _modules(fresh, say)]
        pinned = (GOTOOLS / "go.mod").read_text(encoding="utf-8")
        (module / "go.mod").write_text(pinned + "".join(replaced) + "\n", encoding="utf-8")
        flags = f"-ldflags={_flags(prover, fresh, pinned)}"
        command = ["build", "-trimpath", flags, "-o", str(fresh / PROGRAM), "./prover"]
        gorun.go(command, module, say, WHAT, GOOS="js", GOARCH="wasm")
        write(fresh / LICENSES, "".join(_licenses(module)).encode())
        root = gorun.go(["env", "GOROOT"], GOTOOLS, lambda text: None, "asking Go for its folder").strip()
        if not (Path(root) / WHERE).is_file():
            raise ToolError(f"{Path(root) / WHERE}: no such file; install a complete Go, which has it")
        shutil.copyfile(Path(root) / WHERE, fresh / SCRIPT)
        for rest in (module, *(fresh / _folder(name) for name in _cuts())):
            shutil.rmtree(rest)


def _modules(fresh: Path, say: Say) -> Iterator[tuple[str, Path]]:
    """(module, a copy of it with the cuts), for each that page.yaml names."""
    cuts = _cuts()
    said = gorun.go(["mod", "download", "-json", *cuts], GOTOOLS, say, "reading the modules of the renderer")
    for each in re.split(r"(?<=^\})\n", said, flags=re.M):
        if not each.strip():
            continue
        found = json.loads(each)
        copy = fresh / _folder(found["Path"])
        unread = shutil.ignore_patterns("*_test.go", "testdata")
        # What is in Go's cache is read-only.
        shutil.copytree(found["Dir"], copy, ignore=unread, copy_function=shutil.copyfile)
        for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        for name, change in cuts[found["Path"]].items():
            _change(copy / name, change or {"text": None}, found["Version"])
        yield found["Path"], copy


def _licenses(module: Path) -> Iterator[str]:
    """The licenses of all modules that the program is made of, each after its name."""
    form = "{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}"
    listed = gorun.go(
        ["list", "-deps", "-f", form, "./prover"], module, lambda text: None, WHAT, GOOS="js", GOARCH="wasm"
    )
    for line in sorted(set(filter(None, listed.splitlines()))):
        name, _, folder = line.partition(" ")
        yield license_of(name, [file for file in sorted(Path(folder).iterdir()) if is_license(file.name)])


def is_license(name: str) -> bool:
    """Whether a file of that name holds a license."""
    return name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))


def license_of(name: str, files: Sequence[Path], said: str = "") -> str:
    """The licenses of a program, as a part of the page's file."""
    texts = [said, *(file.read_text(encoding="utf-8") for file in files)]
    return f"{name}\n{'=' * len(name)}\n\n" + "\n\n".join(text.strip() for text in texts if text) + "\n\n\n"


def _folder(module: str) -> str:
    return module.replace("/", "-")


def _cuts() -> dict[str, dict[str, Any]]:
    from ..reading import yamlfile

    found: dict[str, dict[str, Any]] = yamlfile.read(CUTS).data
    return found


def _change(file: Path, change: dict[str, Any], version: str) -> None:
    """Do to a file what page.yaml says; ToolError where that does not fit this version of the module."""
    if "text" in change:
        file.unlink(missing_ok=True)
        if change["text"] is not None:
            file.write_text(change["text"], encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    for cut in change["cuts"]:
        if text.count(cut["from"]) != 1 or cut.get("end", "") not in text.partition(cut["from"])[2]:
            what = cut["from"].strip().partition("\n")[0]
            raise ToolError(
                f"{CUTS.name}: {file.name} of {version}: '{what}' is not there once; adapt the cut to this version"
            )
        before, _, after = text.partition(cut["from"])
        text = before + cut.get("to", "") + after[after.index(cut["end"]) if "end" in cut else 0 :]
    file.write_text(text, encoding="utf-8")


def _flags(prover: Prover, fresh: Path, pinned: str) -> str:
    """The linker's flags: what Helm knows of Kubernetes by the modules that are cut off here, as the prover says it."""
    chart = fresh / "known"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: known\nversion: 1.0.0\n", encoding="utf-8")
    (chart / "templates/known.yaml").write_text(KNOWN, encoding="utf-8")
    try:
        (asked,) = render.render([render.Request(chart)], Path("helm"), prover=prover)
    finally:
        shutil.rmtree(chart)
    (document,) = render.documents(asked.text)
    apis = " ".join(document.data["known"]["APIVersions"])
    client = re.search(r"^\tk8s\.io/client-go (\S+)", pinned, re.M)
    assert client
    helm = "helm.sh/helm/v4"
    return f"-s -w -X {helm}/internal/version.clientGo={client[1]} -X '{helm}/pkg/chart/common.known={apis}'"
