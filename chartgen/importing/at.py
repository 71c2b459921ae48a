"""A value of the input where a row of a table applies, and what a row may do with it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from ..reading import conceal
from ..reading.yamlfile import Key, dotted
from .draft import (
    CARRIED,
    CHANGED,
    MISSING,
    NO_VALUE,
    OTHER,
    SERVER,
    SETTLED,
    TEMPLATE,
    UNKNOWN,
    Draft,
    Note,
    Put,
    Spot,
)
from .source import Source, at, leaves
from .tables import Program, Table, programs

VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*(:?[-=][^}]*)?\}")
DECIMAL = re.compile(r"[0-9]{1,18}")
USUAL_REFERENCE = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}  # what a route's reference means anyway
VARIABLES = "replace variables such as ${NAME} in the input, and import it again"
ALIKE = 0.85  # how close a key is to one that it may stand for, from 0 to 1
BLOCK = "block of a values file"  # the kind of a table for values of a chart that nobody else has
EMPTY = ("", None, {}, [])


@dataclass(frozen=True)
class At:
    """A value at a `path` of a document; the chart's own values begin at `root`.

    `keys` are the paths below it that the row is for, where it is not all of the value.
    """

    draft: Draft
    source: Source
    table: Table
    root: Key
    path: Key
    value: Any
    row: dict[str, Any]
    server: str = ""
    program: Program | None = None
    keys: tuple[Key, ...] = ((),)
    mounts: tuple[str, ...] = ()
    also: tuple[Spot, ...] = ()  # of other places of the input that say the same

    @property
    def own(self) -> Key:
        """The path in the chart's own values."""
        return self.path[len(self.root) :]

    @property
    def shown(self) -> str:
        """The path in the chart's own values, dotted."""
        return dotted(self.own)

    def below(self, *keys: str | int, **more: Any) -> At:
        """A value below this one, under another row where one is given."""
        value = self.value
        for key in keys:
            inside = isinstance(value, dict) or (isinstance(value, list) and isinstance(key, int) and key < len(value))
            value = (value.get(key) if isinstance(value, dict) else value[key]) if inside else None
        return replace(self, path=(*self.path, *keys), keys=((),), **{"value": value, **more})

    def get(self, *keys: str | int) -> Any:
        """The value at a path below."""
        return self.below(*keys).value

    def only(self, *keys: str) -> At:
        """The same, for what is at these paths."""
        return replace(self, keys=tuple((key,) for key in keys) or ((),))

    def spots(self, keys: tuple[Any, ...]) -> list[Spot]:
        """The leaves at paths below this value, a path of one step as a text."""
        found: list[Spot] = []
        for key in keys or self.keys:
            path = (*self.path, *((key,) if isinstance(key, str | int) else key))
            inner = self.draft.spots(self.source, path)
            given = path == self.path or _has(self.value, path[len(self.path) :])
            found += inner or (
                [(self.source.number, path)] if given and not self.also and self.source.of is None else []
            )
        return [*found, *self.also]

    def put(self, target: str | Key, value: Any, *keys: Any, how: str = "") -> None:
        """Write a value, made of what is at paths below; `how` says what it became where it is not the same."""
        goal = self._goal(target)
        if _templates(value):
            text = "is a Helm template expression, which a values file cannot have; write its result as"
            self.lost(goal, f"{text} {dotted(self._named(goal))}", keys)
            return
        if _scalars(value) and _variables(value):
            for key in [key for key, one in value.items() if _variables(one)]:
                self.below(key, row=self.row).lost((*goal, str(key)), _has_variable((*goal, str(key)), value[key]), ())
            value = {key: one for key, one in value.items() if not _variables(one)}
            keys = keys or tuple(value)
            self.draft.advise(VARIABLES)
            if not value:
                return
        if _variables(value):
            self.lost(goal, _has_variable(self._named(goal), value), keys)
            self.draft.advise(VARIABLES)
            return
        if goal[-1] == "parentRefs" and isinstance(value, list):
            value = [_unusual(one) for one in value if one]
        if goal[-1] == "tag" and "@" in str(value) and self.draft.names.has((*goal[:-1], "digest")):
            value, _, digest = str(value).partition("@")
            self.put(".".join(map(str, (*goal[:-1], "digest"))), digest, *keys, how="the digest")
        value, converted = self._converted(goal, value)
        how = how or converted
        scoped = self.server if goal[0] in self.draft.server_keys or "<server>" in goal else ""
        kind = CHANGED if how else CARRIED
        meaning = self._meaning(goal)
        if meaning:
            kind = OTHER
        said = "; ".join(filter(None, (how, meaning)))
        self.draft.put(Put(goal, value, scoped, tuple(self.spots(keys)), how), Note(kind, said))

    def lost(self, goal: Key, text: str, keys: tuple[Any, ...]) -> None:
        """Say that a value cannot be written; of a model, the values must not name another one in its place."""
        if goal[:2] == ("model", "name") or goal[0] == "models":
            self.draft.lost.add(self.server)
        self.draft.note(self.spots(keys), Note(MISSING, text, part=dotted(goal)))

    def _goal(self, target: str | Key) -> Key:
        goal = tuple(target.split(".")) if isinstance(target, str) else target
        prefix = self.program.prefix if self.program else ""
        own = not self.draft.names.has(goal[:1]) or goal[0] in self.draft.server_keys
        return (prefix, *goal) if prefix and own else goal

    def _named(self, goal: Key) -> Key:
        """A target with the server's name in it, as far as that is known by now."""
        return tuple(self.draft.name(self.server) if step == SERVER else step for step in goal)

    def _meaning(self, goal: Key) -> str:
        """What llm-stack calls by the input's name, where that is something else."""
        own = tuple(str(step) for step in self.own)
        if not self.table.names or not own or goal[: len(own)] == own:
            return ""
        if (self.table.server or self.server) and own[0] in self.draft.server_keys:
            return ""
        if own[0] == goal[0] or not self.draft.names.has(own[:1]):
            return ""
        free = not any(one.get("properties") for one in self.draft.names.at(own[:1]))
        if len(own) > 1 and not free and not self.draft.names.has(own[:2]):
            return ""
        return f"'{own[0]}' in llm-stack {_belongs(own[0], self.draft)}"

    def _converted(self, goal: Key, value: Any) -> tuple[Any, str]:
        """A value in the type that its target has: numbers in quotes, texts without."""
        types = {one["type"] for one in self.draft.names.at(goal) if isinstance(one.get("type"), str)}
        if types == {"string"} and isinstance(value, int | float) and not isinstance(value, bool):
            return str(value), "as text"
        if types == {"integer"} and isinstance(value, str) and DECIMAL.fullmatch(value.strip()):
            return int(value), "as a number"
        allowed = [one["enum"] for one in self.draft.names.at(goal) if "enum" in one]
        if isinstance(value, str) and DECIMAL.fullmatch(value) and any(int(value) in one for one in allowed):
            return int(value), "as a number"
        if types == {"integer"} and isinstance(value, float) and value.is_integer():
            return int(value), ""
        if types == {"number"} and isinstance(value, str) and _number(value) is not None:
            return _number(value), "as a number"
        if types == {"boolean"} and isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
            return value.lower() in ("true", "1"), "as true or false"
        return value, ""

    def none(self, text: str, *keys: Any, part: str = "") -> None:
        """Say that llm-stack has nothing for what is at paths below, and what to do; what is empty needs nothing.

        `part` is what of it is meant, where other values may be made of the same leaf.
        """
        self._each(keys, Note(MISSING, text, part=conceal.concealed(part)))

    def settled(self, text: str, *keys: Any) -> None:
        """Say why what is at paths below needs no value."""
        self.draft.note(self.spots(keys), Note(SETTLED, text))

    def unknown(self, *keys: Any) -> None:
        """Say that there is no row for what is at paths below."""
        own = str(self.own[0]) if self.own else ""
        also = ""
        if self.table.names and own and self.draft.names.has((own,)):
            also = f"; '{own}' in llm-stack {_belongs(own, self.draft)}"
        of_values = self.table.names or self.table.ui or BLOCK in self.table.kinds
        said = f"{UNKNOWN} {self.table.title}" if of_values else NO_VALUE
        self._each(keys, Note(MISSING, f"{said}{also}"))

    def misspelt(self, known: list[str]) -> None:
        """Say which key of the chart may be meant by one that it does not read, if one is close."""
        key = str(self.path[-1])
        close = get_close_matches(key.casefold(), {name.casefold(): name for name in known}, n=1, cutoff=ALIKE)
        meant = next((name for name in known if close and name.casefold() == close[0]), "")
        if meant and meant != key:
            place = dotted((*self.own[:-1], meant))
            self.none(f"{self.table.title} reads {place}; if you mean that, correct the input, and import it again")

    def _each(self, keys: tuple[Any, ...], note: Note) -> None:
        for spot in self.spots(keys):
            value = self.draft.every.get(spot, "")
            off = self._off(spot[1])
            if off and note.kind == MISSING:
                self.draft.note([spot], Note(SETTLED, f"{off} is false"))
                continue
            off = value is False and str(spot[1][-1]).lower().endswith(("enabled", "enable", "create"))
            if value in EMPTY and not isinstance(value, bool):
                self.draft.note([spot], Note(SETTLED, "is empty"))
            elif off:
                self.draft.note([spot], Note(SETTLED, "is off"))
            else:
                self.draft.note([spot], note)

    def _off(self, path: Key) -> str:
        """What switches off a block that a leaf is in, of the chart's own values."""
        for end in range(len(path) - 1, len(self.root), -1):
            block = at(self.source.data, path[:end]) if self.source.of is None else None
            if isinstance(block, dict) and block.get("enabled") is False:
                return dotted((*path[len(self.root) : end], "enabled"))
        return ""

    def of_program(self, name: str) -> At:
        """The same, for a program."""
        return replace(self, program=programs()[name])


def _belongs(key: str, draft: Draft) -> str:
    """What llm-stack means by a key, in the words of its schema."""
    said = draft.names.schema.get("properties", {}).get(key, {}).get("description", "")
    return f"is: {re.split(r'[.;:,]', said)[0]}" if said else "is something else"


def _unusual(reference: Any) -> Any:
    """A route's reference to a Gateway without what it means anyway, for which llm-stack has no keys."""
    if not isinstance(reference, dict):
        return reference
    return {key: one for key, one in reference.items() if USUAL_REFERENCE.get(key) != one}


def _has(value: Any, path: Key) -> bool:
    for step in path:
        inside = step in value if isinstance(value, dict) else isinstance(value, list) and step in range(len(value))
        if not inside:
            return False
        value = value[step]
    return True


def _templates(value: Any) -> bool:
    return any(isinstance(text, str) and TEMPLATE.search(text) for _, text in leaves(value))


def _scalars(value: Any) -> bool:
    """Whether a value is a map of texts, such as annotations, each of which stands for itself."""
    return isinstance(value, dict) and not any(isinstance(one, dict | list) for one in value.values())


def _has_variable(goal: Key, value: Any) -> str:
    """What to do with a value that has a variable: a credential never becomes a text of the values."""
    if isinstance(value, str) and conceal.told(str(goal[-1]), value):
        form = "{valueFrom: {secretKeyRef: {name: SECRET, key: KEY}}}"
        return f"has a variable with a credential; put it into a Secret, and write {form} as {dotted(goal)}"
    return f"has a variable; write its value as {dotted(goal)}"


def _variables(value: Any) -> bool:
    return any(isinstance(text, str) and VARIABLE.search(text) for _, text in leaves(value))


def _number(text: str) -> float | None:
    try:
        return float(text) if math.isfinite(float(text)) else None
    except ValueError:
        return None
