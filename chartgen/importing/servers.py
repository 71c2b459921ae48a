"""The names of the model servers that are made of the input."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .at import At

LONGEST = 20  # characters of a server's name
OBJECT = 63  # characters of an object's name


def named(at: At, wish: str = "") -> str:
    """Add a server to the draft, under a name that no other one has; its name."""
    wish = slug(wish or _release(at) or "server")
    taken, number, name = at.draft.servers, 1, wish
    while name in taken:
        number += 1
        name = f"{wish}-{number}"
    taken.append(name)
    return name


def slug(text: str, longest: int = LONGEST) -> str:
    """A text as the name of a server or an object: lowercase letters, digits and dashes."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    name = name if name[:1].isalpha() else f"m-{name}" if name else "server"
    return name[:longest].strip("-")


def _release(at: At) -> str:
    """What the chart is called where it is used: the key of an umbrella chart, or its own name."""
    return str(at.path[-1]) if at.path and isinstance(at.path[-1], str) and at.path[-1] != "values" else at.table.name
