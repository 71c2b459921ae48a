"""The names of the model servers that are made of the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .draft import slug
from .source import VALUES

if TYPE_CHECKING:
    from .at import At

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


def _release(at: At) -> str:
    """What the chart is called where it is used: the key of an umbrella chart, or its own name."""
    own = at.path and isinstance(at.path[-1], str) and at.path[-1] not in VALUES
    return str(at.path[-1]) if own else "" if at.table.kinds else at.table.name
