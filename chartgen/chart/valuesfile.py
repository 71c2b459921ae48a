"""Values files: read, merged as Helm merges them, and held against the chart's schema."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..conventions import EXTRA_OBJECTS, SERVERS
from ..files import text as files_text
from ..problem import Collected, Faults, Problem, fault
from ..programs.helm import listed
from ..reading import sentences, yamlfile
from ..reading.yamlfile import Key, Lines, dotted, nearest_line
from .header import Header, parse

FORMS = {"--set-file": "KEY=FILE", "--set-json": "KEY=JSON"}  # other flags take KEY=VALUE
FLAGS = "--set"  # where a problem is that --set, --set-string, --set-json or --set-file caused


@dataclass(frozen=True)
class Example:
    """Values to render a chart with: one file, several in Helm's order, or none (`defaults`).

    `shown` is the file that problems name. Lines are counted through all files as if they stood one behind the other;
    `starts` are the files and the number of lines before each.
    """

    name: str
    shown: str
    files: tuple[Path, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict, compare=False)
    starts: tuple[tuple[str, int], ...] = ()
    header: Header = field(default_factory=Header)

    @cached_property
    def own_objects(self) -> dict[str, list[Any]]:
        """Name -> the user's own objects of it."""
        own = self.data.get(EXTRA_OBJECTS)
        named: dict[str, list[Any]] = {}
        for one in (one for each in own.values() for one in listed(each)) if isinstance(own, dict) else ():
            named.setdefault(name_of(one), []).append(one)
        return named

    def place(self, line: int) -> tuple[str, int]:
        """The file that a line is in, and its number there."""
        if not line or not self.starts:
            return self.shown, line
        file, before = self.starts[bisect_right([before for _, before in self.starts], line - 1) - 1]
        return file, 0 if file == FLAGS else line - before

    def problem(self, key: Key, message: str, remedy: str = "", shown: str = "") -> Problem:
        """A problem at a key of the values, on its line."""
        return Problem(*self.place(nearest_line(self.lines, key)), shown or dotted(key), message, remedy)


def name_of(data: Any) -> str:
    """The name of an object, as far as it says one."""
    metadata = data.get("metadata") if isinstance(data, dict) else None
    return str(metadata.get("name") or "") if isinstance(metadata, dict) else ""


def read(name: str, files: list[Path], strict: bool = True, first: int = 1) -> Example:
    """Read values files and lay each over those before it; Faults where one is no values file.

    `strict` is for files that ship with a chart: a header that says anything unknown is a problem. The header begins
    on the line `first`.
    """
    collected = Collected()
    found = Example(name, str(files[-1]))
    before = 0
    for file in files:
        parsed = yamlfile.read(file, str(file))
        collected.problems += parsed.problems or not_a_map(parsed, str(file))
        if collected.problems:
            continue
        text = files_text(file)
        header = collected.attempt(parse, text, str(file), strict, first) or Header()
        found = replace(
            found,
            files=(*found.files, file),
            data=_merged(found.data, parsed.data or {}),
            lines=found.lines | {key: line + before for key, line in parsed.lines.items()},
            starts=(*found.starts, (str(file), before)),
            header=_joined(found.header, header),
        )
        before += text.count("\n") + 1
    collected.end()
    return found


def given(
    files: list[Path], flags: list[str], merge: Callable[..., tuple[dict[str, Any], str]], place: Path
) -> Example:
    """A user's values files and Helm's flags for single values, as one example; Faults where they cannot be read.

    `merge` is Helm's own merge (`helm.values`). With flags, what it makes is written into the folder `place` and
    rendered in place of the files. Problems of what the flags changed are at FLAGS.
    """
    name = files[-1].stem if files else FLAGS
    found = read(name, files, strict=False) if files else Example(name, FLAGS)
    if not flags:
        return found
    data, error = merge(files, flags)
    if error:
        raise _unreadable(error.splitlines()[0])
    file = place / f"{name}.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    before = max(found.lines.values(), default=0)
    changed = dict.fromkeys(_changed(data, found.data, ()), before + 1)
    starts = (*found.starts, (FLAGS, before))
    return replace(found, files=(file,), data=data, lines=found.lines | changed, starts=starts)


def _unreadable(error: str) -> Faults:
    """What Helm says of a flag that it cannot read, at that flag."""
    said = re.fullmatch(r"failed parsing (--set[a-z-]*) data(: | )(.*)", error)
    flag, reason, what = said.groups() if said else (FLAGS, ": ", error)
    what = what if reason == ": " else f"'{what}' cannot be read"
    form = f"write {FORMS.get(flag, 'KEY=VALUE')}, as for Helm's own {flag}"
    missing = re.fullmatch(r"open (.*): (.*)", what)
    return fault(flag, f"{missing[1]}: {missing[2]}", "check the path") if missing else fault(flag, what, form)


def _changed(now: Any, then: Any, path: Key) -> Iterator[Key]:
    """The paths in `now` that `then` has not, or has with another value."""
    if isinstance(now, dict | list) and type(now) is type(then):
        before = then if isinstance(then, dict) else dict(enumerate(then))
        for key, value in now.items() if isinstance(now, dict) else enumerate(now):
            yield from _changed(value, before.get(key, _NOTHING), (*path, key))
    elif now != then:
        yield path
        inner = now.items() if isinstance(now, dict) else enumerate(now) if isinstance(now, list) else ()
        for key, value in inner:
            yield from _changed(value, _NOTHING, (*path, key))


_NOTHING = object()


def present(files: list[Path]) -> None:
    """Faults where one of the values files is not there, which Helm would say without its place."""
    for file in files:
        if not file.is_file():
            raise fault(file, "no such file", "check the path of the values file")


def check(example: Example, defaults: dict[str, Any], schema: dict[str, Any] | None) -> list[Problem]:
    """Every fault of the values that Helm makes of the chart's defaults and the example, on the example's own lines.

    What is wrong with the defaults by themselves is not said again.
    """
    if schema is None:
        return []
    from ..reading import shape

    given = coalesced(defaults, example.data)
    nulls = {dotted(key) for key in _nulls(example.data, ())}
    found = []
    for problem in shape.check(given, example.lines, schema, example.shown):
        if problem.message == "missing" and problem.key in nulls:
            problem = replace(problem, message="null is not allowed here", remedy="remove the key to use the default")
        file, line = example.place(problem.line)
        found.append(replace(problem, path=file, line=line))
    return found


# Lists of arguments by their keys, and an argument that is a flag and its value.
ARGUMENTS = re.compile(r"args|command$", re.IGNORECASE)
FLAG = re.compile(r"(--?[A-Za-z][\w-]*)\s+\S")


def overlooked(example: Example, schema: dict[str, Any] | None, defaults: dict[str, Any]) -> list[Problem]:
    """What the schema allows, but was meant otherwise: keys that are like one of the chart's own, where it allows any,
    a flag and its value that are one argument, and servers of the chart's defaults next to the user's.
    """
    from ..reading.keynames import Names, overlooked

    found = overlooked(Names(schema or {}), example.data)
    return [
        *(example.problem(key, "the chart has no such value", remedy) for key, remedy in found),
        *(example.problem(key, *_two(flag)) for key, flag in _joined_flags(example.data, ())),
        *_unlisted(example, defaults),
    ]


def _unlisted(example: Example, defaults: dict[str, Any]) -> Iterator[Problem]:
    """Servers of the defaults that stay, though the values list others."""
    given = example.data.get(SERVERS)
    for name in defaults.get(SERVERS) or {} if isinstance(given, dict) and given else ():
        if name not in given:
            said = f"the defaults have a server '{name}', which the release has, too"
            remedy = f"list it here as {name}: {{}}, or leave it out with {name}: {{enabled: false}}"
            yield example.problem((SERVERS,), said, remedy)


def _two(flag: str) -> tuple[str, str]:
    said = f"{flag} and its value are one argument, so the program gets a flag with a space in its name"
    return said, f"write two items, {flag} and the value"


def _joined_flags(data: Any, path: Key) -> Iterator[tuple[Key, str]]:
    """(path, flag) of each argument that is a flag and its value; what follows `-c` is a script."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        listed = isinstance(value, list) and isinstance(key, str) and ARGUMENTS.search(key)
        for n, item in enumerate(value) if listed else ():
            match = FLAG.match(item) if isinstance(item, str) and (not n or value[n - 1] != "-c") else None
            if match:
                yield (*path, key, n), match[1]
        yield from _joined_flags(value, (*path, key))


def coalesced(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What Helm makes of a chart's defaults and values given: maps are merged, a null takes a default away."""
    result = dict(defaults)
    for key, value in given.items():
        if value is None and key in defaults:
            del result[key]
        elif isinstance(value, dict) and isinstance(defaults.get(key), dict):
            result[key] = coalesced(defaults[key], value)
        else:
            result[key] = value
    return result


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """What Helm makes of two values files: a null stays, for the chart's own default to go."""
    both = {
        key: _merged(first[key], value)
        for key, value in second.items()
        if isinstance(value, dict) and isinstance(first.get(key), dict)
    }
    return first | second | both


def _joined(one: Header, other: Header) -> Header:
    security = other.security if other.security != Header().security else one.security
    return Header(one.bounds + other.bounds, security, one.needs | other.needs)


def not_a_map(parsed: yamlfile.Parsed, shown: str) -> list[Problem]:
    """What is wrong with a values file that is a list or a text; nothing if it is a map, or empty."""
    if parsed.data is None or isinstance(parsed.data, dict):
        return []
    line = nearest_line(parsed.lines, ())
    said = f"is not a values file: it is {sentences.KINDS.get(type(parsed.data), 'a value')}, not a map"
    remedy = "write 'key: value' lines" + (" without '-' before them" if isinstance(parsed.data, list) else "")
    return [Problem(shown, line, "", said, remedy)]


def _nulls(data: Any, path: Key) -> Iterator[Key]:
    if data is None:
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _nulls(value, (*path, key))
