"""Finds helm and kubeconform, or installs the versions that gotools pins.

A tool on PATH is taken when it is recent enough. Otherwise it is built by `go install` into `home()/bin`: checksums are
gotools/go.sum's, the binary appears under its name once it is whole and has run, and two notes are next to it:
`.helm.pin` says which pins it was built from, so that moving a pin installs anew, and `.helm.sum` has its SHA-256. A
program is run only if both agree; one in the package chartgen-prover too (carried.py). Hashing Helm takes 0.1 s, so the
state of the file that was hashed is noted as well, and a file in that state is not hashed again. A kill at any moment
leaves nothing to trust.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..files import real, write
from ..paths import home
from ..problem import Say, ToolError
from . import carried, gorun, lock

PACKAGES = {
    "helm": "helm.sh/helm/v4/cmd/helm",
    "helm3": "helm.sh/helm/v3/cmd/helm",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
    "prover": "./prover",
}
# Tools that a module of their own pins, below gotools.
MODULES = {"helm3": "helm3"}
FILES: dict[str, tuple[str, ...]] = {"helm3": ("helm3", "helm"), "prover": ()}
SOURCES = {"prover": "prover"}  # a folder of gotools that holds a tool's sources
ENGINES = {"prover": "helm"}  # a tool's version is that of the engine in it
MONTH = 30 * 86400.0
PATH = "on PATH"  # where a tool is from that chartgen did not install
GET = {
    "helm": "Helm 4 from https://helm.sh/docs/intro/install",
    "helm3": "Helm 3 under the name helm3",
    "kubeconform": "kubeconform from https://github.com/yannh/kubeconform",
}


@dataclass(frozen=True)
class Tool:
    """A program that can be run: `version` as `v4.3.1`, `v4.3` where it says no more; `origin` is where from."""

    name: str
    path: Path
    version: str
    origin: str


def find(name: str) -> Tool | None:
    """The tool `name` (helm, helm3, kubeconform) on PATH when it is recent enough, else ours; None where neither is."""
    from . import toolversion

    for path in _on_path(name):
        version = toolversion.remembered(name, path, home() / "versions.json")
        if toolversion.fits(name, version):
            return Tool(name, path, version, PATH)
    path = _place(name)
    if _text(_note(path)) == _pins(name, path) and _intact(path):
        return Tool(name, path, pinned(name), "installed by chartgen")
    found = carried.program(name, pins(name)) if name in carried.PROGRAMS else None
    if found and _genuine(name, *found):
        return Tool(name, found[0], pinned(name), "in the package chartgen-prover")
    return None


def ensure(names: Iterable[str], say: Say) -> dict[str, Tool]:
    """Find the tools, by name, and install those that are missing; ToolError where that cannot be."""
    found = {name: find(name) for name in names}
    if None in found.values():
        with locked("tools", say):
            missing = [name for name in found if find(name) is None]
            if missing:
                _install(missing, say)
        found = {name: find(name) for name in found}
    lost = [name for name, tool in found.items() if tool is None]
    if lost:
        raise ToolError(f"{', '.join(lost)}: was installed in {home() / 'bin'} and then removed; run the command again")
    return {name: tool for name, tool in found.items() if tool}


def pinned(name: str) -> str:
    """The version of the tool that its go.mod pins, `v4.3.1`."""
    name = ENGINES.get(name, name)
    lines = (_module(name) / "go.mod").read_text(encoding="utf-8").splitlines()
    required = (line.split() for line in lines if line.startswith("\t") and " v" in line)
    return next(version for module, version, *_ in required if PACKAGES[name].startswith(f"{module}/"))


def identity(tool: Tool) -> str:
    """What tells a program from any other: its checksum where chartgen installed it, else the state of its file.

    Empty where no file says which program runs.
    """
    from . import toolversion

    noted = _text(_sum(tool.path)).partition(" ")[0]
    if not noted and tool.origin == PATH and not toolversion.settled(tool.name, tool.path):
        return ""
    return f"{tool.name} {tool.version} {noted or _state(real(tool.path))}"


def built(name: str, say: Say) -> Tool | None:
    """The tool `name`, which chartgen can do without: built where Go is; None, and a line that says why, elsewhere."""
    import shutil

    if find(name) is None and shutil.which("go"):
        try:
            return ensure([name], say)[name]
        except ToolError as error:
            say(str(error).partition("\n")[0])
    return find(name)


def outdated(name: str) -> bool:
    """Whether a tool was built here, but from other sources than those that chartgen has now."""
    return any(_place(name).parent.glob(f"{name}-*"))


@contextmanager
def locked(name: str, say: Say) -> Iterator[None]:
    """Hold the lock `name` of this home, after any other process that has it; it ends with the process."""
    try:
        with lock.held(home() / f".{name}.lock", say, keep=True):
            yield
    except lock.Unlockable as error:
        raise ToolError(f"{home()}: {error}; set CHARTGEN_HOME to a writable folder") from None


def _on_path(name: str) -> Iterator[Path]:
    """Every program on PATH that may be the tool, in PATH's order, ours left out."""
    for folder in filter(None, os.get_exec_path()):
        for file in FILES.get(name, (name,)):
            path = Path(folder, file).absolute()
            if path.parent != home() / "bin" and path.is_file() and os.access(path, os.X_OK):
                yield path


def _install(names: list[str], say: Say) -> None:
    import shutil

    if shutil.which("go") is None:
        wanted = " and ".join(GET[name] for name in names)
        build = f", or install Go {gorun.oldest()} or newer: chartgen then builds the missing tools"
        raise ToolError(f"{', '.join(names)}: not on the PATH, or too old; install {wanted}{build}")
    for left in home().glob(".install-*"):
        shutil.rmtree(left, ignore_errors=True)
    staging = home() / f".install-{os.getpid()}"
    try:
        for module in sorted({_module(name) for name in names}):
            _build([name for name in names if _module(name) == module], module, staging, say)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _build(names: list[str], module: Path, staging: Path, say: Say) -> None:
    """Build the tools that one module pins, and put them in their place."""
    what = "installing " + ", ".join(f"{name} {pinned(name)}" for name in names)
    start = time.monotonic()
    built = staging / module.relative_to(gorun.GOTOOLS)
    try:
        packages = [PACKAGES[name] for name in names]
        # Without the tables of debuggers a program is a sixth to a third smaller.
        gorun.go(["install", "-ldflags=-s -w", *packages], module, say, what, GOBIN=str(built))
        for name in names:
            _put(name, built / PACKAGES[name].rpartition("/")[2])
    except OSError as error:
        raise ToolError(f"{what}: {error.filename}: {error.strerror}") from None
    say(f"{what}: done in {time.monotonic() - start:.0f} s, in {home() / 'bin'}")


def _put(name: str, built: Path) -> None:
    """Move a built tool to its place, once it has said its version; then note what it was built from."""
    from . import toolversion

    if not built.is_file() or not toolversion.asked(name, built):
        raise ToolError(f"{name}: 'go install' built it, but it does not run")
    path = _place(name)
    path.parent.mkdir(exist_ok=True)
    noted, hashed = _pins(name, built), _hashed(built)
    _note(path).unlink(missing_ok=True)
    os.replace(built, path)
    if name in SOURCES:
        _tidy(path)
    write(_sum(path), f"{hashed} {_state(path)}\n".encode())
    write(_note(path), noted.encode())


def _tidy(path: Path) -> None:
    """Remove what was built from other sources, a month after it was built."""
    kind = path.name.rpartition("-")[0]
    for other in path.parent.glob(f"{kind}-*"):
        if other != path and time.time() - other.stat().st_mtime > MONTH:
            for file in (other, _note(other), _sum(other)):
                file.unlink(missing_ok=True)


def _place(name: str) -> Path:
    """Where a tool is installed. One with sources here has their hash in its name: several chartgens share a home."""
    return home() / "bin" / (f"{name}-{pins(name)[:12]}" if name in SOURCES else name)


def _module(name: str) -> Path:
    """The folder of gotools whose go.mod pins a tool."""
    return gorun.GOTOOLS / MODULES.get(name, "")


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.pin")


def _sum(path: Path) -> Path:
    return path.with_name(f".{path.name}.sum")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _intact(path: Path) -> bool:
    """Whether a program has the checksum in its note."""
    noted, _, state = _text(_sum(path)).strip().partition(" ")
    now = _state(path)
    if not noted or not now or state == now:
        return bool(noted and now)
    if _hashed(path) != noted:
        return False
    with suppress(OSError):  # a folder that cannot be written costs time, nothing else
        write(_sum(path), f"{noted} {now}\n".encode())
    return True


def _genuine(name: str, path: Path, wanted: str) -> bool:
    """Whether a program of the package chartgen-prover has the checksum that its note says, as `_intact`."""
    noted, now = home() / "bin" / f".carried-{name}.sum", _state(path)
    if now and _text(noted) == f"{wanted} {now}\n":
        return True
    if not now or _hashed(path) != wanted:
        return False
    with suppress(OSError):
        noted.parent.mkdir(parents=True, exist_ok=True)
        write(noted, f"{wanted} {now}\n".encode())
    return True


def _state(path: Path) -> str:
    """What changes if a file is written or replaced, and if its times are set: its inode, size, mtime and ctime."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return ""
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _hashed(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pins(name: str, path: Path) -> str:
    """What a tool is built from now, and the size of the one at `path`: a file cut short needs no hash."""
    size = path.stat().st_size if path.is_file() else 0
    return f"{pins(name)} {size}\n"


def pins(name: str) -> str:
    """A hash of what a tool is built from: the pins of its module, and its own sources."""
    import hashlib

    sources = sorted((_module(name) / SOURCES[name]).rglob("*.go")) if name in SOURCES else []
    files = [_module(name) / "go.mod", _module(name) / "go.sum", *sources]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
