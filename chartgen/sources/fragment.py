"""A folder -> Fragment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from .. import files as disk
from .. import paths
from ..files import below, odd, strange, texts
from ..problem import Collected, Problem, fault, nearest
from ..reading import document, wellformed
from ..reading.document import Parsed

# What a fragment's folder holds.
FOLDERS = ("templates", "files", "schemas", "cases", "rejected")
FILES = ("fragment.yaml", "values.schema.yaml")
SHARED = ("schemas/versions.schema.json",)  # schemas of chartgen that data files of fragments can have
DEFINE = re.compile(r'\{\{-?\s*define\s+"([^"]+)"')
INCLUDE = re.compile(r'(?:include|template)\s+"(fragment\.[^"]+)"')


@dataclass(frozen=True)
class Slot:
    """A place that one fragment offers and others fill.

    `kind` is `list` (YAML list items, in the stack's order), `map` (a YAML map, later fills win) or `one` (the first
    fill that says anything). `scope` is `server` (filled with a server's context) or `release` (the root).
    What fills a slot that is to be made `once` is made once a render for each of these. What fills one of `text` is
    lines of text and not YAML. `keys` are the rules of facts, as in fragment.schema.json, `value` is the rule of all
    that a fill of another slot prints. `given` are the maps that the context has in addition, with the rules of their
    keys. `default` is the value that has the text of the fill if it is empty.
    """

    name: str
    kind: str
    scope: str
    required: bool
    once: bool
    summary: str
    text: bool = False
    keys: dict[str, Any] = field(default_factory=dict)
    value: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    default: str = ""


@dataclass(frozen=True)
class Question:
    """What a person is asked about one value, `value` its dotted path.

    It is shown where each value in `when` (dotted path -> value) is the one given; a text that begins with `!` means
    any other.
    """

    value: str
    group: str
    ask: str
    when: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fragment:
    """One concern, as its folder states it.

    `id` is the folder's path below the folder of fragments (`engine/vllm`). `server`, `release` and `definitions`
    are maps from a key to its JSON Schema, `templates` and `files` maps from a path in the fragment to text. `tables`
    maps each YAML file among `files` to its data, which is None where the text is not YAML. `data` are those of them
    that have a schema, which the templates read. `entries` are the paths of
    all that is in the folder, `seal` is the hash of what the builder's rules check.
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
    data: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    entries: tuple[str, ...] = ()
    seal: str = ""
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
    collected = Collected(_strange(folder, id))
    collected.end()
    recipe = collected.attempt(_read, folder, "fragment.yaml", shown, "fragment.schema.json")
    values = None
    if os.path.lexists(folder / "values.schema.yaml"):
        values = collected.attempt(_read, folder, "values.schema.yaml", shown, "values-file.schema.json")
    collected.end()
    found = _fragment(folder, id, shown, recipe, values)
    Collected(_data(found, folder, recipe.data.get("data", {}))).end()
    return found


def _strange(folder: Path, id: str) -> list[Problem]:
    """What a fragment must not be made of: links, above all, in its folder, as its folder or as that of its group."""
    groups = [odd(str(group)) for group in list(folder.parents)[: id.count("/")]]
    return [*filter(None, groups), *strange(folder)]


def _read(folder: Path, name: str, shown: str, schema: str) -> Parsed:
    path = folder / name
    if not path.exists():
        raise fault(f"{shown}/{name}", "no such file", "add it: every fragment has one")
    return wellformed.read(path, f"{shown}/{name}", schema)


def _fragment(folder: Path, id: str, shown: str, recipe: Parsed, values: Parsed | None) -> Fragment:
    data, schema = recipe.data, values.data or {} if values else {}
    templates, files = texts(folder / "templates"), texts(folder / "files")
    entries = tuple(sorted(below(folder)))
    tables = {
        file: wellformed.parse(text, f"{shown}/files/{file}") for file, text in files.items() if file.endswith(".yaml")
    }
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
        templates=templates,
        files=files,
        tables={file: table.data for file, table in tables.items()},
        data=tuple(file.removeprefix("files/") for file in data.get("data", {})),
        questions=tuple(_question(each) for each in data.get("questions", ())),
        entries=entries,
        seal=wellformed.seal(id, repr((data, schema)), *chain(*templates.items(), *files.items()), *entries),
        lines={
            "fragment.yaml": recipe.lines,
            "values.schema.yaml": values.lines if values else {},
            **{f"files/{file}": table.lines for file, table in tables.items()},
        },
    )


def _question(data: dict[str, Any]) -> Question:
    return Question(data["value"], data["group"], data["ask"], data.get("if", {}))


def _data(found: Fragment, folder: Path, declared: dict[str, str]) -> list[Problem]:
    """What is wrong with the fragment's data files, by the schemas that it names for them."""
    problems = []
    for file, schema in declared.items():
        where, rules = ("data", file), folder / schema
        if schema in SHARED and not rules.is_file():
            rules = paths.schemas() / Path(schema).name
        for path, real in ((file, folder / file), (schema, rules)):
            if not real.is_file():
                there = [entry for entry in found.entries if entry.startswith(f"{path.split('/')[0]}/")]
                remedy = nearest(path, there, "its files") or "add it, or remove this line"
                problems.append(found.problem("fragment.yaml", where, f"no file '{path}' in the fragment", remedy))
        content = found.files.get(file.removeprefix("files/"))
        if content is not None and rules.is_file():
            shown = f"{found.folder}/{schema}"
            problems += wellformed.data(content, f"{found.folder}/{file}", disk.text(rules, shown), shown)
    return problems
