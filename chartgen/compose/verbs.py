"""The verbs of `printf` against the types of its values: Go prints `%!d(string=x)` where they do not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..problem import Problem
from .forms import INDEX
from .reads import WORDS, Use, Value

# A place for a value in the text of printf, and %%, which is none.
VERB = re.compile(r"%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z%]")
TEXTS = "sqvxX"  # the verbs that print a text
# The type of a value -> the verbs that print it, and what to write. Helm and mustFromJson make all numbers decimals.
FITTING = {
    "string": (TEXTS, "write %s"),
    "boolean": ("tv", "write %t"),
    "integer": ("vfgeFGE", "write %d, and give it the value with int64"),
    "number": ("vfgeFGE", "write %v"),
}
SAID = {"string": "a text", "boolean": "a boolean", "integer": "a number", "number": "a number"}


def type_of(value: Value, schema_of: Callable[[str], dict | None]) -> str:
    """The one type that a value has as it is, by the schemas of values and the rules of facts; empty if unknown."""
    if value.kind == WORDS:
        return "string"
    plain = value.prints and all(form.startswith(".") and not form.endswith(f".{INDEX}") for form in value.prints)
    types = {str((schema_of(form) or {}).get("type", "")) for form in value.prints} if plain else set()
    return types.pop() if len(types) == 1 else ""


def check(uses: list[Use], schema_of: Callable[[str], dict | None]) -> Iterator[Problem]:
    """Values that a verb prints as an error."""
    for use in uses:
        for line, text, values in sorted(use.found.formats, key=lambda each: each[:2]):
            verbs = [verb for verb in VERB.findall(text) if verb != "%%"]
            if len(verbs) != len(values) or "*" in text:
                continue  # rules.py
            for verb, value in zip(verbs, values, strict=True):
                kind = type_of(value, schema_of)
                fitting, remedy = FITTING.get(kind, ("", ""))
                if fitting and verb[-1] not in fitting:
                    message = f"{verb} is given {SAID[kind]}, for which Go prints %!{verb[-1]}(…)"
                    yield Problem(use.path, line, "printf", message, remedy)
