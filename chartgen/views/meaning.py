"""What a change means for the person in the cluster: pods that restart, claims that go, ways in that close."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..proofs.manifests import Object, Pod, Render, at, map_at, maps
from ..reading.yamlfile import Key
from .changes import ABSENT, Change, changed
from .immutable import claims_go, keeps, quantity, refused
from .sides import is_hook

# From harmless to what an upgrade must not do unseen.
SEVERITIES = ("change", "restart", "outage", "loss", "refused")
CHANGE, RESTART, OUTAGE, LOSS, REFUSED = SEVERITIES
ROLLING = ("Deployment", "StatefulSet", "DaemonSet", "LeaderWorkerSet")
ROUTES = ("Ingress", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute")
# What pods are made of is secret, or too long to print.
HIDDEN = ("Secret",)
MOST = 4  # changes of a pod template that are named
# Resources of a container that are no accelerators.
USUAL = ("cpu", "memory", "ephemeral-storage", "storage", "hugepages")


@dataclass(frozen=True)
class Meaning:
    """One thing that a change does, and what to do about it (may be empty)."""

    severity: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.text}; {self.remedy}" if self.remedy else self.text


def of_added(new: Object, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """What an object does that is only in the new side."""
    render = sides[1]
    yield Meaning(CHANGE, "is created, and runs once" if new.kind == "Job" and not is_hook(new) else "is created")
    yield from _taken(new, sides[0])
    yield from (Meaning(CHANGE, f"opens {way}") for way in _ways(new))
    cards = _cards(new, render)
    for name, count in cards.items():
        yield Meaning(CHANGE, f"its pods request {_number(count * _replicas(new))} {name}")


def of_removed(old: Object, render: Render) -> Iterator[Meaning]:
    """What it does that an object is only in the old side."""
    if keeps(old):
        remedy = f"delete it when you no longer need it: kubectl delete {old.kind.lower()} {old.name}"
        yield Meaning(CHANGE, "is no longer in the release, and Helm keeps it", remedy)
        return
    if old.kind == "PersistentVolumeClaim":
        yield Meaning(LOSS, "is deleted with its files", f"to keep it, run before the upgrade: {_keep(old)}")
    elif old.kind == "Secret":
        yield Meaning(LOSS, "is deleted with its contents", f"to keep it, run before the upgrade: {_keep(old)}")
    elif old.kind in ROLLING:
        yield Meaning(OUTAGE, "is deleted, and its pods stop")
    elif old.kind == "Job" and not is_hook(old):
        yield Meaning(RESTART, "is deleted with its pods, even if they still run")
    else:
        yield Meaning(CHANGE, "is deleted")
    for _, name in at(old.data, "spec.volumeClaimTemplates[].metadata.name") if old.kind == "StatefulSet" else ():
        if claims_go(old):
            yield Meaning(LOSS, f"the claims {name}-{old.name}-N are deleted with their files")
        else:
            remedy = f"delete them when you no longer need them: kubectl delete pvc {name}-{old.name}-0"
            yield Meaning(CHANGE, f"the claims {name}-{old.name}-N stay", remedy)
    yield from (Meaning(OUTAGE, f"closes {way}") for way in _ways(old))


def _keep(each: Object) -> str:
    return f"kubectl annotate {each.kind.lower()} {each.name} helm.sh/resource-policy=keep"


def of_changed(old: Object, new: Object, changes: list[Change], sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """What the changes of an object do. `changes` is not empty."""
    rest = list(changes)
    yield from _taken(new, sides[0])
    if not is_hook(old):
        for change, way_out in refused(old, new, changes):
            rest = [each for each in rest if each.path[: len(change.path)] != change.path]
            yield Meaning(REFUSED, f"{change.where} cannot be changed ({change.values()})", way_out)
    template = [change for change in rest if old.kind in ROLLING and _in_template(change)]
    if template:
        yield from _restart(old, new, template, sides)
        rest = [change for change in rest if change not in template]
    for change in list(rest):
        if change.path == ("spec", "replicas"):
            rest.remove(change)
            yield _scaled(change, new, sides[1])
        elif old.kind == "PersistentVolumeClaim" and change.path == ("spec", "resources", "requests", "storage"):
            rest.remove(change)
            text = f"grows from {change.old} to {change.new}"
            yield Meaning(CHANGE, text, "the StorageClass must have allowVolumeExpansion: true")
    closed, opened = _ways(old) - _ways(new), _ways(new) - _ways(old)
    yield from (Meaning(OUTAGE, f"closes {way}") for way in sorted(closed))
    yield from (Meaning(CHANGE, f"opens {way}") for way in sorted(opened))
    if rest:
        yield Meaning(CHANGE, _list(old, rest))


# --- pods ------------------------------------------------------------------------------------------------------------


def _in_template(change: Change) -> bool:
    return change.below("spec", "template") or change.below("spec", "leaderWorkerTemplate")


def _restart(old: Object, new: Object, template: list[Change], sides: tuple[Render, Render]) -> Iterator[Meaning]:
    """Pods are replaced: why, whether nothing answers meanwhile, and which cards two of them need."""
    strategy = map_at(new.data, "spec.updateStrategy") or map_at(new.data, "spec.strategy")
    why = _reasons(template)
    if strategy.get("type") == "OnDelete":
        yield Meaning(CHANGE, f"its pods change when you delete them: {why}")
        return
    yield Meaning(RESTART, f"its pods restart: {why}")
    replicas = _replicas(new)
    surge, away = _rolling(new, strategy, replicas)
    if replicas and away >= replicas and _replicas(old):
        yield Meaning(OUTAGE, "nothing answers until the new pods are ready: every old pod stops first")
    for name, count in _cards(new, sides[1]).items():
        if surge and replicas:
            yield Meaning(CHANGE, f"the rollout needs {_number(count * surge)} more {name} for a time")
    if old.kind != "DaemonSet":
        yield from _more_cards(old, new, sides)


def _more_cards(old: Object, new: Object, sides: tuple[Render, Render]) -> Iterator[Meaning]:
    before, after = _cards(old, sides[0]), _cards(new, sides[1])
    for name in sorted(before.keys() | after.keys()):
        one, two = before.get(name, 0) * _replicas(old), after.get(name, 0) * _replicas(new)
        if one != two:
            yield Meaning(CHANGE, f"requests {_number(two)} {name} in place of {_number(one)}")


def _reasons(template: list[Change]) -> str:
    """What changed in a pod template, the places people know first."""
    said = []
    for change in template:
        where = _brief(change)
        if where.startswith("annotation") and "checksum" in where:
            said.append((9, f"the contents of its {where.rpartition('/')[2]} changed"))
        elif where.endswith("image"):
            said.append((0, f"{where} {change.values()}"))
        else:
            said.append((5, f"{where} {change.values()}"))
    texts = list(dict.fromkeys(text for _, text in sorted(said, key=lambda each: each[0])))
    more = f", and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(texts[:MOST]) + more


def _brief(change: Change) -> str:
    """A place in a pod template without the way to it: `server: env[HOME].value`."""
    path = list(change.path)
    for step in ("spec", "leaderWorkerTemplate", "template", "leaderTemplate", "workerTemplate", "spec"):
        if path and path[0] == step:
            path.pop(0)
    if path[:2] == ["metadata", "annotations"]:
        return " ".join(["annotation", *(str(part) for part in path[2:])]).strip()
    if len(path) > 1 and path[0] in ("containers", "initContainers"):
        inner = Change(tuple(path[2:]), None, None).where
        return f"{str(path[1]).strip('[]')}: {inner}" if inner else f"container {str(path[1]).strip('[]')}"
    return Change(tuple(path), None, None).where


def _scaled(change: Change, new: Object, render: Render) -> Meaning:
    old, now = (1 if value is ABSENT else value for value in (change.old, change.new))
    if now == 0:
        return Meaning(OUTAGE, f"runs no pods any more (replicas {old} → 0)")
    cards = ", ".join(f"{_number(count * int(now))} {name}" for name, count in _cards(new, render).items())
    return Meaning(CHANGE, f"runs {now} pods in place of {old}" + (f", which request {cards}" if cards else ""))


def _replicas(each: Object) -> int:
    found = map_at(each.data, "spec").get("replicas", 1)
    return found if isinstance(found, int) else 1


def _rolling(each: Object, strategy: dict[str, Any], replicas: int) -> tuple[int, int]:
    """How many pods a rollout runs in addition, and how many it stops before others are ready."""
    if strategy.get("type") == "Recreate":
        return 0, replicas
    rolling = map_at(strategy, "rollingUpdate")
    if each.kind == "Deployment":
        return _share(rolling.get("maxSurge", "25%"), replicas, math.ceil), _share(
            rolling.get("maxUnavailable", "25%"), replicas, math.floor
        )
    return _share(rolling.get("maxSurge", 0), replicas, math.ceil), _share(
        rolling.get("maxUnavailable", 1), replicas, math.floor
    )


def _share(value: Any, replicas: int, rounded: Any) -> int:
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        return int(rounded(int(value[:-1]) * replicas / 100))
    return value if isinstance(value, int) else 0


def _cards(each: Object, render: Render) -> dict[str, float]:
    """The accelerators that one pod of a workload requests, or one group of pods: resource -> number."""
    found: dict[str, float] = {}
    pods = [pod for pod in render.pods if pod.owner is each]
    size = map_at(each.data, "spec.leaderWorkerTemplate").get("size", 1)
    for pod in pods:
        workers = size - (len(pods) > 1) if "workerTemplate" in pod.path else 1
        for name, count in cards_of(pod).items():
            found[name] = found.get(name, 0) + count * workers
    return found


def cards_of(pod: Pod) -> dict[str, float]:
    """The accelerators that a pod requests: extended resources, by name."""
    found: dict[str, float] = {}
    for _, container in pod.containers():
        for name, count in map_at(container, "resources.limits").items():
            if not str(name).startswith(USUAL) and quantity(count):
                found[str(name)] = max(found.get(str(name), 0), 0) + (quantity(count) or 0)
    return found


def _number(count: float) -> str:
    return f"{count:g}"


# --- ways in ---------------------------------------------------------------------------------------------------------


def _ways(each: Object) -> set[str]:
    """How the outside reaches a release by this object, as text."""
    if each.kind == "Ingress":
        return set(_hosts_of_ingress(each.data))
    if each.kind in ROUTES:
        gateways = [str(parent.get("name")) for _, parent in maps(each.data, "spec.parentRefs[]")]
        hosts = [str(host) for _, host in at(each.data, "spec.hostnames[]")] or ["every host"]
        return {f"{host} through the Gateway {gateway}" for host in hosts for gateway in gateways}
    if each.kind == "Service":
        kind = map_at(each.data, "spec").get("type", "ClusterIP")
        ports = [port for _, port in maps(each.data, "spec.ports[]")]
        if kind == "LoadBalancer":
            return {f"port {port.get('port')} of a load balancer" for port in ports}
        if kind == "NodePort":
            return {f"port {port.get('nodePort', 'that Kubernetes chooses')} of every node" for port in ports}
    return set()


def _hosts_of_ingress(data: Any) -> Iterator[str]:
    tls = {str(host) for _, host in at(data, "spec.tls[].hosts[]")}
    tls |= {str(host) for _, entry in maps(data, "spec.tls[]") for _, host in at(entry, "hosts[]")}
    for _, rule in maps(data, "spec.rules[]"):
        host = str(rule.get("host") or "")
        for _, path in maps(rule, "http.paths[]"):
            scheme = "https" if host in tls else "http"
            yield f"{scheme}://{host or '*'}{path.get('path', '/')}"


def ways(each: Object) -> list[str]:
    """The ways in of an object, in order."""
    return sorted(_ways(each))


def _taken(new: Object, before: Render) -> Iterator[Meaning]:
    """Ports of the nodes that another Service has: Helm creates and changes Services before it deletes any."""
    ports = {port for _, port in at(new.data, "spec.ports[].nodePort")} if new.kind == "Service" else set()
    for other in before.objects:
        if other.kind == "Service" and (other.namespace, other.name) != (new.namespace, new.name):
            for port in sorted(ports & {port for _, port in at(other.data, "spec.ports[].nodePort")}, key=str):
                remedy = f"use another port, or delete it before the upgrade: kubectl delete service {other.name}"
                said = f"node port {port} belongs to Service {other.name} until the upgrade ends"
                yield Meaning(REFUSED, said, remedy)


def _list(each: Object, rest: list[Change]) -> str:
    """Changes without a meaning of their own; the values of a Secret are not printed."""
    hide = each.kind in HIDDEN
    said = [change.where if hide else f"{change.where} {change.values()}" for change in rest]
    more = f", and {len(said) - MOST} more" if len(said) > MOST else ""
    return ", ".join(said[:MOST]) + more


def steady(each: Object, other: Object, random: frozenset[tuple[str, Key]]) -> list[Change]:
    """The changes of an object but for those at random places."""
    return [change for change in changed(each.data, other.data) if (each.title, change.path) not in random]
