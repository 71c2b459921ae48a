"""What values of the input must be where something reads them: of the right type, or a line of the report, or nothing.

A shape is TEXT, NUMBER or ANY; a list of one shape; a map of shapes by key, `*` for those that it does not name; or a
tuple of shapes, one of which it has to be. A null is as if it were not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .source import at as inside

if TYPE_CHECKING:
    from .at import At
    from .source import Key

TEXT, NUMBER, ANY = "text", "number", "any"
LIST: list[Any] = [ANY]
MAP: dict[str, Any] = {}
SAID = {TEXT: "a text", NUMBER: "an integer", list: "a list", dict: "a map"}


def fitted(at: At, shape: Any) -> At | None:
    """A value as it can be read: what does not fit is left out, and is a line of the report; None where all does not.

    Items of a list that do not fit are null, so that the others keep their numbers.
    """
    from dataclasses import replace

    value = _fitted(at, (), at.value, shape)
    return None if value is None else replace(at, value=value)


def _fitted(at: At, path: Key, value: Any, shape: Any) -> Any:
    if value is None or shape == ANY:
        return value
    shapes = shape if isinstance(shape, tuple) else (shape,)
    for one in shapes:
        if one == ANY or (one == TEXT and not isinstance(value, dict | list)):
            return value
        if one == NUMBER and isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(one, list) and isinstance(value, list):
            return [_fitted(at, (*path, n), inner, one[0]) for n, inner in enumerate(value)]
        if isinstance(one, dict) and isinstance(value, dict):
            return _map(at, path, value, one)
    expected = " or ".join(SAID[one if isinstance(one, str) else type(one)] for one in shapes)
    at.none(f"is {kind(value)}; expected {expected}", *([path] if path else []))
    return None


def _map(at: At, path: Key, value: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    # A row for several keys of a map has nothing to say of its other keys.
    own = value.keys() if path else at.row.get("keys", value.keys())
    rest = shape.get("*", ANY)
    found = {
        key: _fitted(at, (*path, key), one, shape.get(key, rest if key in own else ANY)) for key, one in value.items()
    }
    named = {key for key in value if key in shape or (rest != ANY and key in own)}
    return {key: one for key, one in found.items() if one is not None or key not in named}


def kind(value: Any) -> str:
    """What a value is, as a sentence has it."""
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a map"}
    return kinds.get(type(value), "null")


def map_at(data: Any, *path: str | int) -> dict[str, Any]:
    """The map at a path; an empty one where there is none."""
    found = inside(data, path)
    return found if isinstance(found, dict) else {}


def list_at(data: Any, *path: str | int) -> list[Any]:
    """The list at a path; an empty one where there is none."""
    found = inside(data, path)
    return found if isinstance(found, list) else []


def text_at(data: Any, *path: str | int) -> str:
    """The text at a path, a number or a word such as true as it is written; empty where there is none."""
    found = inside(data, path)
    return "" if found is None or isinstance(found, dict | list) else str(found)
