"""A folder -> Fragment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..paths import texts
from ..problem import Collected, Problem, fault
from ..reading import document, wellformed
from ..reading.document import Parsed

DEFINE = re.compile(r'\{\{-?\s*define\s+"([^"]+)"')
INCLUDE = re.compile(r'(?:include|template)\s+"(fragment\.[^"]+)"')


@dataclass(frozen=True)
class Slot:
    """A place that one fragment offers and others fill.

    `kind` is `list` (YAML list items, in the stack's order), `map` (a YAML map, later fills win) or `one` (the first
    fill that says anything). `scope` is `server` (filled with a server's context) or `release` (the root).
    What fills a slot that is to be made `once` is made once a render for each of these.
    """

    name: str
    kind: str
    scope: str
    required: bool
    once: bool
    summary: str


@dataclass(frozen=True)
class Fragment:
    """One concern, as its folder states it.

    `id` is the folder's path below the folder of fragments (`engine/vllm`). `server`, `release` and `definitions`
    are maps from a key to its JSON Schema, `templates` and `files` maps from a path in the fragment to text. `tables`
    maps each YAML file among `files` to its data, which is None where the text is not YAML.
    """

    id: str
    folder: str
    summary: str
    requires: tuple[str, ...]
    choice: dict[str, str]
    components: tuple[str, ...]
    offers: dict[str, Slot]
    fills: dict[str, str]
    server: dict[str, Any]
    release: dict[str, Any]
    definitions: dict[str, Any]
    templates: dict[str, str]
    files: dict[str, str]
    tables: dict[str, Any]
    lines: dict[str, dict[tuple, int]] = field(default_factory=dict, compare=False)

    @property
    def prefix(self) -> str:
        """What the names of its templates begin with; base, which everybody uses, has the shortest."""
        return "fragment." if self.id == "base" else f"fragment.{self.id.replace('/', '.')}."

    def problem(self, file: str, path: tuple, message: str, remedy: str = "") -> Problem:
        """A problem at `path` of one of the fragment's YAML files."""
        line = document.nearest_line(self.lines.get(file, {}), path)
        return Problem(f"{self.folder}/{file}", line, document.dotted(path), message, remedy)

    def defines(self) -> dict[str, tuple[str, int]]:
        """The names that its templates define -> (file, line)."""
        return {name: (file, line) for file, name, line in self._found(DEFINE)}

    def includes(self) -> list[tuple[str, str, int]]:
        """The names that its templates use: (file, name, line)."""
        return self._found(INCLUDE)

    def _found(self, pattern: re.Pattern[str]) -> list[tuple[str, str, int]]:
        found = []
        for file, text in self.templates.items():
            line, last = 1, 0
            for match in pattern.finditer(text):
                line, last = line + text.count("\n", last, match.start()), match.start()
                found.append((file, match[1], line))
        return found


def load(folder: Path, id: str, shown: str | None = None) -> Fragment:
    """Read the fragment `id` from `folder`; Faults with every problem in its YAML files."""
    shown = shown or str(folder)
    collected = Collected()
    recipe = collected.attempt(_read, folder, "fragment.yaml", shown, "fragment.schema.json")
    values = None
    if (folder / "values.schema.yaml").exists():
        values = collected.attempt(_read, folder, "values.schema.yaml", shown, "values-file.schema.json")
    collected.end()
    return _fragment(folder, id, shown, recipe, values)


def _read(folder: Path, name: str, shown: str, schema: str) -> Parsed:
    path = folder / name
    if not path.is_file():
        raise fault(f"{shown}/{name}", "no such file", "every fragment has one")
    return wellformed.read(path, f"{shown}/{name}", schema)


def _fragment(folder: Path, id: str, shown: str, recipe: Parsed, values: Parsed | None) -> Fragment:
    data, schema = recipe.data, values.data or {} if values else {}
    files = texts(folder / "files")
    return Fragment(
        id=id,
        folder=shown,
        summary=data["summary"],
        requires=tuple(data.get("requires", ())),
        choice=data.get("choice", {}),
        components=tuple(data.get("components", ())),
        offers={
            name: Slot(name=name, **({"required": False, "once": False} | slot))
            for name, slot in data.get("offers", {}).items()
        },
        fills=data.get("fills", {}),
        server=schema.get("server", {}),
        release=schema.get("release", {}),
        definitions=schema.get("definitions", {}),
        templates=texts(folder / "templates"),
        files=files,
        tables={
            file: wellformed.parse(text, f"{shown}/files/{file}").data
            for file, text in files.items()
            if file.endswith(".yaml")
        },
        lines={"fragment.yaml": recipe.lines, "values.schema.yaml": values.lines if values else {}},
    )
