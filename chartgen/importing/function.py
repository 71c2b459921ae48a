"""The functions that rows of a table may call, by the names that tables have for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from .typed import fitted

FUNCTIONS: dict[str, Callable[[Any], None]] = {}
SHAPES: dict[str, Any] = {}  # of the values that each function takes


def row(name: str, shape: Any) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Make a function one that rows call under a name, for values of a shape (see typed).

    Nothing else reaches it: what does not fit is said in the report.
    """

    def named(function: Callable[[Any], None]) -> Callable[[Any], None]:
        @wraps(function)
        def called(at: Any) -> None:
            found = fitted(at, shape)
            if found is not None:
                function(found)
            else:
                at.unknown()

        SHAPES[name] = shape
        FUNCTIONS[name] = called
        return called

    return named
