"""What differs between two objects, by paths, as people look for it: list items by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..reading import conceal
from ..reading.yamlfile import Key, dotted

ABSENT = object()
LONGEST = 60  # characters of a value that are shown
CONTEXT = 16  # characters before the first that differs, of a longer value
# What names an item of a list, the first of these that every item has.
NAMES = ("name", "mountPath", "containerPort", "port", "ip", "host", "key", "topologyKey", "type")


@dataclass(frozen=True)
class Change:
    """One place that differs. `old` or `new` is ABSENT where the place is on one side only; list items are named.

    What is `hidden`, such as the contents of a Secret, is never printed.
    """

    path: Key
    old: Any
    new: Any
    hidden: bool = False

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
        whole = isinstance(self.old, dict | list) or isinstance(self.new, dict | list)  # names have what is in it
        secret = self.hidden or (conceal.named(self.path) and not whole)
        if self.old is ABSENT:
            return "set" if secret and _private(self.new) else f"set to {_short(conceal.concealed(self.new))}"
        if secret and (_private(self.old) or _private(self.new)):
            return "has another value"
        old, new = conceal.concealed(self.old), conceal.concealed(self.new)
        if old == new:
            return "has another value"
        if isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
            count = _lines(old, new)
            return "1 line differs" if count == 1 else f"{count} lines differ"
        if _words(old) and _words(new):
            return ", ".join(_arguments(old, new))
        return " → ".join(_pair(old, new))

    def __str__(self) -> str:
        return f"{self.where} {self.values()}"


def _private(value: Any) -> bool:
    """Whether a value can be a credential; numbers and switches are none."""
    return not isinstance(value, bool | int | float | None) and value != ""


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
    """Whether a value is a list of texts, such as the arguments of a program."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _arguments(old: list[str], new: list[str]) -> Iterator[str]:
    """What differs between two lists of arguments; a value of its own is named by the option before it."""
    from difflib import SequenceMatcher

    if sorted(old) == sorted(new):
        yield "in another order"
        return
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = old[a:b], new[c:d]
        if kind == "replace" and len(gone) == len(come):
            for n, (one, two) in enumerate(zip(gone, come, strict=True)):
                yield _argument(one, two, old[a + n - 1] if a + n else "")
        elif kind != "equal":
            before = old[a - 1] if a else ""
            option = f"{before} " if conceal.option(before) and gone and come and not conceal.option(gone[0]) else ""
            yield from (f"without {option}{_short(word)}" for word in gone)
            yield from (f"with {option}{_short(word)}" for word in come)


def _argument(old: str, new: str, before: str) -> str:
    if "\n" in old + new:
        count = _lines(old, new)
        return "1 line differs" if count == 1 else f"{count} lines differ"
    one, two = _pair(old, new)
    name, equals, _ = old.partition("=")
    if equals and new.startswith(f"{name}="):
        one, two = _pair(old.removeprefix(f"{name}="), new.removeprefix(f"{name}="))
        return f"{name}={one} → {two}"
    if conceal.option(before) and not conceal.option(old) and not conceal.option(new):
        return f"{before} {one} → {two}"
    return f"without {one}, with {two}"


def _pair(old: Any, new: Any) -> tuple[str, str]:
    """Two values, of long ones the part that differs."""
    one, two = _text(old), _text(new)
    if max(len(one), len(two)) > LONGEST:
        same = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
        begin = max(0, same - CONTEXT)
        one, two = (f"…{text[begin:]}" if begin else text for text in (one, two))
    return _cut(one), _cut(two)


def _lines(old: str, new: str) -> int:
    from difflib import SequenceMatcher

    one, two = old.splitlines(), new.splitlines()
    if len(one) * len(two) > 4_000_000:
        return abs(len(one) - len(two)) or 1
    codes = SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in codes if kind != "equal") or 1


def _short(value: Any) -> str:
    return _cut(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"name", "value"}:
        value = value["value"]  # a variable, whose name is in its path
    text = value if isinstance(value, str) and value and value == value.strip() else json.dumps(value, default=str)
    return text.replace("\n", "⏎")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
