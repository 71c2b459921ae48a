"""What differs between two objects, by paths, as people look for it: list items by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..reading.yamlfile import Key, dotted

ABSENT = object()
LONGEST = 60  # characters of a value that are shown
# What names an item of a list, the first of these that every item has.
NAMES = ("name", "mountPath", "containerPort", "port", "ip", "host", "key", "topologyKey", "type")


@dataclass(frozen=True)
class Change:
    """One place that differs. `old` or `new` is ABSENT where the place is on one side only; list items are named."""

    path: Key
    old: Any
    new: Any

    @property
    def where(self) -> str:
        """The path as text: `spec.template.spec.containers[server].image`."""
        text = ""
        for part in self.path:
            text += part if str(part).startswith("[") else f".{dotted((part,))}"
        return text.removeprefix(".")

    def below(self, *steps: str) -> bool:
        """Whether the place is at `steps`, or inside."""
        return self.path[: len(steps)] == steps

    def values(self) -> str:
        """What it was and is: `2 → 4`, `set to 4`, `removed`, or how many lines of a long text differ."""
        if self.new is ABSENT:
            return "removed"
        if self.old is ABSENT:
            return f"set to {_short(self.new)}"
        if isinstance(self.old, str) and isinstance(self.new, str) and "\n" in self.old + self.new:
            count = _lines(self.old, self.new)
            return "1 line differs" if count == 1 else f"{count} lines differ"
        if _words(self.old) and _words(self.new):
            gone = [f"without {word}" for word in self.old if word not in self.new]
            come = [f"with {word}" for word in self.new if word not in self.old]
            return ", ".join(gone + come) or "in another order"
        return f"{_short(self.old)} → {_short(self.new)}"


def changed(old: Any, new: Any, path: Key = ()) -> Iterator[Change]:
    """Every place that differs, innermost first found; a list that was only reordered is one change."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from changed(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and old != new:
        before, after = _named(old, new)
        if before is None or after is None:
            yield Change(path, old, new)
            return
        inner = list(changed(before, after, path))
        yield from inner or [Change(path, list(before), list(after))]
    elif old is ABSENT or new is ABSENT or old != new or type(old) is not type(new):
        yield Change(path, old, new)


def _named(old: list[Any], new: list[Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both lists as maps, by what names their items; (None, None) where nothing does."""
    for name in NAMES:
        maps = [_by(name, items) for items in (old, new)]
        if all(each is not None for each in maps):
            return maps[0], maps[1]
    if all(isinstance(each, dict) for each in (*old, *new)) and len(old) == len(new):
        return {f"[{n}]": each for n, each in enumerate(old)}, {f"[{n}]": each for n, each in enumerate(new)}
    return None, None


def _by(name: str, items: list[Any]) -> dict[str, Any] | None:
    if not all(isinstance(each, dict) and isinstance(each.get(name), str | int) for each in items):
        return None
    found = {f"[{each[name]}]": each for each in items}
    return found if len(found) == len(items) else None


def _words(value: Any) -> bool:
    """Whether a value is a list of short texts, such as the arguments of a program."""
    return isinstance(value, list) and all(isinstance(each, str) and len(each) <= LONGEST for each in value)


def _lines(old: str, new: str) -> int:
    from difflib import SequenceMatcher

    one, two = old.splitlines(), new.splitlines()
    if len(one) * len(two) > 4_000_000:
        return abs(len(one) - len(two)) or 1
    codes = SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in codes if kind != "equal") or 1


def _short(value: Any) -> str:
    text = value if isinstance(value, str) and value and value == value.strip() else json.dumps(value, default=str)
    text = text.replace("\n", "⏎")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
