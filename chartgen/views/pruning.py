"""Models that a loader removes or keeps after an upgrade: where, and which, as far as the manifests say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..proofs.manifests import Object, Pod, Render, maps
from . import models
from .behind import held
from .harmless import formed

MOST = 4


def changed(old: Render, new: Render) -> Iterator[tuple[Object, str, str]]:
    """The volumes that models are removed from, or kept in with others: (the workload, `loss` or `change`, a text)."""
    before, said = _places(old), set()
    for place, (owner, prunes, names) in _places(new).items():
        if place not in before or place in said:
            continue
        said.add(place)
        _, pruned, known = before[place]
        gone = [formed(name, "reference") for name in sorted(known - names)]
        which = ", ".join(gone[:MOST]) + (f" and {len(gone) - MOST} more" if len(gone) > MOST else "")
        if not prunes:
            if gone and names - known:
                yield owner, "change", f"its loader keeps {which} {place}, which needs room for the new models as well"
        elif not pruned:
            also = f", such as {which}" if gone else ""
            text = (
                f"its loader removes the models {place} that a loader has put there and the values do not request{also}"
            )
            yield owner, "loss", text
        elif gone:
            yield owner, "change", f"its loader removes these models, which are {place}: {which}"


def _places(render: Render) -> dict[str, tuple[Object, bool, set[str]]]:
    """Where loaders put models that outlast a pod -> (a workload, whether one of them prunes, the models)."""
    found: dict[str, tuple[Object, bool, set[str]]] = {}
    for pod in render.pods:
        for _, box in pod.containers():
            env = models.variables(box)
            place = _place(pod, box, str(env.get("TARGET"))) if env.keys() >= models.DOWNLOADS else ""
            if place:
                owner, prunes, names = found.get(place, (pod.owner, False, set()))
                own = env.get("PRUNE") == "true"
                found[place] = (pod.owner if own else owner, prunes or own, names | set(models.listed(render, pod)))
    return found


def _place(pod: Pod, box: dict[str, Any], target: str) -> str:
    for _, mount in maps(box, "volumeMounts[]"):
        if target == mount.get("mountPath"):
            return held(pod, mount) or ""
    return ""
