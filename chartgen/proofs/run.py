"""One run of helm that validation wants."""

from __future__ import annotations

from dataclasses import dataclass

from ..chart.valuesfile import Example

RELEASE = "llm"  # the release that examples and cases are rendered as


@dataclass(frozen=True)
class Run:
    """One run of helm: `refusal` is a part of what Helm has to say; where it is empty, the values must render."""

    example: Example
    version: str
    release: str = RELEASE
    refusal: str = ""
    shipped: bool = False
