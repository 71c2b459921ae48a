"""The functions that rows of a table may call, by the names that tables have for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FUNCTIONS: dict[str, Callable[[Any], None]] = {}


def row(name: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Make a function one that rows call under a name."""

    def named(function: Callable[[Any], None]) -> Callable[[Any], None]:
        FUNCTIONS[name] = function
        return function

    return named
