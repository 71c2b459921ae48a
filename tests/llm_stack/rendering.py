"""Many renders in one test, by the prover where it is built."""

from __future__ import annotations

from collections.abc import Iterable

from chartgen.programs import helm, prover, tools
from chartgen.programs.helm import Rendered, Request


def many(requests: Iterable[Request], label: str = "helm") -> dict[Request, Rendered]:
    """Each request, and what it renders to; with another Helm than the pinned one, always by the command."""
    wanted = list(dict.fromkeys(requests))
    found = tools.ensure(dict.fromkeys(["helm", "kubeconform", label]), print)
    with prover.started(found) as (process, _):
        done = helm.render(wanted, found[label].path, prover=process if label == "helm" else None)
    return {each.request: each for each in done}
