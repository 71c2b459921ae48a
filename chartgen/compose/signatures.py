"""What base's templates are given, against what their comments say that they take.

Each comment begins with it: `(list CONTEXT NAME)`, `{context, image, over?}` where over can be left out, `Given a
context`, `Given a list`, or the text that it is. Helm would report a mistake where the template is written, not where
it is included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..problem import Problem, nearest
from ..sources.stack import Stack
from .fit import SLOT
from .merge import at
from .reads import CONTEXT, COUNT, DICT, LIST, PART, WORDS, Given, Use, Value
from .schema import Values

COMMENTED = re.compile(r'\{\{-?\s*/\*((?:(?!\*/).)*)\*/\s*-?\}\}\s*\{\{-?\s*define\s+"([^"]+)"', re.S)
ITEMS = re.compile(r"\(list (?P<items>[A-Z ]+)\)")
KEYS = re.compile(r"\{(?P<keys>\w+\??(?:, \w+\??)*)\}: ")
ROOT = re.compile(r"Given (?:a context|the root|a server's context)\b")
MAP = re.compile(r"Given a map\b")
SEVERAL = re.compile(r"Given a list\b")
TEXT = re.compile(r"(?:A|YAML) (?:text|quantity)\b")
TYPES = {"string": WORDS, "integer": COUNT, "number": COUNT, "boolean": COUNT, "object": DICT, "array": LIST}
SAID = {CONTEXT: "a context", WORDS: "a text", COUNT: "a number", LIST: "a list", DICT: "a dict", PART: "a value"}


class Signature(NamedTuple):
    """What a template takes: kinds, with the names of a list's items, or the keys of a dict and those that it needs."""

    kinds: frozenset[str]
    items: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


def signature(comment: str) -> Signature | None:
    """What the comment above a template says that it takes; None where it does not begin with that."""
    said = " ".join(comment.split())
    if match := ITEMS.match(said):
        return Signature(frozenset([LIST]), items=tuple(match["items"].split()))
    if match := KEYS.match(said):
        words = match["keys"].split(", ")
        needed = tuple(word for word in words if not word.endswith("?"))
        return Signature(frozenset([DICT]), keys=tuple(word.rstrip("?") for word in words), needed=needed)
    if ROOT.match(said):
        return Signature(frozenset([CONTEXT]))
    if MAP.match(said):
        return Signature(frozenset([DICT]))
    if SEVERAL.match(said):
        return Signature(frozenset([LIST]))
    if TEXT.match(said):
        return Signature(frozenset([WORDS, COUNT, *([DICT] if "{text, of}" in said else [])]))
    return None


def check(stack: Stack, values: Values, uses: list[Use]) -> Iterator[Problem]:
    """Calls of base's templates, and of slots, with something else than they take."""
    known = {
        name: found
        for fragment in stack.fragments
        if fragment.id == "base"
        for text in fragment.templates.values()
        for comment, name in COMMENTED.findall(text)
        if (found := signature(comment))
    }
    for use in uses:
        found: dict[tuple[int, str], Problem] = {}
        for given in sorted(use.found.given, key=lambda each: (each.line, each.name)):
            taken = known.get(given.name) or (Signature(frozenset([CONTEXT])) if given.name.startswith(SLOT) else None)
            wrong = _wrong(given, taken, values) if taken else None
            if wrong:
                found.setdefault((given.line, given.name), Problem(use.path, given.line, given.name, *wrong))
        yield from found.values()
    yield from _contexts(stack, uses)


def _contexts(stack: Stack, uses: list[Use]) -> Iterator[Problem]:
    """Contexts of slots with another map than the slot is `given`. Its own fragment passes on what it was given."""
    slots = {f"{SLOT}{slot.name}": (one, slot.given) for one in stack.fragments for slot in one.offers.values()}
    found = set()
    for use in uses:
        for included in use.found.given:
            owner, given = slots.get(included.name, (None, {}))
            entries = dict(included.value.keys)
            for name, keys in given.items():
                if name in entries:
                    wrong = _entries(name, entries[name], keys)
                elif use.fragment is not owner and included.value.kind == CONTEXT:
                    wrong = [(name, "is not in the context", f'write (merge (dict "{name}" (dict "name" TEXT)) .)')]
                else:
                    wrong = []
                found |= {Problem(use.path, included.line, *each) for each in wrong}
    yield from sorted(found)


def _entries(name: str, made: Value, keys: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a map that a context has: its keys, and texts that are not among those that a key can have."""
    entries = dict(made.keys)
    for key, value in entries.items():
        if key not in keys:
            yield f"{name}.{key}", f"is not a key of {name}", nearest(key, list(keys), "the keys")
        elif wrong := sorted(word for word in value.words if word not in keys[key].get("enum", value.words)):
            yield f"{name}.{key}", f"'{wrong[0]}' is not valid here", nearest(wrong[0], keys[key]["enum"], "the values")
    if made.kind == DICT and len(made.shapes) == 1:
        for key in keys:
            if keys[key].get("required") and key not in entries and entries.keys() <= keys.keys():
                yield f"{name}.{key}", "is missing", f'add "{key}" to the dict'


def _wrong(given: Given, taken: Signature, values: Values) -> tuple[str, str] | None:
    """What is wrong with what a template is given, and what to write."""
    remedy = f'write include "{given.name}" {_call(taken)}'
    kinds = _kinds(given.value, values)
    if kinds and not kinds & taken.kinds:
        return f"is given {' or '.join(SAID[kind] for kind in sorted(kinds))}, but takes {_said(taken)}", remedy
    if len(given.value.shapes) != 1:
        return None
    [(kind, parts)] = given.value.shapes
    if taken.items and kind == LIST:
        if len(parts) != len(taken.items):
            return f"is given a list of {len(parts)}, but takes {_said(taken)}", remedy
        wrong = [
            f"{SAID[part]} as {name}"
            for part, name in zip(parts, taken.items, strict=True)
            if part and (part == CONTEXT) != (name == "CONTEXT")
        ]
        if wrong:
            return f"is given {' and '.join(wrong)}, but takes {_said(taken)}", remedy
    if taken.keys and kind == DICT:
        more = [key for key in parts if key not in taken.keys]
        missing = [key for key in taken.needed if key not in parts]
        if more or missing:
            what = " and ".join(filter(None, [_listed("has no key", more), _listed("needs", missing)]))
            return what, remedy
        kinds = {key: value.kind for key, value in given.value.keys}
        if kinds.get("context", CONTEXT) not in ("", CONTEXT):
            return f"is given {SAID[kinds['context']]} as context", remedy
    return None


def _listed(what: str, keys: list[str]) -> str:
    return f"{what} {', '.join(keys)}" if keys else ""


def _kinds(value: Value, values: Values) -> set[str]:
    """The kinds that a value may be; empty where that is not known."""
    if value.shapes:
        return {kind for kind, _ in value.shapes}
    found = set()
    for path in value.paths:
        schema = at(values.server | values.release, ".".join(path)) if path else None
        kind = TYPES.get((schema or {}).get("type", ""))
        if not kind:
            return set()
        found.add(kind)
    return found


def _said(taken: Signature) -> str:
    if taken.items:
        return f"(list {' '.join(taken.items)})"
    if taken.keys:
        return f"a dict of {', '.join(taken.keys)}"
    return " or ".join(SAID[kind] for kind in (CONTEXT, WORDS, DICT, LIST) if kind in taken.kinds)


def _call(taken: Signature) -> str:
    """How to write what it takes."""
    if taken.items:
        return f"(list {' '.join('.' if name == 'CONTEXT' else name for name in taken.items)})"
    if taken.keys:
        pairs = (f'"{key}" {"." if key == "context" else key.upper()}' for key in taken.needed)
        return f"(dict {' '.join(pairs)})"
    if taken.kinds == {LIST}:
        return "(list …)"
    return "." if CONTEXT in taken.kinds else "TEXT" if WORDS in taken.kinds else "MAP"
