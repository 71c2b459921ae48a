"""Where things are: chartgen's own data, its caches, and how a path is shown to a person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .problem import fault

HERE = Path(__file__).parent  # holds fragments/ and stacks/
GOTOOLS = HERE / "programs/gotools"


def schemas() -> Path:
    """The folder of schemas: at the top of a checkout, inside the package once it is installed."""
    inside = HERE / "schemas"
    return inside if inside.is_dir() else HERE.parent / "schemas"


def docs() -> Path:
    """The folder with CONTRIBUTING.md: the top of a checkout, inside the package once it is installed."""
    inside = HERE / "docs"
    return inside if inside.is_dir() else HERE.parent


def home() -> Path:
    """Where tools and caches are: `$CHARTGEN_HOME`, else `.tools` of the checkout, else chartgen's user cache."""
    if os.environ.get("CHARTGEN_HOME"):
        return Path(os.environ["CHARTGEN_HOME"]).expanduser().absolute()
    top = HERE.resolve().parent
    if (top / "pyproject.toml").is_file():
        return top / ".tools"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "chartgen"


def show(path: Path) -> str:
    """`path` as a person at this terminal would write it: relative to the working directory where it is below it."""
    here, there = os.getcwd(), os.path.abspath(path)
    below = here.rstrip(os.sep) + os.sep
    if not there.startswith(below):
        there = os.path.realpath(path)
    if there == here:
        return "."
    return Path(there[len(below) :]).as_posix() if there.startswith(below) else str(path)


def texts(folder: Path) -> dict[str, str]:
    """Every file below `folder`, by its path there, in order; none where there is no folder.

    What editors leave is none, nor is the bytecode that pip puts beside a Python script. Faults for a link, which could
    put a file from anywhere into a chart, and for what is not text.
    """
    found = {}
    for path in sorted(below(folder), key=lambda path: path.split("/")):
        name = path.rpartition("/")[2]
        file = os.path.join(folder, path)
        if not name.startswith(".") and not name.endswith(("~", ".swp", ".pyc")) and os.path.isfile(file):
            found[path] = _text(file)
    return found


def _text(file: str) -> str:
    if os.path.islink(file):
        raise fault(show(Path(file)), "is a link", "put a copy of the file in its place")
    try:
        with open(file, encoding="utf-8") as opened:
            return opened.read()
    except UnicodeDecodeError:
        raise fault(show(Path(file)), "is not text in UTF-8", "save it as UTF-8, or remove it") from None


def below(folder: Path) -> Iterator[str]:
    """Every file below `folder`, by its path there. Path.rglob takes several times as long."""
    top = str(folder)
    for place, _, names in os.walk(top):
        inner = place[len(top) + 1 :].replace(os.sep, "/")
        yield from (f"{inner}/{name}" if inner else name for name in names)
