"""From the name of a stack to its chart, with everything read that composing needs."""

from __future__ import annotations

import json
from typing import Any

from ..chart.disk import Chart
from ..paths import schemas
from ..problem import Faults
from ..sources import stack as stacks
from .compose import compose as composed


def compose(name: str | None) -> Chart:
    """The chart of the stack meant by `name` (see stack.find); Faults with every problem where there are any."""
    return made(stack(name))


def stack(name: str | None) -> stacks.Stack:
    """The stack meant by `name`, with its fragments; Faults where there are problems."""
    found, problems = stacks.read(stacks.find(name))
    if found is None:
        raise Faults(sorted(set(problems)))
    return found


def made(found: stacks.Stack) -> Chart:
    """The chart of a stack; Faults where there are problems."""
    chart, problems = composed(found, kubernetes())
    if chart is None:
        raise Faults(problems)
    return chart


def kubernetes() -> dict[str, Any]:
    """Kubernetes' own definitions that values may refer to, by name."""
    file = schemas() / "kubernetes-definitions.json"
    return json.loads(file.read_text(encoding="utf-8"))["definitions"]
