"""Templates, scripts and data without most of their comments, which stay in the fragments.

Helm keeps the chart in the Secret of every revision of a release, and a script is in a ConfigMap as well; a Secret
holds 1 MiB. Every other line keeps its number, so that what Helm or a shell says of a line is found in the fragment.
"""

from __future__ import annotations

import json
import re
from typing import Any

_SPACE = "[ \\t\\r\\n]"  # what Go's markers remove
_COMMENT = rf"(?P<before>[ \t]*)\{{\{{(?P<left>-{_SPACE})?/\*(?P<said>(?:(?!\*/).)*)\*/(?P<right>{_SPACE}-)?\}}\}}"
_OTHER = r"""\{\{(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`|(?!\}\}).)*"""
# A comment or any other action: what looks like a comment in a text of an action is none.
_ACTION = re.compile(f"{_COMMENT}|{_OTHER}", re.DOTALL)
# What comes next removes the same white space as a comment that removes what is before it.
_REMOVING = re.compile(rf"{_SPACE}*\{{\{{-{_SPACE}")
# A comment at the start of the line, above a function, and what follows the first paragraph of the comment at the top,
# which says what the script is. Elsewhere a line with a # can be a part of a text.
_SCRIPT = re.compile(r"(?<=\n)(#.*\n)+(?=[a-z_]\w*\(\) \{|function )")
_TOP = re.compile(r"\A((?:#.+\n)+)(#\n(?:#.*\n)*)")


def template(text: str) -> str:
    """A template that renders the same: its comments have nothing in them, and are gone where they remove nothing."""
    return _ACTION.sub(_lean, text)


def script(file: str, text: str) -> str:
    """A script that does the same, with the first paragraph of its comment; any other file as it is."""
    if not file.endswith((".sh", ".awk")):
        return text
    return _TOP.sub(lambda found: found[1] + "\n" * found[2].count("\n"), _SCRIPT.sub(_breaks, text))


def table(data: Any) -> str:
    """A data file as JSON, which is YAML too, with an entry on each line. Helm reads it ten times as fast."""
    if not isinstance(data, dict):
        return json.dumps(data) + "\n"
    rows = (f"{json.dumps(key)}: {json.dumps(row, ensure_ascii=False)}" for key, row in data.items())
    return "{" + ",\n".join(rows) + "}\n"


def _lean(found: re.Match[str]) -> str:
    if found["said"] is None:
        return found[0]
    left, right = found["left"] or "", found["right"] or ""
    if left and _REMOVING.match(found.string, found.end()):
        return _breaks(found)
    # The markers remove the same white space.
    breaks = "\n" * found["said"].count("\n")
    return f"{found['before']}{{{{{left}/*{breaks}*/{right}}}}}"


def _breaks(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")
