"""The files to import, read: their documents, the line of every leaf, and the comments next to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from .. import files
from ..problem import Collected, Faults, Problem, fault
from ..reading import yamlfile
from ..reading.yamlfile import Key, Lines, nearest_line

# Comments for programs, or of a chart's own values.yaml: they say nothing of the person's own.
DEFAULT = re.compile(r"(?<!\$)\$\{(\w+):?-([^${}]+)\}")
EXPRESSION = re.compile(r"\{\{-?(.*?)-?\}\}", re.S)
SPEC: Key = ("spec",)
VALUES = ("values", "valuesObject")  # where an object has the values of a chart
MACHINE = ("# --", "# @", "# yaml-language-server", "# +doc")


@dataclass(frozen=True)
class Comments:
    """The comments of a file: those directly above a line, and the one behind what is written on it."""

    above: dict[int, list[str]] = field(default_factory=dict)
    behind: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One document of a file. `lines` are those of its keys, `number` tells the documents of all files apart."""

    path: str
    number: int
    data: Any
    lines: Lines
    comments: Comments
    defaults: dict[str, str] = field(default_factory=dict)  # of variables of a compose file
    of: Source | None = None  # of an object that a chart makes of its values: the document with them
    block: Key = ()  # where these values are in it
    made: dict[Key, Key] = field(default_factory=dict)  # a part of such an object -> what of the document it is made of

    def line(self, key: Key) -> int:
        """The line of a key, or of what it is in."""
        return nearest_line(self.lines, key)

    def original(self, key: Key) -> Key | None:
        """What a part of an object is made of, None where it is of no value of the document."""
        for end in range(len(key), -1, -1):
            if key[:end] in self.made:
                first, rest = self.made[key[:end]], key[end:]
                if not first:
                    return None
                while rest and not _inside(at(self.of and self.of.data, (*first, *rest[:-1])), rest[-1]):
                    rest = rest[:-1]
                return (*first, *rest)
        return None

    def said(self, key: Key) -> list[str]:
        """The comments of a key."""
        line = self.lines.get(key, 0)
        behind = self.comments.behind.get(line)
        return [*self.comments.above.get(line, ()), *([behind] if behind else [])]


def _inside(data: Any, step: str | int) -> bool:
    return (isinstance(data, dict) and step in data) or (isinstance(data, list) and step in range(len(data)))


def leaves(data: Any, path: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every scalar, and every map or list that is empty, with its path."""
    if isinstance(data, dict | list) and data:
        for key, inner in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(inner, (*path, key))
    else:
        yield path, data


def read(paths: list[Path]) -> list[Source]:
    """Every document of the files; Faults with every problem, such as a file that is not YAML or is empty."""
    found: list[Source] = []
    collected = Collected()
    for path in paths:
        documents = collected.attempt(_documents, path) or []
        found += [replace(source, number=len(found) + n) for n, source in enumerate(documents)]
    collected.end()
    return found


def _documents(path: Path) -> list[Source]:
    shown = str(path)
    text = files.text(path)
    parsed = yamlfile.parse_all(text, shown)
    problems = [problem for document in parsed for problem in document.problems]
    if problems:
        raise Faults(problems)
    comments = _comments(text)
    found = [Source(shown, n, one.data, one.lines, comments) for n, one in enumerate(parsed) if one.data is not None]
    for one in found:
        if not isinstance(one.data, dict):
            remedy = "name a values file, or Kubernetes manifests"
            raise Faults([Problem(shown, one.line(()), "", "the document is not a map", remedy)])
    if not found:
        raise fault(shown, "is empty", "name a values file, or Kubernetes manifests")
    return opened(found)


def opened(documents: list[Source]) -> list[Source]:
    """The objects of documents, with the values in them that are written as text as data."""
    found = [replace(each, number=n) for n, each in enumerate(each for one in documents for each in _items(one))]
    return [replace(one, data=_expanded(one), defaults=_defaults(one.data)) for one in found]


def _items(source: Source) -> Iterator[Source]:
    """The objects of a List, which kubectl prints of several; any other document is itself."""
    items = source.data.get("items")
    if not str(source.data.get("kind", "")).endswith("List") or not isinstance(items, list) or not items:
        yield source
        return
    for n, item in enumerate(items):
        lines = {key[2:]: line for key, line in source.lines.items() if key[:2] == ("items", n)}
        if isinstance(item, dict):
            yield replace(source, data=item, lines=lines)


def _expanded(source: Source) -> Any:
    """The document, with the YAML text of an Argo CD Application's `helm.values` as data."""
    if is_compose(source.data):
        return _with_defaults(source.data)
    if source.data.get("kind") not in ("Application", "ApplicationSet"):
        return source.data
    data, spec = source.data, spec_of(source.data)
    if spec != SPEC:
        data = _of_generators(data)
    several = at(data, (*spec, "sources"))
    for way in [("source",), *(("sources", n) for n in range(len(several) if isinstance(several, list) else 0))]:
        key: Key = (*spec, *way, "helm", "values")
        text = at(data, key)
        if isinstance(text, str):
            inner = yamlfile.parse(text, source.path)
            first = source.line(key)
            if inner.problems:
                raise Faults([replace(one, line=one.line and one.line + first) for one in inner.problems])
            data = placed(data, key, inner.data if inner.data is not None else {})
            source.lines.update({(*key, *below): line + first for below, line in inner.lines.items() if below})
    return data


def spec_of(data: Any) -> Key:
    """Where an object around values says which chart it runs: an ApplicationSet has the template of Applications."""
    return (*SPEC, "template", *SPEC) if isinstance(data, dict) and data.get("kind") == "ApplicationSet" else SPEC


def _of_generators(data: Any) -> Any:
    """The data of an ApplicationSet, with the expressions that its generators fill in as variables."""
    if isinstance(data, dict):
        return {key: _of_generators(inner) for key, inner in data.items()}
    if isinstance(data, list):
        return [_of_generators(inner) for inner in data]
    return EXPRESSION.sub(_variable, data) if isinstance(data, str) else data


def _variable(match: re.Match[str]) -> str:
    words = re.findall(r"[A-Za-z]\w*", match[1])
    return f"${{{'_'.join(words) or 'GENERATED'}}}"


def is_compose(data: Any) -> bool:
    """Whether a document is a compose file."""
    return isinstance(data, dict) and "apiVersion" not in data and isinstance(data.get("services"), dict)


def _with_defaults(data: Any) -> Any:
    """The data of a compose file, with the defaults of its variables in their place, and `$$` as the `$` that it is."""
    if isinstance(data, dict):
        return {key: _with_defaults(inner) for key, inner in data.items()}
    if isinstance(data, list):
        return [_with_defaults(inner) for inner in data]
    return DEFAULT.sub(lambda match: match[2], data).replace("$$", "$") if isinstance(data, str) else data


def _defaults(data: Any) -> dict[str, str]:
    """The variables of a compose file that have defaults."""
    texts = [text for _, text in leaves(data) if isinstance(text, str)] if is_compose(data) else []
    return {match[1]: match[2] for text in texts for match in DEFAULT.finditer(text)}


def at(data: Any, path: Key) -> Any:
    """What is at a path, None where nothing is."""
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def placed(data: Any, path: Key, value: Any) -> Any:
    """A copy of the data with a value at a path that exists."""
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = placed(data[path[0]], path[1:], value)
    return copy


def _comments(text: str) -> Comments:
    """What is written between the tokens of a YAML text: nothing but space and comments."""
    above: dict[int, list[str]] = {}
    behind: dict[int, str] = {}
    end, line, column = 0, 1, 0
    for token in yaml.scan(text, Loader=getattr(yaml, "CLoader", yaml.Loader)):
        if token.end_mark.index > token.start_mark.index:  # others only mark where blocks begin and end
            _gap(text[end : token.start_mark.index], line, column, above, behind)
            end, line, column = token.end_mark.index, token.end_mark.line + 1, token.end_mark.column
    _gap(f"{text[end:]}\n", line, column, above, behind)
    return Comments(above, behind)


def _gap(text: str, line: int, column: int, above: dict[int, list[str]], behind: dict[int, str]) -> None:
    """Add the comments of what is between two tokens, the first of which ends at a line and a column."""
    if column == 0:
        text, line = f"\n{text}", line - 1
    first, *others = text.split("\n")
    if first.strip().startswith("#"):
        behind[line] = first.strip()
    block: list[str] = []
    for number, each in enumerate(others, line + 1):
        said = each.strip()
        if said.startswith("#"):
            block += [] if said.startswith(MACHINE) else [said]
        elif number < line + len(others):
            block = []
    if block:
        above[line + len(others)] = block
