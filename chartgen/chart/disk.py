"""A chart on disk: written whole or not at all, and compared file by file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..files import below, sweep, whole
from ..problem import fault


@dataclass(frozen=True)
class Chart:
    """A chart as text: path in the chart -> content."""

    name: str
    files: dict[str, str]


MARK = "# Made by chartgen"


def difference(chart: Chart, folder: Path) -> list[str]:
    """What differs in the whole tree, deletions included: `changed path`, `missing path`, `extra path`, in order."""
    return _difference(_bytes(chart), folder)


def write(chart: Chart, folder: Path) -> list[str]:
    """Make `folder` hold exactly `chart`, as `replace`."""
    return replace(_bytes(chart), folder, _made)


def replace(files: dict[str, bytes], folder: Path, ours: Callable[[Path], bool]) -> list[str]:
    """Make `folder` hold exactly `files`; what changed. A kill at any moment leaves the old tree or the new one.

    A folder that chartgen did not make, which `ours` tells, is left alone.
    """
    folder = Path(os.path.realpath(folder)) if folder.is_symlink() else folder  # a link stays a link
    _refuse_repository(folder)
    # Even with nothing to write: a run that was killed after its swap left the old tree.
    sweep(folder.parent, f".{folder.name}.chartgen-")
    changes = _difference(files, folder)
    if not changes:
        return []
    refuse(folder, ours)
    fresh = folder.parent / f".{folder.name}.chartgen-{os.getpid()}"
    with whole(folder, fresh):
        for path, data in files.items():
            target = fresh / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        _swap(fresh, folder)
    return changes


def refuse(folder: Path, ours: Callable[[Path], bool]) -> None:
    """Faults for a folder with files that chartgen did not make."""
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or ours(folder))):
        remedy = "move it, or choose another folder with --output"
        raise fault(folder, "was not made by chartgen and is not overwritten", remedy)


def _bytes(chart: Chart) -> dict[str, bytes]:
    return {path: text.encode() for path, text in chart.files.items()}


def _difference(files: dict[str, bytes], folder: Path) -> list[str]:
    there = {path: folder / path for path in below(folder)}
    found = [("extra", path) for path in there.keys() - files.keys()]
    found += [("missing", path) for path in files.keys() - there.keys()]
    found += [
        ("changed", path)
        for path in files.keys() & there.keys()
        if there[path].is_symlink() or there[path].read_bytes() != files[path]
    ]
    return [f"{what} {path}" for what, path in sorted(found, key=lambda item: item[1])]


def _made(folder: Path) -> bool:
    metadata = folder / "Chart.yaml"
    return metadata.is_file() and metadata.read_text(encoding="utf-8", errors="replace").startswith(MARK)


def _refuse_repository(folder: Path) -> None:
    """The folder's own history is not made by its sources, so a build would remove it."""
    if os.path.lexists(folder / ".git"):
        remedy = "choose another folder with --output, or build into a folder below it"
        raise fault(folder, "is the top folder of a Git repository, which a build would remove", remedy)


def _swap(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`, whose old tree is at `fresh` afterwards."""
    if not folder.exists():
        os.rename(fresh, folder)
    elif not _exchange(fresh, folder):
        import shutil

        # No atomic exchange on this system: the moment between the two renames is as short as it can be made.
        old = fresh.with_name(f"{fresh.name}0")
        os.rename(folder, old)
        os.rename(fresh, folder)
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step: renameat2 on Linux, renamex_np on macOS."""
    import ctypes
    import sys

    libc = ctypes.CDLL(None, use_errno=True)
    a, b = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            return libc.renamex_np(a, b, 2) == 0
        here = -100  # AT_FDCWD
        return libc.renameat2(here, a, here, b, 2) == 0
    except AttributeError:
        return False
