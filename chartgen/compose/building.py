"""From the name of a stack to its chart, with everything read that composing needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..chart.disk import Chart
from ..paths import HERE, schemas
from ..reading import wellformed
from ..sources import fragment as fragments
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
    return Composed(stack, chart_of(stack))


def chart_of(stack: stacks.Stack) -> Chart:
    """The chart of a stack; Faults with every problem. What passed the builder's rules once is not checked again."""
    seal = _seal(stack)
    proven = wellformed.passed(seal)
    chart = compose.compose(stack, kubernetes(), proven)
    if not proven:
        wellformed.remember(seal)
    return chart


def _seal(stack: stacks.Stack) -> str:
    """The hash of all that the builder's rules check, and of the rules themselves.

    Which fragments are the stack's own is a part of it: the same fragments are checked in one stack and not in another.
    """
    modules = [*sorted(Path(__file__).parent.glob("*.py")), HERE / "conventions.py", Path(fragments.__file__)]
    rules = [file.read_text(encoding="utf-8") for file in modules]
    checked = [fragment.seal for fragment in stack.fragments]
    own = " ".join(fragment.id for fragment in stack.own_fragments)
    return wellformed.seal(*rules, *checked, _definitions(), own, repr((stack.chart, stack.values)), stack.notes)


def kubernetes() -> dict[str, Any]:
    """Kubernetes' own definitions that values may refer to, by name."""
    return json.loads(_definitions())["definitions"]


def _definitions() -> str:
    return (schemas() / "kubernetes-definitions.json").read_text(encoding="utf-8")
