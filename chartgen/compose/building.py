"""From the name of a stack to its chart, with everything read that composing needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..chart.disk import Chart
from ..paths import schemas
from ..sources import stack as stacks
from . import compose


@dataclass(frozen=True)
class Composed:
    """A stack, and the chart that it makes."""

    stack: stacks.Stack
    chart: Chart


def composed(name: str | None) -> Composed:
    """The stack meant by `name` (see stack.find) and its chart; Faults with every problem where there are any."""
    return of_stack(stacks.find(name))


def of_stack(file: Path) -> Composed:
    """The stack in a file and its chart; Faults with every problem where there are any."""
    stack = stacks.read(file)
    return Composed(stack, compose.compose(stack, kubernetes()))


def kubernetes() -> dict[str, Any]:
    """Kubernetes' own definitions that values may refer to, by name."""
    file = schemas() / "kubernetes-definitions.json"
    return json.loads(file.read_text(encoding="utf-8"))["definitions"]
