"""What an upgrade does to clients: addresses that close, open or move, and those where something else answers then."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..proofs.manifests import Object, Pod, Render, at, map_at, maps
from .changes import ABSENT, Change
from .doors import LISTENING, POOL, REDIRECT, Backend, Door, doors, plain
from .harmless import formed
from .immutable import keeps

MOST = 4  # addresses that are named in a sentence
# What a field of a Service does, by its new value: (whether an address closes, what is said).
FIELDS: dict[tuple[str, str], tuple[bool, str]] = {
    ("sessionAffinity", "ClientIP"): (False, "all requests of one client go to the same pod"),
    ("sessionAffinity", "None"): (False, "the requests of one client go to different pods"),
    ("publishNotReadyAddresses", "True"): (False, "leads to pods that are not ready as well"),
    ("publishNotReadyAddresses", "False"): (False, "leads only to pods that are ready"),
    ("ipFamilyPolicy", "SingleStack"): (True, "closes the address of its second family of addresses"),
}
DEFAULTS = {"sessionAffinity": "None", "publishNotReadyAddresses": "False"}
# Controllers that redirect http to https for hosts with TLS by default -> (a word of the names of their classes, the
# prefixes of their annotations): kubernetes/ingress-nginx and nginx/kubernetes-ingress, which share a class name, and
# haproxytech/kubernetes-ingress and jcmoraisjr/haproxy-ingress. Others serve http as well, or refuse it.
REDIRECTING = {
    "NGINX": ("nginx", ("nginx.ingress.kubernetes.io/", "nginx.org/", "nginx.com/")),
    "HAProxy": ("haproxy", ("haproxy.org/", "haproxy.com/", "haproxy-ingress.github.io/")),
}
# Their annotations that switch it off, or on in any case; with this prefix too.
SSL_REDIRECT, ALWAYS, OLDER = "ssl-redirect", "force-ssl-redirect", "ingress.kubernetes.io/"
OFF, ON = ("false", "f", "0", "off", "disabled"), ("true", "t", "1", "on", "enabled")
DECIDES = "its controller decides whether it redirects http, serves it as well, or refuses it"
NO_CLASS = "has no class any more, and an upgrade does not set the cluster's default"

Key = tuple[str, str, str]


class Said(NamedTuple):
    """A sentence about the clients of `blamed`, the object that differs. `closes` is whether some lose an address."""

    blamed: Object
    closes: bool
    text: str


def changed(old: Render, new: Render) -> Iterator[Said]:
    """What clients notice of an upgrade, but for credentials and NetworkPolicies."""
    new = _after(old, new)
    before, now = _Addresses(old), _Addresses(new)
    blame = _Blame(old, new)
    for one, two, said in _pairs(before, now):
        for closes, text in _leads(one, old, two, new):
            others = [each for each in now.inside(said) if each.backends != two.backends]
            yield Said(blame.of(one, two), closes, f"{said.way} {text}{_but(others)}")
    opened = [door for door in now.doors if not before.has(door)]
    by_entry: dict[Any, list[Door]] = {}
    for door in opened:
        by_entry.setdefault(door.entry, []).append(door)
    moved = set()
    for door in before.doors:
        if now.has(door):
            continue
        if there := next((each for each in by_entry.get(door.entry, []) if door.within(each)), None):
            moved.add(there.same)
            yield Said(blame.of(door, there), *_moves(door, there))
        else:
            yield Said(blame.of(door), True, f"closes {door.way}{_but(now.inside(door))}")
    for door in opened:
        if door.same not in moved and not door.inside:
            yield Said(blame.of(door), False, f"opens {door.way}")


def of_field(change: Change) -> tuple[bool, str] | None:
    """What a changed field of a Service means for its clients, if it is known: (whether an address closes, a text)."""
    if len(change.path) != 2 or change.path[0] != "spec":
        return None
    field = str(change.path[1])
    old, new = (DEFAULTS.get(field, "") if each is ABSENT else str(each) for each in (change.old, change.new))
    return FIELDS.get((field, new)) if old and old != new else None


class _Addresses:
    """The addresses of one side."""

    def __init__(self, render: Render) -> None:
        self.by_same: dict[Any, Door] = {}
        for door in (door for each in render.objects for door in doors(each, render)):
            # Which of two objects answers at one address is the controller's to choose.
            other = self.by_same.get(door.same)
            both = tuple(dict.fromkeys((*other.backends, *door.backends))) if other else door.backends
            self.by_same[door.same] = replace(other or door, backends=both)
        self.doors = list(self.by_same.values())
        self.by_place: dict[Any, list[Door]] = {}
        for door in self.doors:
            self.by_place.setdefault(_place(door), []).append(door)

    def has(self, door: Door) -> Door | None:
        """The door that answers requests of this address; the narrowest, if there are several."""
        if found := self.by_same.get(door.same):
            return found
        return max(
            (each for each in self._alike(door) if door.within(each)), key=lambda each: each.narrow, default=None
        )

    def inside(self, door: Door) -> list[Door]:
        """The doors to a part of what this address was."""
        return [each for each in self._alike(door) if each.within(door) and each.same != door.same]

    def _alike(self, door: Door) -> list[Door]:
        return self.by_place.get(_place(door), [])


def _place(door: Door) -> tuple[Any, ...]:
    return door.entry, door.by, door.scheme


def _but(left: list[Door]) -> str:
    ways = sorted({each.way for each in left})
    more = f", and {len(ways) - MOST} more" if len(ways) > MOST else ""
    return f", but not {', '.join(ways[:MOST])}{more}" if ways else ""


def _pairs(before: _Addresses, now: _Addresses) -> Iterator[tuple[Door, Door, Door]]:
    """What answers at an address on both sides: (old, new, the narrower of them)."""
    pairs = {(door.same, other.same): (door, other, door) for door in before.doors if (other := now.has(door))}
    for door in now.doors:
        if other := before.has(door):
            pairs.setdefault((other.same, door.same), (other, door, door))
    yield from pairs.values()


def _moves(door: Door, there: Door) -> tuple[bool, str]:
    """What it means that something else serves an address: (whether clients lose it, what is said)."""
    if door.scheme != there.scheme:
        return _schemes(door, there)
    if not there.by and door.owner.kind == "Ingress":
        return True, f"{door.way} {NO_CLASS}"
    if not door.by or not there.by:
        by = there.by or "another address"
        return False, f"{door.way} is served by {by}: if it was not before, its address changes"
    return True, f"{door.way} moves from {door.by} to {there.by}: clients reach it at the address of that only"


def _schemes(door: Door, there: Door) -> tuple[bool, str]:
    """What another scheme means for clients of the old one: (whether they lose the address, what is said)."""
    said = f"{door.way} becomes {door.way.replace(door.scheme, there.scheme, 1)}"
    if there.scheme != "https":
        return True, f"{said}: clients that use https fail, or get a certificate that is not for this host"
    if there.owner.kind != "Ingress":
        return True, f"{said}: http is not served any more, unless something else redirects it"
    closes, http = _http(there)
    return closes, f"{said}: {http}"


def _http(door: Door) -> tuple[bool, str]:
    """What becomes of http where an Ingress serves https: (whether clients can lose it, what is said).

    The class says which controller it is. Annotations of one controller only say which is meant: the chart writes those
    of all where it does not know, and the cluster's default decides.
    """
    annotations = {str(key): value for key, value in map_at(door.owner.data, "metadata.annotations").items()}
    words = re.findall(r"[a-z0-9]+", door.by.lower())
    for word, prefixes in REDIRECTING.values() if door.by else ():
        if word in words:
            return False, _redirects(annotations, prefixes)
    if door.by:
        return True, DECIDES
    meant = [name for name, (_, some) in REDIRECTING.items() if any(key.startswith(some) for key in annotations)]
    if len(meant) != 1:
        return True, DECIDES
    said = _redirects(annotations, REDIRECTING[meant[0]][1])
    return False, f"if the cluster's default class is {meant[0]}'s, as its annotations suggest, {said}"


def _redirects(annotations: dict[str, Any], prefixes: tuple[str, ...]) -> str:
    """What a controller that redirects by default does with http."""
    said = {
        name: {str(annotations.get(f"{prefix}{name}", "")).lower() for prefix in (*prefixes, OLDER)}
        for name in (SSL_REDIRECT, ALWAYS)
    }
    off = said[SSL_REDIRECT] & set(OFF) and not said[ALWAYS] & set(ON)
    return "http is served as well, unencrypted" if off else "its controller redirects http to it"


# --- what answers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Targets:
    """What answers at an address: titles, with the number of a port that a container says it has, None for others.

    Without any, `why` is the reason.
    """

    found: dict[str, int | None]
    why: str = ""


def _leads(one: Door, old: Render, two: Door, new: Render) -> Iterator[tuple[bool, str]]:
    """What differs in what answers at an address: (whether nothing does any more, what is said)."""
    before, after = _targets(one, old, new), _targets(two, new, old)
    if not before.found:
        return
    if not after.found:
        yield True, f"leads nowhere: {after.why}"
        return
    gone, come = (", ".join(sorted(some.keys() - others.keys())) for some, others in _both(before.found, after.found))
    if gone and come:
        yield False, f"leads to {come} in place of {gone}"
    elif gone or come:
        yield False, f"does not lead to {gone} any more" if gone else f"leads to {come} as well"
    for title in sorted(before.found.keys() & after.found.keys()):
        if before.found[title] is not None and after.found[title] is None:
            yield True, f"leads to a port that no container of {title} has"


def _both(one: dict[str, Any], two: dict[str, Any]) -> tuple[tuple[dict[str, Any], dict[str, Any]], ...]:
    return (one, two), (two, one)


def _targets(door: Door, render: Render, other: Render) -> _Targets:
    if door.owner.kind == "Service":
        return _of_service(door, render)
    if door.owner.kind == POOL:
        return _of_pool(door.owner, render)
    if door.owner.kind in LISTENING:
        return _Targets({})
    reached = [_backend(each, render, other) for each in door.backends]
    found = {title: number for each in reached for title, number in each.found.items()}
    return _Targets(found, next((each.why for each in reached if each.why), "no backend gets requests"))


def _backend(backend: Backend, render: Render, other: Render) -> _Targets:
    """A Service, or another object: one that is on neither side is taken to be in the cluster."""
    if backend == REDIRECT:
        return _Targets({REDIRECT.name: None})
    title = f"{formed(backend.kind, 'name')}/{formed(backend.name, 'name')}"
    found = render.find(backend.kind, backend.name, backend.namespace)
    if found is None and other.find(backend.kind, backend.name, backend.namespace):
        return _Targets({}, f"the release has no {title}")
    if found is None or backend.kind != "Service" or map_at(found.data, "spec").get("type") == "ExternalName":
        return _Targets({title: None})
    ports = [port for _, port in maps(found.data, "spec.ports[]")]
    known = {plain(port.get(key)) for port in ports for key in ("name", "port")}
    if backend.port is None or backend.port in known:
        return _Targets({title: None})
    return _Targets({}, f"{title} has no port {formed(backend.port, 'port')}")


def _of_service(door: Door, render: Render) -> _Targets:
    service = door.owner
    spec = map_at(service.data, "spec")
    if spec.get("type") == "ExternalName":
        return _Targets({formed(str(spec.get("externalName")), "host"): None})
    selector = map_at(spec, "selector")
    if not selector:
        return _Targets(dict.fromkeys(_elsewhere(service, render), None))
    ports = [
        port for _, port in maps(spec, "ports[]") if door.backends and plain(port.get("port")) == door.backends[0].port
    ]
    port = ports[0] if ports else {}
    target = plain(port.get("targetPort") or port.get("port"))
    pods = _pods(service, render)
    found: dict[str, int | None] = {}
    for pod in pods:
        numbers = {plain(each.get("name")): plain(each.get("containerPort")) for each in pod.ports()}
        if isinstance(target, str):
            if target in numbers:
                found[pod.owner.title] = numbers[target]
        elif found.get(pod.owner.title) is None:
            found[pod.owner.title] = target if target in numbers.values() else None
    why = (
        f"no container of {pods[0].owner.title} has a port {formed(target, 'port')}"
        if pods
        else "its selector selects no pods"
    )
    return _Targets(found, why)


def _elsewhere(service: Object, render: Render) -> list[str]:
    """The addresses that a Service without a selector leads to, where the release has them."""
    where = ("subsets[].addresses[].ip", "endpoints[].addresses[]")
    found = [
        formed(str(ip), "address")
        for each in _endpoints(service, render)
        for path in where
        for _, ip in at(each.data, path)
    ]
    return found or ["endpoints that are not in the release"]


def _endpoints(service: Object, render: Render) -> list[Object]:
    found = []
    for each in render.objects:
        labels = map_at(each.data, "metadata.labels") if each.kind == "EndpointSlice" else {}
        name = labels.get("kubernetes.io/service-name") or (each.name if each.kind == "Endpoints" else None)
        if (name, each.namespace) == (service.name, service.namespace):
            found.append(each)
    return found


def _of_pool(pool: Object, render: Render) -> _Targets:
    return _Targets({pod.owner.title: None for pod in _pods(pool, render)}, "its selector selects no pods")


def _pods(each: Object, render: Render) -> list[Pod]:
    """The pods that a Service or an InferencePool selects."""
    selector = map_at(each.data, "spec.selector")
    labels = map_at(selector, "matchLabels") if "matchLabels" in selector else selector
    return [pod for pod in render.labelled(labels, each.namespace) if not pod.passing]


# --- both sides ------------------------------------------------------------------------------------------------------


def _after(old: Render, new: Render) -> Render:
    """What the cluster has after the upgrade: also what Helm keeps, and node ports that stay as they were given."""
    there, news = {_key(each): each for each in old.objects}, {_key(each) for each in new.objects}
    kept = [each for key, each in there.items() if key not in news and (keeps(each) or each.hooked)]
    objects = tuple(_settled(there.get(_key(each)), each) for each in new.objects)
    titles = {_key(each) for each in kept}
    pods = tuple(pod for pod in old.pods if _key(pod.owner) in titles)
    return replace(new, objects=(*objects, *kept), pods=(*new.pods, *pods))


def _settled(old: Object | None, new: Object) -> Object:
    """A Service with the node ports that its ports of these names had (patchAllocatedValues of the API server)."""
    if old is None or new.kind != "Service":
        return new
    had = {plain(port.get("name")): plain(port.get("nodePort")) for _, port in maps(old.data, "spec.ports[]")}
    taken = {plain(port.get("nodePort")) for _, port in maps(new.data, "spec.ports[]")}
    unset = [
        n
        for n, (_, port) in enumerate(maps(new.data, "spec.ports[]"))
        if not port.get("nodePort") and had.get(plain(port.get("name"))) not in (None, *taken)
    ]
    types = [map_at(each.data, "spec").get("type") for each in (old, new)]
    if not unset or any(each not in ("NodePort", "LoadBalancer") for each in types):
        return new
    data = copy.deepcopy(new.data)
    ports = [port for _, port in maps(data, "spec.ports[]")]
    for n in unset:
        ports[n]["nodePort"] = had[plain(ports[n].get("name"))]
    return replace(new, document=replace(new.document, data=data))


class _Blame:
    """Which object a change is the doing of."""

    def __init__(self, old: Render, new: Render) -> None:
        self.sides = (old, new)
        self.before, self.after = ({_key(each): each for each in side.objects} for side in (old, new))

    def of(self, *found: Door) -> Object:
        """The first of those that differ: the owners of doors, what requests pass, and what answers."""
        keys = [_key(door.owner) for door in found]
        keys += [key for door in found for key in (*door.through, *(each.named for each in door.backends))]
        for door in found:
            for side in self.sides if door.owner.kind in ("Service", POOL) else ():
                keys += [_key(each) for each in _endpoints(door.owner, side)]
                keys += [_key(pod.owner) for pod in _pods(door.owner, side)]
        key = next((key for key in keys if self._differs(key)), keys[0])
        return self.after.get(key) or self.before[key]

    def _differs(self, key: Key) -> bool:
        one, two = self.before.get(key), self.after.get(key)
        return (one is None) != (two is None) or (one is not None and two is not None and one.data != two.data)


def _key(each: Object) -> Key:
    return each.kind, each.namespace, each.name
