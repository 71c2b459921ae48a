"""What Helm makes of a scalar: go-yaml v2's rules, which are YAML 1.1's words and Go's numbers; a date is text.

From resolve.go and decode.go of go.yaml.in/yaml v2.4.4. tests/reading/yaml/scalars.txt holds what Helm itself made of
each.
"""

from __future__ import annotations

import math
import re
from typing import Any

TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
NULL = ("", "~", "null", "Null", "NULL")
INFINITE = (".nan", ".NaN", ".NAN", *(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")))
WORDS = {
    **dict.fromkeys(TRUE, True),
    **dict.fromkeys(FALSE, False),
    **dict.fromkeys(NULL),
    **dict.fromkeys(INFINITE, math.inf),
}
LONGEST = 20  # digits of the largest integer
BASES = {"b": 2, "o": 8, "x": 16}
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0(?:[bB][01]+|[oO]?[0-7]+|[xX][0-9a-fA-F]+))")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
POINT_FIRST = re.compile(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")
STANDARD = "tag:yaml.org,2002:"
MERGE = f"{STANDARD}merge"
TAGS = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}


def plain(text: str) -> Any:
    """What Helm makes of an unquoted scalar: a bool, a number, None, or the text as it stands.

    All that is not finite, which Helm refuses, is `math.inf` itself.
    """
    if text in WORDS:
        return WORDS[text]
    return _number(text) if text[0] in "+-.0123456789" else text


def tagged(tag: str, text: str) -> tuple[Any, bool]:
    """What Helm makes of a scalar with a tag (`!!int "1"`), and whether it takes it; most tags to it say just text."""
    word = tag.removeprefix(STANDARD)
    if word == "binary":
        return _decoded(text)
    if word not in TAGS:
        return text, True
    value = plain(text)
    fits = type(value) in TAGS[word]
    return (float(value) if word == "float" and fits and value is not math.inf else value), fits


def _number(text: str) -> int | float | str:
    """Underscores fall out, integers are Go's of 64 bits, larger ones floats, and what overflows a float is text."""
    digits = text if text[0] == "." else text.replace("_", "")
    if INTEGER.fullmatch(digits):
        bare = digits.lstrip("+-")
        base = BASES.get(bare[1:2].lower(), 8 if bare[0] == "0" else 10)
        # Python refuses to read a decimal of thousands of digits; none of more than twenty has 64 bits.
        value = int(digits, base) if base != 10 or len(bare) <= LONGEST else 2**64
        if -(2**63) <= value < (2**63 if bare != digits else 2**64):
            return value
    if (POINT_FIRST if text[0] == "." else FLOAT).fullmatch(digits) and math.isfinite(value := float(digits)):
        return value
    return text


def _decoded(text: str) -> tuple[str, bool]:
    from base64 import b64decode

    try:
        return b64decode("".join(text.split()), validate=True).decode("utf-8", "replace"), True
    except ValueError:
        return text, False
