"""Models that a loader removes or keeps after an upgrade: where, and which, as far as the manifests say."""

from __future__ import annotations

from collections.abc import Iterator

from ..proofs.manifests import Object, Render
from . import models
from .behind import loaders
from .harmless import few, formed


def changed(old: Render, new: Render) -> Iterator[tuple[Object, str, str]]:
    """The volumes that models are removed from, or kept in with others: (the workload, `loss` or `change`, a text)."""
    before, said = _places(old), set()
    for place, (owner, prunes, names) in _places(new).items():
        if place not in before or place in said:
            continue
        said.add(place)
        _, pruned, known = before[place]
        gone = [formed(name, "reference") for name in sorted(known - names)]
        which = few(gone)
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
        for _, place, own in loaders(pod):
            if place:
                owner, prunes, names = found.get(place, (pod.owner, False, set()))
                found[place] = (pod.owner if own else owner, prunes or own, names | set(models.listed(render, pod)))
    return found
