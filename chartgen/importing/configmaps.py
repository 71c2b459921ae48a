"""Variables of a container that are in ConfigMaps of the input: their texts, in the container itself."""

from __future__ import annotations

from typing import Any

from .draft import Draft, Spot
from .source import Source, at
from .typed import list_at, map_at, text_at


def configured(
    draft: Draft, source: Source, container: dict[str, Any], path: tuple[Any, ...] = ()
) -> tuple[dict[str, Any], dict[int, tuple[Spot, ...]]]:
    """A container with the texts of such variables, and where the input has each of them, by its number in the list.

    What `envFrom` takes from a ConfigMap comes before the container's own variables of the same name, as in Kubernetes.
    """
    variables = container.get("env") or []
    if not isinstance(variables, list):
        return container, {}
    found, origins, kept = list(variables), {}, []
    for n, one in enumerate(variables):
        where = map_at(one, "valueFrom", "configMapKeyRef")
        values, spots = _values(draft, source, text_at(where, "name"))
        if text_at(where, "key") in values:
            found[n] = {"name": one.get("name"), "value": values[where["key"]]}
            origins[n] = (spots[where["key"]],)
    own = {text_at(one, "name") for one in variables}
    taken: dict[str, int] = {}
    for n, one in enumerate(list_at(container, "envFrom")):
        name = text_at(one, "configMapRef", "name")
        values, spots = _values(draft, source, name)
        if not values:
            kept.append(one)
        for key, text in values.items():
            called = text_at(one, "prefix") + key
            if called in own:
                continue
            origin = (*draft.spots(source, (*path, "envFrom", n)), spots[key])
            if called in taken:  # the last one counts
                found[taken[called]], origins[taken[called]] = {"name": called, "value": text}, origin
            else:
                taken[called] = len(found)
                origins[len(found)] = origin
                found.append({"name": called, "value": text})
    if not origins:
        return container, {}
    made = {**container, "env": found}
    if "envFrom" in container:
        made["envFrom"] = kept
    return made, origins


def _values(draft: Draft, source: Source, name: str) -> tuple[dict[str, str], dict[str, Spot]]:
    """The texts of a ConfigMap of the input, in the namespace of a workload where both are known."""
    space = text_at(source.data, "metadata", "namespace")
    for one in draft.sources:
        if not name or text_at(one.data, "kind") != "ConfigMap" or text_at(one.data, "metadata", "name") != name:
            continue
        if space and text_at(one.data, "metadata", "namespace") not in ("", space):
            continue
        texts = {str(key): text for key, text in map_at(one.data, "data").items() if isinstance(text, str)}
        return texts, {key: (one.number, ("data", key)) for key in texts if at(one.data, ("data", key)) is not None}
    return {}, {}
