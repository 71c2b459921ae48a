"""Whether a chart on disk is what its sources make, where these very sources made it before.

Composing takes longer than all else that `build --check` does. So what a stack made is kept under the hash of all that
it is made of: the stack and what is beside it, its fragments, the schemas, and the modules that read and compose them.
All contents are read and hashed each time; the time at which a file was changed says nothing.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..chart.disk import Chart
from ..paths import HERE, schemas
from ..problem import Faults
from ..reading import wellformed
from ..sources.stack import BESIDE, TREES, folder_of, roots_of

# The folders of chartgen's modules that a chart depends on; the folder at the top is one of them.
MODULES = ("", "reading", "sources", "kubernetes", "chart", "compose")
UNREAD = ("cases/", "rejected/")  # a chart has nothing of these files, and its rules ask only whether they are there
Files = dict[str, bytes]


class Strange(Exception):
    """Something that is neither a file nor a folder: it is looked at by those who say what is wrong."""


def known(file: Path, folder: Path | None) -> tuple[Path, int] | None:
    """The folder of the chart of a stack and the number of its files, where it is what the stack makes.

    `folder` is the one given, else that of the stack's name. None where that is not known: then it has to be composed.
    """
    sources = seal(file)
    made = wellformed.recalled(sources) if sources else None
    if not made:
        return None
    place = folder or Path("charts") / made["name"]
    try:
        files = _tree(str(place))
    except Strange:
        return None
    return (place, len(files)) if _hash(files) == made["chart"] else None


def remember(sources: str | None, file: Path, chart: Chart) -> None:
    """Keep what a stack made, where its sources are still those that `seal` found before it was composed."""
    if sources and sources == seal(file):
        files = {path: text.encode() for path, text in chart.files.items()}
        wellformed.keep(sources, {"name": chart.name, "chart": _hash(files)})


def seal(file: Path) -> str | None:
    """The hash of all that the chart of a stack is made of; None where some of it is not there, or is strange."""
    try:
        return wellformed.seal(os.path.realpath(file), str(HERE), _hash(_sources(file)))
    except (Strange, Faults, OSError):
        return None


def _sources(file: Path) -> Files:
    recipe = wellformed.read(file, str(file), "stack.schema.json").data
    found: Files = {}
    for name in MODULES:
        found |= {path: _read(path) for path in _listed(HERE / name, ".py")}
    found |= {path: _read(path) for path in _listed(schemas(), ".json")}
    beside = str(file.parent)
    for name in (file.name, *BESIDE):
        path = f"{beside}/{name}"
        if os.path.lexists(path):
            found[path] = _read(path)
    for name in TREES:
        found |= {f"{beside}/{name}/{path}": text for path, text in _tree(f"{beside}/{name}").items()}
    roots = roots_of(file.parent, recipe)
    for id in recipe["fragments"]:
        folder = folder_of(id, roots)
        if folder is None:
            raise Strange
        for group in list(folder.parents)[: id.count("/")]:
            _regular(os.lstat(group).st_mode, stat.S_IFDIR)
        found |= {f"{folder}/{path}": text for path, text in _tree(str(folder), UNREAD).items()}
    return found


def _listed(folder: Path, ending: str) -> list[str]:
    return [f"{folder}/{name}" for name in sorted(os.listdir(folder)) if name.endswith(ending)]


def _tree(top: str, unread: tuple[str, ...] = ()) -> Files:
    """Every file below a folder with its content, but for those below `unread`; none where there is no folder."""
    found: Files = {}
    if os.path.lexists(top):
        _regular(os.lstat(top).st_mode, stat.S_IFDIR)
        waiting = [""]
        while waiting:
            inner = waiting.pop()
            with os.scandir(f"{top}/{inner}") as entries:
                for entry in entries:
                    path = f"{inner}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{path}/")
                    elif not entry.is_file(follow_symlinks=False):
                        raise Strange
                    else:
                        found[path] = b"" if path.startswith(unread) else _read(entry.path)
    return found


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        _regular(status.st_mode, stat.S_IFREG)
        parts = []
        while part := os.read(descriptor, status.st_size + 1):
            parts.append(part)
        return b"".join(parts)
    except MemoryError:  # whoever needs the file says so
        raise Strange from None
    finally:
        os.close(descriptor)


def _regular(mode: int, kind: int) -> None:
    if stat.S_IFMT(mode) != kind:
        raise Strange


def _hash(files: Files) -> str:
    """A hash of names and contents; each length is a part of it, so that no two trees have the same text."""
    parts = []
    for path in sorted(files):
        name = os.fsencode(path)
        parts += (b"%d %d\n" % (len(name), len(files[path])), name, files[path])
    return wellformed.hashed(b"".join(parts))
