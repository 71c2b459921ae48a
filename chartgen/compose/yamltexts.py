"""Text into YAML: what an action prints behind a key or a dash stays the text that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..problem import Problem
from ..sources.stack import Stack

if TYPE_CHECKING:
    from .rules import Source


def check(stack: Stack, sources: list[Source]) -> list[Problem]:
    return []
