"""A values file as text, and single answers in it."""

from __future__ import annotations

import json
from typing import Any

from ..chart import valuesfile
from ..compose import yamltext
from ..problem import Faults, Problem
from ..reading import yamlfile
from . import edited

SHOWN = "values.yaml"


def read(text: str) -> dict[str, Any]:
    """The values in a text; Faults where it is not a values file."""
    parsed = yamlfile.parse(text, SHOWN)
    if parsed.problems:
        raise Faults(parsed.problems)
    if problems := valuesfile.not_a_map(parsed, SHOWN):
        raise Faults(problems)
    return parsed.data or {}


def value(path: str, text: str) -> Any:
    """The value that a text says, a list or a map; Faults at its key where it cannot be read."""
    parsed = yamlfile.parse(text, SHOWN)
    if parsed.problems:
        raise Faults([Problem(SHOWN, 0, path, each.message, each.remedy) for each in parsed.problems])
    return parsed.data


def answered(text: str, path: str, value: Any) -> str:
    """The text with one value set, or taken out where `value` is None. The rest stays, and so does every comment.

    A text in which that is not possible is written anew, with its comments at the top.
    """
    data, keys = read(text), path.split(".")
    text = text if not text or text.endswith("\n") else f"{text}\n"
    _set(data, keys, value)
    changed = edited.edited(text, keys, data)
    if changed is not None and _says(changed, data):
        return changed
    head = _head(text)
    others = [f"{each}\n" for each in edited.comments(text)[len(edited.comments(head)) :]]
    return head + "".join(others) + (yamltext.document(data) if data else "")


def _says(text: str, data: dict[str, Any]) -> bool:
    """Whether a text says this and nothing else; True is not 1 here."""
    try:
        return json.dumps(read(text), sort_keys=True) == json.dumps(data, sort_keys=True)
    except Faults:
        return False


def _set(data: dict[str, Any], path: list[str], value: Any) -> None:
    key, *rest = path
    if not rest:
        if value is None:
            data.pop(key, None)
        else:
            data[key] = value
        return
    inner = data.get(key)
    if not isinstance(inner, dict):
        if value is None:
            return
        inner = data[key] = {}
    _set(inner, rest, value)
    if not inner:
        del data[key]


def _head(text: str) -> str:
    """The comment at the top of a text, with the blank lines below it."""
    lines = text.splitlines(keepends=True)
    count = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    return "".join(lines[:count])
