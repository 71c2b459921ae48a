"""The tables of foreign charts and manifests: by what they are recognised, and where each of their values goes.

A chart is one file in charts/, a program that servers run one in programs/. schemas/import-table.schema.json explains
their keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..reading import wellformed

HERE = Path(__file__).parent
# What runs beside a program and has its name in that of its own image.
BESIDE = re.compile(
    r"(^|[-_./])(benchmark|client|controller|exporter|extproc|gateway|mcpo?|metrics|monitor|operator|proxy|router|tools?)$"
)


@dataclass(frozen=True)
class Node:
    """The row of a path, and the rows below it; `*` is any key or item."""

    row: dict[str, Any] | None = None
    below: dict[str, Node] = field(default_factory=dict)

    def at(self, key: str | int) -> Node | None:
        """The rows of a key of the value here."""
        named = self.below.get(str(key)) or (self.below.get("x-*") if str(key).startswith("x-") else None)
        return named or self.below.get("*")


@dataclass(frozen=True)
class Table:
    """A foreign chart, or a kind of manifest."""

    name: str
    title: str
    names: tuple[str, ...]
    keys: tuple[str, ...]
    kinds: tuple[str, ...]
    server: bool
    ui: str
    program: str
    defaults: dict[str, Any]
    switches: dict[str, dict[str, Any]]
    groups: tuple[dict[str, Any], ...]
    rows: Node


@dataclass(frozen=True)
class Program:
    """What a server or a UI calls its images, variables, flags and folders."""

    name: str
    title: str
    engine: str
    prefix: str
    image: str
    images: tuple[str, ...]
    own: tuple[str, ...]
    env: dict[str, dict[str, Any]]
    flags: dict[str, dict[str, Any]]
    folders: dict[str, dict[str, Any]]
    variants: dict[str, str]
    commands: tuple[str, ...]
    starts: tuple[str, ...]
    variables: dict[str, str]
    custom: dict[str, Any]


@cache
def charts() -> dict[str, Table]:
    """Every table of charts/ by its name."""
    return {name: _table(name, data) for name, data in _read("charts").items()}


@cache
def programs() -> dict[str, Program]:
    """Every table of programs/ by its name."""
    return {name: _program(name, data) for name, data in _read("programs").items()}


def program_of(image: str) -> Program | None:
    """The program that an image has, by the image's repository; None for one that is not known."""
    if BESIDE.search(image):
        return None
    found = [one for one in programs().values() if any(re.search(pattern, image) for pattern in one.images)]
    return max(found, key=lambda one: len(max(one.images, key=len))) if image and found else None


def _read(folder: str) -> dict[str, dict[str, Any]]:
    files = sorted((HERE / folder).glob("*.yaml"))
    schema = "import-table.schema.json"
    return {file.stem: wellformed.read(file, f"importing/{folder}/{file.name}", schema).data for file in files}


def _table(name: str, data: dict[str, Any]) -> Table:
    return Table(
        name,
        data["title"],
        tuple(data.get("names", ())),
        tuple(data.get("keys", ())),
        tuple(data.get("kinds", ())),
        data.get("server", False),
        data.get("ui", ""),
        data.get("program", ""),
        data.get("defaults", {}),
        data.get("switches", {}),
        tuple(data.get("groups", ())),
        rows(data.get("rows", {})),
    )


def _program(name: str, data: dict[str, Any]) -> Program:
    return Program(
        name,
        data["title"],
        data.get("engine", ""),
        data.get("prefix", ""),
        data.get("image", "image"),
        tuple(data.get("images", ())),
        tuple(data.get("own", ())),
        {key: full(row) for key, row in data.get("env", {}).items()},
        {key: full(row) for key, row in data.get("flags", {}).items()},
        {key: full(row) for key, row in data.get("folders", {}).items()},
        dict(data.get("variants", {})),
        tuple(data.get("commands", ())),
        tuple(data.get("starts", ())),
        dict(data.get("variables", {})),
        dict(data.get("custom", {})),
    )


def rows(table: dict[str, Any]) -> Node:
    """Rows by their dotted paths -> a tree of them."""
    root = Node()
    for path, row in table.items():
        root = _with(root, path.split("."), full(row))
    return root


def _with(node: Node, path: list[str], row: dict[str, Any]) -> Node:
    if not path:
        return Node(row, node.below)
    inner = node.below.get(path[0], Node())
    return Node(node.row, {**node.below, path[0]: _with(inner, path[1:], row)})


def full(row: Any) -> dict[str, Any]:
    """A row as a map: a text is its target."""
    return {"to": row} if isinstance(row, str) else row
