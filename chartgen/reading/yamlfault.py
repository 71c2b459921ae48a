"""A YAML parser's error -> a sentence that a person can act on."""

from __future__ import annotations

import re

import yaml

from ..problem import Problem

# Words of libyaml's or PyYAML's error -> where it is shown (`at` the line of the error, or at the line `from` which the
# faulty thing runs), what is wrong, what to do. The first that fits is taken; {char} is where the parser stopped.
SENTENCES = (
    ("unexpected end of stream", "from", "this quotation mark is never closed", "close it"),
    ("a tab character", "at", "the line is indented with a tab", "indent it with spaces"),
    ("cannot start any token", "at", "a value cannot begin with {char}", "put it in quotes"),
    (
        "mapping values are not allowed",
        "at",
        "a key inside the value of another key",
        "put the key on its own line, aligned with its neighbours, or put a value that contains ': ' in quotes",
    ),
    ("sequence entries are not allowed", "at", "the list begins on the line of its key", "begin it on the next line"),
    ("could not find expected ':'", "from", "this is not a key with a value: it has no ': '", "write 'key: value'"),
    ("',' or ']'", "from", "this '[' is not closed before line {at}", "close it with ']'"),
    ("',' or '}'", "from", "this '{' is not closed before line {at}", "close it with '}'"),
    ("the end", "at", "the file ends inside a list or a map", "close it with ']' or '}'"),
    ("node content", "at", "a value is missing here", "add it, or put a text that begins with {char} in quotes"),
    ("parsing a block", "at", "is not aligned with the block that begins on line {from}", "correct the indentation"),
    ("undefined alias", "at", "this alias has no anchor above it", "define it with '&', or put the '*' in quotes"),
    ("unknown escape", "at", "an unknown escape after a backslash", "double the backslash, or use single quotes"),
    (
        "scanning a block scalar",
        "at",
        "text on the same line after '|' or '>'",
        "begin the text on the next line, or put a text that begins with '|' or '>' in quotes",
    ),
    ("undefined tag handle", "at", "an unknown tag", "put a text that begins with '!' in quotes"),
    ("contains itself", "at", "an anchor contains its own alias", "remove the alias"),
    ("aliases make", "at", "{said}", "write the repeated values out"),
    ("<document start>", "at", "a document begins here without '---'", "put '---' on its own line above it"),
)
# Compiled where it is needed: that takes as long as parsing everything.
UNPRINTABLE = r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def explain(error: yaml.YAMLError, text: str, path: str) -> Problem:
    """The problem behind an error that parsing `text` raised."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _unprintable(text, path)
    said = ", ".join(filter(None, (error.context, error.problem)))
    at, begun = error.problem_mark, error.context_mark or error.problem_mark
    lines = {"at": at.line + 1, "from": begun.line + 1}
    before, char = _around(text, at.line, at.column)
    if char == "\t":
        said = "a tab character"
    elif "node content" in said and not "".join(text.split("\n")[at.line :]).strip():
        said = "the end"
    elif "parsing a block" in said and "node content" not in said and before.strip(" -"):
        message = "there is text after the end of a value"
        return Problem(path, lines["at"], "", message, "put the complete value in quotes, or close a quote above it")
    for words, place, message, remedy in SENTENCES:
        if words in said:
            names = {**lines, "char": f"'{char}'", "said": said}
            return Problem(path, lines[place], "", _filled(message, names), _filled(remedy, names))
    return Problem(path, lines["at"], "", said, "correct the YAML here")


def _around(text: str, line: int, column: int) -> tuple[str, str]:
    """What stands before a place on its line, and the character there."""
    found = (text.split("\n")[line : line + 1] or [""])[0]
    return found[:column], found[column : column + 1]


def _filled(sentence: str, names: dict[str, object]) -> str:
    """`sentence` with its {names}; a brace that holds no name is text."""
    return re.sub(r"\{(\w+)\}", lambda match: str(names[match[1]]), sentence)


def _unprintable(text: str, path: str) -> Problem:
    found = re.search(UNPRINTABLE, text)
    line = text.count("\n", 0, found.start()) + 1 if found else 1
    name = f": U+{ord(found[0]):04X}" if found else ""
    return Problem(
        path, line, "", f"a character that YAML does not allow{name}", "write it as an escape in double quotes"
    )
