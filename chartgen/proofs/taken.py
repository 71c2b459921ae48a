"""Ingresses and HTTPRoutes that take the same host and path at the same place, where one of two gets no requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..reading.yamlfile import Key
from .manifests import Fault, Object, Render, map_at, maps

# Annotations with which two Ingresses of one class share a host and a path, or have an address of their own.
PLACING = re.compile(
    r"/(canary|group\.name|ingress\.class|listen-ports|load-balancer-name|router\.(entrypoints|priority)|scheme)"
)
# Their controllers create a load balancer for each Ingress.
ALONE = ("alb", "gce", "gce-internal")
GROUP = "alb.ingress.kubernetes.io/group.name"


@dataclass(frozen=True)
class Way:
    """One host and path that an object takes, at one place."""

    owner: Object
    at: Key
    place: tuple[Any, ...]
    section: str = ""
    port: int = 0

    def meets(self, other: Way) -> bool:
        """Whether both are at one listener: without a section or a port, a route is at all of its Gateway."""
        pairs = [(self.section, other.section), (self.port, other.port)]
        apart = any(mine and its and mine != its for mine, its in pairs)
        # Which port the listener of a name has is not known.
        unknown = [bool(self.section), bool(self.port)] in ([True, False], [False, True]) and [
            bool(other.section),
            bool(other.port),
        ] == [not self.section, not self.port]
        return self.place == other.place and not apart and not unknown


def check(render: Render) -> Iterator[Fault]:
    """Each way in whose host and path another one has already."""
    known: dict[tuple[Any, ...], list[Way]] = {}
    for way in [*_ingresses(render), *_routes(render)]:
        others = known.setdefault(way.place, [])
        if first := next((other for other in others if _clash(way, other)), None):
            remedy = f"keep one of the two, or give one another host or place than {first.owner.title}"
            yield way.owner.fault(way.at, "this host and path already lead somewhere", remedy)
        others.append(way)


def _clash(way: Way, other: Way) -> bool:
    # A route can list a path twice, with other headers; an Ingress cannot.
    same = way.owner is other.owner
    return way.meets(other) and (not same or way.owner.kind == "Ingress")


def _ingresses(render: Render) -> Iterator[Way]:
    for ingress in render.of("Ingress"):
        spec, notes = map_at(ingress.data, "spec"), map_at(ingress.data, "metadata.annotations")
        placed = tuple(sorted((name, str(value)) for name, value in notes.items() if PLACING.search(name)))
        name = str(spec.get("ingressClassName", ""))
        alone = ingress.title if name in ALONE and GROUP not in notes else ""
        for rule, found in maps(ingress.data, "spec.rules[]"):
            for path, way in maps(found, "http.paths[]", rule):
                host = str(found.get("host") or "*").lower()
                kind = "Exact" if way.get("pathType") == "Exact" else "Prefix"
                yield Way(ingress, path, ("Ingress", name, placed, alone, host, kind, _trimmed(kind, way.get("path"))))


def _routes(render: Render) -> Iterator[Way]:
    for route in render.of("HTTPRoute"):
        hosts = [str(host).lower() for host in map_at(route.data, "spec").get("hostnames") or ["*"]]
        paths = [
            (place, match)
            for rule, found in maps(route.data, "spec.rules[]")
            for place, match in ([*maps(found, "matches[]", rule)] or [(rule, {})])
        ]
        for _, parent in maps(route.data, "spec.parentRefs[]"):
            gateway = f"{parent.get('namespace') or route.namespace}/{parent.get('name')}"
            for place, match in paths if parent.get("kind", "Gateway") == "Gateway" else ():
                if not any(match.get(word) for word in ("headers", "queryParams", "method")):
                    path = map_at(match, "path")
                    kind = str(path.get("type") or "PathPrefix").removeprefix("Path")
                    for host in hosts:
                        where = ("HTTPRoute", gateway, host, kind, _trimmed(kind, path.get("value")))
                        yield Way(
                            route, place, where, str(parent.get("sectionName") or ""), int(parent.get("port") or 0)
                        )


def _trimmed(kind: str, path: Any) -> str:
    text = str(path or "/")
    return text.rstrip("/") if kind == "Prefix" else text
