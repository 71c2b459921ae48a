"""From the name of a stack to its chart, with everything read that composing needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..chart.disk import Chart
from ..paths import schemas
from ..reading import wellformed
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
    seal = _seal(stack)
    proven = wellformed.passed(seal)
    chart = compose.compose(stack, kubernetes(), proven)
    if not proven:
        wellformed.remember(seal)
    return Composed(stack, chart)


def _seal(stack: stacks.Stack) -> str:
    """The hash of all that the builder's rules check, and of the rules themselves."""
    rules = [file.read_text(encoding="utf-8") for file in sorted(Path(__file__).parent.glob("*.py"))]
    fragments = [fragment.seal for fragment in stack.fragments]
    return wellformed.seal(*rules, *fragments, repr(stack.values), stack.notes)


def kubernetes() -> dict[str, Any]:
    """Kubernetes' own definitions that values may refer to, by name."""
    file = schemas() / "kubernetes-definitions.json"
    return json.loads(file.read_text(encoding="utf-8"))["definitions"]
