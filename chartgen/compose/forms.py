"""In which form a template prints a value: as a word, as one YAML scalar, as YAML, or as text that can be anything.

A value that may be printed in several forms has all of them; one that may be any text has none. A form is one of those
below, the name of a template whose output it is (`fragment.labels`), or the path of a value (`.gpu.count`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

Forms = frozenset[str]

PLAIN = "plain"  # a word or a whole number: one scalar, and safe as a part of a larger text
NUMBER = "number"  # a number that can have an exponent: one scalar, not to be a part of a text
WORD = "word"  # letters, digits and dashes: safe as a part of a text; alone YAML may read it as a number
SCALAR = "scalar"  # quoted, or JSON on one line
YAML = "yaml"  # lines of YAML, or nothing
INDEX = "#"  # the last part of the path of a place in a list, a number, or of a key in a map
TEXT: Forms = frozenset()

BY_FUNCTION = {
    SCALAR: {"quote", "toJson", "toRawJson"},
    YAML: {"toYaml"},
    PLAIN: {
        *("int", "int64", "add", "add1", "sub", "mul", "div", "mod", "max", "min", "len"),
        *("not", "eq", "ne", "lt", "le", "gt", "ge", "empty", "has", "hasKey", "hasPrefix", "hasSuffix", "contains"),
        *("kindIs", "typeIs", "regexMatch", "semverCompare", "all", "any", "isAbs"),
        *("sha256sum", "sha1sum"),
    },
    NUMBER: {"float64", "round", "floor", "ceil", "addf", "subf", "mulf", "divf", "maxf", "minf"},
}
FORMS = {name: frozenset([form]) for form, names in BY_FUNCTION.items() for name in names}
LAYOUT = {"nindent", "indent", "trim"}  # these leave what they are given in its form

LITERAL = re.compile(r"[A-Za-z/][\w./-]*")
TYPED = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
VERB = re.compile(r"%[ds]")


def literal(text: str) -> Forms:
    """The form of a text that the author writes out: it hides nothing, but YAML can read it as something else."""
    return frozenset([PLAIN if LITERAL.fullmatch(text) and text.lower() not in TYPED else YAML])


def joined(given: Iterable[Forms]) -> Forms:
    """The forms of what may be any of these."""
    every = list(given)
    return frozenset().union(*every) if all(every) else TEXT


def called(function: str, words: Forms, given: list[Forms]) -> Forms:
    """The forms of what a function returns, given the forms of its arguments and the texts that its first may be."""
    if function in LAYOUT:
        return given[-1] if given else TEXT
    if function == "printf":
        return _formatted(words, given[1:])
    if function == "trunc":
        return frozenset([WORD]) if given and _within(given[-1], {PLAIN, WORD}) else TEXT
    return FORMS.get(function, TEXT)


def _formatted(words: Forms, given: list[Forms]) -> Forms:
    """printf: `%q` quotes; numbers and words between letters stay a word."""
    if words == {"%q"} and len(given) == 1:
        return frozenset([SCALAR])
    if len(words) != 1 or not all(_within(each, {PLAIN, WORD}) for each in given):
        return TEXT
    [text] = words
    rest = VERB.sub("", text)
    if rest and not re.fullmatch(r"[\w./-]+", rest):
        return TEXT
    return frozenset([PLAIN if text[:1].isalpha() and rest.lower() not in TYPED else WORD])


def _within(forms: Forms, allowed: set[str]) -> bool:
    return bool(forms) and forms <= allowed


def settled(forms: Forms, resolve: Callable[[str], Forms]) -> Forms:
    """Forms with the paths of values in place of which their own forms are put; TEXT where one of them is."""
    return joined([resolve(form) if form.startswith(".") else frozenset([form]) for form in forms]) if forms else TEXT


def declared(schema: dict) -> Forms:
    """The form in which a value is printed that fits a schema, or the rule of a fact."""
    enum = schema.get("enum")
    if enum:
        every = [literal(each) if isinstance(each, str) else TEXT for each in enum]
        return frozenset([PLAIN]) if all(each == {PLAIN} for each in every) else TEXT
    if schema.get("type") == "boolean":
        return frozenset([PLAIN])
    if schema.get("type") == "integer" and 0 <= schema.get("minimum", -1) <= schema.get("maximum", 1e9) < 1e6:
        return frozenset([PLAIN])
    return frozenset([NUMBER]) if schema.get("type") in ("integer", "number") else TEXT
