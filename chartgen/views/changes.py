"""What differs between two objects, by paths, as people look for it: list items by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..reading import conceal
from ..reading.yamlfile import Key, dotted
from . import harmless

ABSENT = object()
LONGEST = 60  # characters of a value that are shown
CONTEXT = 16  # characters before the first that differs, of a longer value
# What names an item of a list, the first of these that every item has.
NAMES = ("name", "mountPath", "containerPort", "port", "ip", "host", "key", "topologyKey", "type")


@dataclass(frozen=True)
class Change:
    """One place that differs. `old` or `new` is ABSENT where the place is on one side only; list items are named.

    What is `hidden`, such as the contents of a Secret, is never printed, and of the rest only what is harmless in an
    object of the API `group`.
    """

    path: Key
    old: Any
    new: Any
    hidden: bool = False
    group: str | None = None

    @property
    def where(self) -> str:
        """The path as text: `spec.template.spec.containers[server].image`."""
        text = ""
        for part in map(harmless.key, self.path):
            text += part if str(part).startswith("[") else f".{dotted((part,))}"
        return text.removeprefix(".")

    def below(self, *steps: str) -> bool:
        """Whether the place is at `steps`, or inside."""
        return self.path[: len(steps)] == steps

    def values(self) -> str:
        """What it was and is: `2 → 4`, `set to 4`, `removed`, or how texts differ that are not printed."""
        if self.new is ABSENT:
            return "removed"
        if _variable(self.new) and (self.old is ABSENT or _variable(self.old)):
            old = self.old if self.old is ABSENT else self.old["value"]
            return replace(self, path=(*self.path, "value"), old=old, new=self.new["value"]).values()
        if (self.hidden or conceal.named(self.path)) and (isinstance(self.old, str) or isinstance(self.new, str)):
            return self._secret()
        one, two = (
            each if each is ABSENT else harmless.shown(each, self.path, None if self.hidden else self.group)
            for each in (self.old, self.new)
        )
        if self.old is ABSENT:
            return f"set to {_measured(self.new) if two == harmless.HIDDEN else _short(two)}"
        if isinstance(self.old, str) and isinstance(self.new, str) and "\n" in self.old + self.new:
            return _lines_differ(self.old, self.new)
        if _words(self.old) and _words(self.new):
            return ", ".join(_arguments((self.old, one), (self.new, two)))
        if one == two:
            return _unlike(self.old, self.new)
        return " → ".join(_pair(one, two))

    def _secret(self) -> str:
        """What is said of a credential."""
        told = all(each is ABSENT or harmless.printed(each, self.path, None) for each in (self.old, self.new))
        if told and not (self.hidden and (self.old or self.new)):
            return f"set to {_short(self.new)}" if self.old is ABSENT else " → ".join(_pair(self.old, self.new))
        return "set" if self.old is ABSENT else "has another value"

    def __str__(self) -> str:
        return f"{self.where} {self.values()}"


def _variable(value: Any) -> bool:
    """Whether a value is a variable of a container, whose name is in its path."""
    return isinstance(value, dict) and value.keys() == {"name", "value"}


def _measured(text: Any) -> str:
    """A text that is not printed, by its length."""
    return f"a text of {_length(text)}" if isinstance(text, str) else "a value that is not printed"


def _length(text: str) -> str:
    return "1 character" if len(text) == 1 else f"{len(text)} characters"


def _unlike(old: Any, new: Any) -> str:
    """How two values differ that are not printed."""
    if not (isinstance(old, str) and isinstance(new, str)):
        return "has another value"
    if len(old) == len(new):
        return f"has another text of {_length(new)}"
    return f"has another text ({len(old)} → {_length(new)})"


def changed(old: Any, new: Any, path: Key = ()) -> Iterator[Change]:
    """Every place that differs, innermost first found; a list that was only reordered is one change."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from changed(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and old != new:
        before, after = _named(old, new, str(path[-1]) if path else "")
        if before is None or after is None:
            yield Change(path, old, new)
            return
        inner = list(changed(before, after, path))
        yield from inner or [Change(path, list(before), list(after))]
    elif old is ABSENT or new is ABSENT or old != new or type(old) is not type(new):
        yield Change(path, old, new)


def _named(old: list[Any], new: list[Any], where: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both lists as maps, by what names their items; (None, None) where nothing does."""
    for name in NAMES:
        maps = [_by(name, items, where) for items in (old, new)]
        if all(each is not None for each in maps):
            return maps[0], maps[1]
    if all(isinstance(each, dict) for each in (*old, *new)) and len(old) == len(new):
        return {f"[{n}]": each for n, each in enumerate(old)}, {f"[{n}]": each for n, each in enumerate(new)}
    return None, None


def _by(name: str, items: list[Any], where: str) -> dict[str, Any] | None:
    if not all(isinstance(each, dict) and harmless.identifier(name, each.get(name), where) for each in items):
        return None
    found = {f"[{each[name]}]": each for each in items}
    return found if len(found) == len(items) else None


def _words(value: Any) -> bool:
    """Whether a value is a list of texts, such as the arguments of a program."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


Texts = tuple[list[str], list[Any]]  # a list of texts, and what is printed of each


def _arguments(one: Texts, two: Texts) -> Iterator[str]:
    """What differs between two lists of arguments; a value of its own is named by the option before it."""
    from difflib import SequenceMatcher

    old, new = one[0], two[0]
    if sorted(old) == sorted(new):
        yield "in another order"
        return
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = (
            list(zip(*(each[a:b] for each in one), strict=True)),
            list(zip(*(each[c:d] for each in two), strict=True)),
        )
        before = old[a - 1] if a and harmless.option(old[a - 1]) else ""
        if kind == "replace" and len(gone) == len(come):
            for n, (was, now) in enumerate(zip(gone, come, strict=True)):
                last = old[a + n - 1] if n else before
                yield _argument(was, now, last if harmless.option(last) else "")
        elif kind != "equal":
            option = f"{before} " if before and gone and come and not harmless.option(gone[0][0]) else ""
            # Only the first of several can be the value of the option before them.
            yield from (f"without {'' if n else option}{_word(*each)}" for n, each in enumerate(gone))
            yield from (f"with {'' if n else option}{_word(*each)}" for n, each in enumerate(come))


def _argument(was: tuple[str, Any], now: tuple[str, Any], before: str) -> str:
    """One argument in place of another: (the text, what is printed of it) each."""
    (old, one), (new, two) = was, now
    name, equals, _ = old.partition("=")
    same = bool(equals) and harmless.option(name) and new.startswith(f"{name}=")
    if same:
        old, new, one, two = (each.removeprefix(f"{name}=") for each in (old, new, one, two))
    elif before and not harmless.option(old) and not harmless.option(new):
        name, same = before, True
    if "\n" in old + new:
        return f"{name if same else ''} {_lines_differ(old, new)}".strip()
    if one == two == harmless.HIDDEN:
        return f"{name if same else 'a word'} {_unlike(old, new)}"
    one, two = _pair(one, two)
    if same:
        return f"{name}{'=' if equals and name != before else ' '}{one} → {two}"
    return f"without {_word(old, one)}, with {_word(new, two)}"


def _word(text: str, shown: Any) -> str:
    return _measured(text) if shown == harmless.HIDDEN else _short(shown)


def _pair(old: Any, new: Any) -> tuple[str, str]:
    """Two values, of long ones the part that differs."""
    one, two = _text(old), _text(new)
    if max(len(one), len(two)) > LONGEST:
        same = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
        begin = max(0, same - CONTEXT)
        one, two = (f"…{text[begin:]}" if begin else text for text in (one, two))
    return _cut(one), _cut(two)


def _lines_differ(old: str, new: str) -> str:
    count = _lines(old, new)
    return "1 line differs" if count == 1 else f"{count} lines differ"


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
    text = (
        value
        if isinstance(value, str) and value and value == value.strip()
        else json.dumps(value, default=str, ensure_ascii=False)
    )
    return text.replace("\n", "⏎")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
