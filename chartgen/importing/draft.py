"""What becomes of the input: the values that are written, and a note for every leaf of every document."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..conventions import SERVERS, split
from ..problem import Problem
from ..reading.keynames import Names
from ..reading.yamlfile import Key, dotted
from .source import Source, at, leaves
from .tables import Program

CARRIED, CHANGED, OTHER = "carried over", "changed", "means another object here"
MISSING, SETTLED = "no counterpart", "not needed"
KINDS = (CARRIED, CHANGED, OTHER, MISSING, SETTLED)

SERVER = "<server>"  # in a target, for the name of the server, which is known at the end
ONE = "server"  # the name of a release's only server
TEMPLATE = re.compile(r"\{\{-?\s*(\.|\$|include |tpl |printf |default |toYaml |template )")

Spot = tuple[int, Key]  # a document by its number, and a path in it


@dataclass(frozen=True)
class Put:
    """A value to write: where, of which server ("" for none), from where in the input, and how it differs."""

    target: Key
    value: Any
    server: str
    spots: tuple[Spot, ...]
    how: str = ""


@dataclass(frozen=True)
class Note:
    """What became of a leaf: one of KINDS, what is said of it, and the value that it was written to."""

    kind: str
    text: str
    put: Put | None = None


@dataclass(frozen=True)
class Advice:
    """What to do before the install; with a name, only if that is in the values, and of a server, if it downloads."""

    text: str
    name: str = ""
    downloads: str | None = None


@dataclass(frozen=True)
class Workload:
    """A workload that was imported: its name and the labels of its pods, what it runs, and the claims that it uses."""

    name: str
    labels: dict[str, Any]
    program: Program
    server: str
    claims: set[str]


@dataclass
class Draft:
    """Collects puts and notes. `unsaid` are those of a chart's defaults, which the input does not set itself."""

    names: Names
    server_keys: set[str]
    sources: list[Source]
    puts: list[Put] = field(default_factory=list)
    notes: dict[Spot, Note] = field(default_factory=dict)
    unsaid: dict[Spot, Note] = field(default_factory=dict)
    servers: list[str] = field(default_factory=list)
    uis: list[str] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    elsewhere: list[Spot] = field(default_factory=list)
    security: str = ""
    comments: dict[str, Put] = field(default_factory=dict)
    workloads: list[Workload] = field(default_factory=list)

    def spots(self, source: Source, key: Key) -> list[Spot]:
        """The leaves of the input at a path and below; the path itself where the input has none there."""
        value: Any = source.data
        for step in key:
            inside = isinstance(value, dict) and step in value
            inside = inside or (isinstance(value, list) and step in range(len(value)))
            if not inside:
                return []
            value = value[step]
        return [(source.number, path) for path, _ in leaves(value, key)]

    def put(self, put: Put, note: Note) -> None:
        """Write a value, and note it at its spots; of two values for one target the later one counts."""
        for other in [other for other in self.puts if other.server == put.server and other.target == put.target]:
            self.puts.remove(other)
            if other.value != put.value:
                self.withdraw(other, Note(MISSING, f"another value of the input is written to {dotted(put.target)}"))
            else:
                put = replace(put, spots=(*other.spots, *put.spots))
                for spot, old in list(self.notes.items()):
                    if old.put is other:
                        self.notes[spot] = replace(old, put=put)
        self.puts.append(put)
        self.note(put.spots, replace(note, put=put))

    def grow(self, put: Put, more: list[Any], spots: tuple[Spot, ...], how: str = "") -> None:
        """Add to a list that is written already."""
        grown = replace(put, value=[*put.value, *more], spots=(*put.spots, *spots))
        self.puts[self.puts.index(put)] = grown
        for spot, old in list(self.notes.items()):
            if old.put is put:
                self.notes[spot] = replace(old, put=grown)
        self.note(spots, Note(CHANGED if how else CARRIED, how, grown))

    def note(self, spots: tuple[Spot, ...] | list[Spot], note: Note) -> None:
        """What became of leaves; what was noted first stays. A path that the input does not have is unsaid."""
        for spot in spots:
            known = self.notes if self.exists(spot) else self.unsaid
            known.setdefault(spot, note)

    def exists(self, spot: Spot) -> bool:
        """Whether the input itself has a leaf."""
        return spot in self.every

    @cached_property
    def every(self) -> dict[Spot, Any]:
        """All leaves of the input, with their values."""
        return {(one.number, path): value for one in self.sources for path, value in leaves(one.data)}

    def selected(self, selector: Any) -> Workload | None:
        """The imported workload whose pods a selector selects."""
        if not isinstance(selector, dict) or not selector:
            return None
        return next((one for one in self.workloads if selector.items() <= one.labels.items()), None)

    def behind(self, service: str) -> Workload | None:
        """The imported workload behind a Service of the input."""
        for source in self.sources:
            data = source.data
            if data.get("kind") == "Service" and at(data, ("metadata", "name")) == service:
                return self.selected(at(data, ("spec", "selector")))
        return None

    def advise(self, text: str, name: str = "", downloads: str | None = None) -> None:
        """Say what to do before the install, once."""
        advice = Advice(text, name, downloads)
        if advice not in self.advice:
            self.advice.append(advice)

    def todo(self) -> list[str]:
        """What to do before the install."""
        names = {text for _, text in leaves(self.data()) if isinstance(text, str)}
        none = {put.server for put in self.puts if put.target == ("model", "delivery") and put.value == "none"}
        wanted = [one for one in self.advice if (not one.name or one.name in names) and one.downloads not in none]
        return list(dict.fromkeys(one.text for one in wanted))

    def needed(self) -> list[str]:
        """The objects that must exist, of those that the values name."""
        texts = " ".join(str(text) for _, text in leaves(self.data()))
        return sorted(need for need in self.needs if need.rpartition("/")[2] in texts)

    def withdraw(self, put: Put, note: Note) -> None:
        """Do not write a value after all, and say so at its spots."""
        self.puts = [other for other in self.puts if other is not put]
        for known in (self.notes, self.unsaid):
            for spot in [spot for spot, old in known.items() if old.put is put]:
                known[spot] = note

    def place(self, put: Put) -> Key:
        """Where a value is written in the end."""
        name = self.name(put.server)
        target = tuple(name if step == SERVER else step for step in put.target)
        own = put.server and target[0] in self.server_keys and len(self.servers) > 1
        return (SERVERS, name, *target) if own else target

    def name(self, server: str) -> str:
        """The name of a server in the values: the release's only one has the default name."""
        return server if len(self.servers) > 1 and server else ONE

    def data(self) -> dict[str, Any]:
        """The values that are written."""
        found: dict[str, Any] = {}
        for put in sorted(self.puts, key=lambda put: len(put.target)):
            into = found
            *above, last = self.place(put)
            for step in above:
                inner = into.get(step)
                into[step] = dict(inner) if isinstance(inner, dict) else {}
                into = into[step]
            into[last] = put.value
        return found

    def at(self, problem: Problem) -> list[Put]:
        """The values that a problem is about: at its key or below it, in the object that it names, or nearest above."""
        key = problem.key
        for name in self.servers:
            scope = "" if len(self.servers) == 1 else f"servers.{name}."
            key = key.replace(f"servers.{self.name(name)}: ", scope)
        exact = [put for put in self.puts if _within(key, dotted(self.place(put)))]
        if exact:
            return sorted(exact, key=lambda put: -len(self.place(put)))[:1]
        below = [put for put in self.puts if key and _within(dotted(self.place(put)), key)]
        named = [
            put for put in self.puts if key and _within(dotted(split(tuple(key.split(".")))[1]), dotted(put.target))
        ]
        return below or named[:1] or self._in_object(f"{problem.path}: {key}") or self._above(key)

    def _in_object(self, place: str) -> list[Put]:
        """The values that a field of a rendered object is made of: those of the object's component, named alike."""
        found = re.search(r"[A-Z]\w+/llm-(\S+): (.*)", place)
        if not found:
            return []
        words = set(re.findall(r"\w+", found[2]))
        own = [put for put in self.puts if put.target[-1] in words or put.target[0] in words]
        names = {found[1], re.sub(r"-(\w)", lambda match: match[1].upper(), found[1])}
        return [put for put in own if {self.name(put.server), put.target[0]} & names][:1]

    def _above(self, key: str) -> list[Put]:
        """What switches on the nearest block above a key, else what is in that block."""
        path = key.split(".")
        for end in range(len(path) - 1, 0, -1):
            block = [put for put in self.puts if _within(dotted(self.place(put)), ".".join(path[:end]))]
            if block:
                return [put for put in block if put.target[-1] == "enabled"] or block
        return []


def _within(key: str, other: str) -> bool:
    """Whether a dotted key is another one, or below it."""
    return key == other or key.startswith((f"{other}.", f"{other}["))
