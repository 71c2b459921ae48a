"""Where things are: chartgen's own data, its caches, and how a path is shown to a person."""

from __future__ import annotations

import os
from pathlib import Path

from .problem import ToolError

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


def at_checkout() -> bool:
    """Whether the working directory is the top of chartgen's own checkout."""
    return Path("pyproject.toml").is_file() and os.path.realpath("chartgen") == os.path.realpath(HERE)


def home() -> Path:
    """Where tools and caches are: `$CHARTGEN_HOME`, else `.tools` of the checkout, else chartgen's user cache."""
    if os.environ.get("CHARTGEN_HOME"):
        return Path(os.environ["CHARTGEN_HOME"]).expanduser().absolute()
    top = HERE.resolve().parent
    if (top / "pyproject.toml").is_file():
        return top / ".tools"
    cache = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(cache) if cache else Path.home() / ".cache") / "chartgen"
    except RuntimeError:
        raise ToolError("the home folder is not known; set HOME, or CHARTGEN_HOME to a writable folder") from None


def show(path: Path) -> str:
    """`path` as a person at this terminal would write it: relative to the working directory where it is below it."""
    here, there = os.getcwd(), os.path.abspath(path)
    below = here.rstrip(os.sep) + os.sep
    if not there.startswith(below):
        there = os.path.realpath(path)
    if there == here:
        return "."
    return Path(there[len(below) :]).as_posix() if there.startswith(below) else str(path)
