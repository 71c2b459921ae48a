"""Kinds of objects: those that the examples have, those that the cluster knows, and telling it of the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from chartgen.kubernetes import crds

from .cluster import Cluster, Object, Resource, create, of_kind, resources
from .examples import Case
from .fixtures import made_for

Say = Callable[[str], None]
Kind = tuple[str, str]  # its group, empty for the core, and its name
SOON = 60.0  # seconds until the API server serves a kind that is new to it


def wanted(case: Case) -> set[Kind]:
    """The kinds of what an example renders, and of what it needs."""
    made = [*(each.data for each in case.render.objects), *made_for(case.render, "", [])[0]]
    return {(_group(item["apiVersion"]), item["kind"]) for item in made}


def known(resources: list[Resource]) -> set[Kind]:
    """The kinds that a cluster knows."""
    return {(_group(each.api), each.kind) for each in resources}


def define(cluster: Cluster, before: list[Resource], missing: set[Kind], say: Say) -> list[Resource]:
    """Give the cluster the CRDs of these kinds, where a pinned module has them; what it knows then.

    They stay: others may have begun to use them.
    """
    resource, added = of_kind(before, "CustomResourceDefinition"), set()
    for crd in _definitions(say):
        kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
        if kind in missing and create(cluster, resource, crd):
            say(f"made the kind {kind[1]} known to the cluster; it stays")
            added.add(kind)
    end = time.monotonic() + SOON
    now = before
    while added - known(now) and time.monotonic() < end:
        time.sleep(0.3)
        now = resources(cluster)
    return now


def _definitions(say: Say) -> Iterator[Object]:
    import yaml

    for module, place in crds.fetched(say).items():
        for file in crds.files(module, place):
            found = yaml.safe_load_all(file.read_text(encoding="utf-8"))
            yield from (item for item in found if item and item["kind"] == "CustomResourceDefinition")


def _group(api: str) -> str:
    return api.rpartition("/")[0]
