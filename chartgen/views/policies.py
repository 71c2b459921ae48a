"""What changed NetworkPolicies open and close: for each workload on both sides, what reaches it and what it reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..proofs import reach
from ..proofs.manifests import Object, Pod, Render, maps, selects

ANYBODY, NAMESPACE, EVERY = "everybody", "every pod of the namespace", "every port"
MOST = 6  # peers that are named

Way = tuple[str, str]  # who is at the other end, and the port


def changed(old: Render, new: Render) -> Iterator[tuple[Object, bool, str]]:
    """For each workload and direction that changes: the object that does it, whether a way closes, and a sentence.

    The object is the NetworkPolicy that differs and selects the fewest pods, or the workload itself.
    """
    before = {_key(pod.owner): pod for pod in _pods(old)}
    for pod in _pods(new):
        was = before.get(_key(pod.owner))
        for direction in reach.PEERS if was else ():
            assert was is not None
            one, two = _ways(old, was, direction), _ways(new, pod, direction)
            if one != two:
                blamed = _blamed(old, new, was, pod, direction)
                yield from ((blamed, closes, said) for closes, said in _said(pod.owner.title, direction, one, two))


def _pods(render: Render) -> Iterator[Pod]:
    """One pod of each set of labels that a workload gives."""
    seen = set()
    for pod in render.pods:
        key = (_key(pod.owner), str(sorted(pod.labels.items(), key=str)))
        if not pod.passing and key not in seen:
            seen.add(key)
            yield pod


def _key(each: Object) -> tuple[str, str, str]:
    return each.kind, each.namespace, each.name


def _policies(render: Render) -> list[Object]:
    return [each for each in render.objects if each.kind == "NetworkPolicy"]


def _blamed(old: Render, new: Render, was: Pod, pod: Pod, direction: str) -> Object:
    sides = [reach.limiting(_policies(old), direction, was), reach.limiting(_policies(new), direction, pod)]
    one, two = ({_key(each): each for each in side} for side in sides)
    differ = [two.get(key) or one[key] for key in one | two if key not in one or key not in two]
    differ += [two[key] for key in one.keys() & two.keys() if one[key].data != two[key].data]
    pods = [*old.pods, *new.pods]
    return min(
        differ,
        key=lambda each: sum(bool(reach.limiting([each], direction, other)) for other in pods),
        default=pod.owner,
    )


def _ways(render: Render, pod: Pod, direction: str) -> frozenset[Way] | None:
    """Who can reach a pod, or what it can reach; None where nothing limits that."""
    own = reach.limiting(_policies(render), direction, pod)
    if not own:
        return None
    return frozenset(
        (peer, port)
        for rule in reach.rules(own, direction)
        for peer in _peers(render, rule.get(reach.PEERS[direction]), pod)
        for port in _ports(rule)
    )


def _peers(render: Render, peers: Any, pod: Pod) -> Iterator[str]:
    if not peers:
        yield ANYBODY
    for _, peer in maps({"peers": peers}, "peers[]"):
        if block := peer.get("ipBlock"):
            but = ", ".join(str(each) for each in block.get("except") or ())
            yield f"addresses in {block.get('cidr')}" + (f" but {but}" if but else "")
        elif "namespaceSelector" in peer:
            place = _labels(peer["namespaceSelector"])
            pods = _labels(peer.get("podSelector"))
            where = f"namespaces with {place}" if place else "every namespace"
            yield f"{f'pods with {pods}' if pods else 'every pod'} in {where}"
        else:
            yield from _selected(render, peer.get("podSelector"), pod)


def _selected(render: Render, selector: Any, pod: Pod) -> Iterator[str]:
    """The workloads of the release whose pods a selector selects, or its labels where it selects others."""
    labels = _labels(selector)
    titles = [
        other.owner.title
        for other in render.pods
        if not other.passing and other.owner.namespace == pod.owner.namespace and selects(selector, other.labels)
    ]
    if not labels:
        yield NAMESPACE
    elif titles:
        yield from dict.fromkeys(titles)
    else:
        yield f"pods with {labels}"


def _labels(selector: Any) -> str:
    if not isinstance(selector, dict):
        return ""
    said = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for _, each in maps(selector, "matchExpressions[]"):
        values = ", ".join(str(value) for value in each.get("values") or ())
        said.append(f"{each.get('key')} {each.get('operator')}" + (f" ({values})" if values else ""))
    return ", ".join(said)


def _ports(rule: dict[str, Any]) -> Iterator[str]:
    ports = [port for _, port in maps(rule, "ports[]")]
    if not ports:
        yield EVERY
    for port in ports:
        protocol = port.get("protocol", "TCP")
        number = f"{port['port']}-{port['endPort']}" if "endPort" in port else port.get("port")
        name = f"every {protocol} port" if number is None else f"port {number}"
        yield name if protocol == "TCP" or number is None else f"{protocol} {name}"


def _covered(way: Way, ways: frozenset[Way]) -> bool:
    """Whether other ways include this one."""
    peer, port = way
    wider = {peer, ANYBODY} | ({NAMESPACE} if "/" in peer.partition(" ")[0] else set())
    ports = {port, EVERY} | ({"every TCP port"} if port.startswith("port ") else set())
    return any(one in wider and other in ports for one, other in ways)


def _said(
    title: str, direction: str, old: frozenset[Way] | None, new: frozenset[Way] | None
) -> Iterator[tuple[bool, str]]:
    reaches = direction == "ingress"
    if new is None:
        yield False, f"no policy limits any more what {f'reaches {title}' if reaches else f'{title} reaches'}"
        return
    if old is None:
        but = _listed(new)
        limit = f"closes {title} to everybody" if reaches else f"closes everything to {title}"
        if not any(way == (ANYBODY, EVERY) for way in new):
            yield True, f"{limit}{f' but {but}' if but else ''}"
        return
    closed = frozenset(way for way in old - new if not _covered(way, new))
    opened = frozenset(way for way in new - old if not _covered(way, old))
    for ways, gone in ((closed, True), (opened, False)):
        if ways:
            verb = "closes" if gone else "opens"
            yield gone, f"{verb} {f'{title} to {_listed(ways)}' if reaches else f'{_listed(ways)} to {title}'}"


def _listed(ways: frozenset[Way]) -> str:
    by: dict[str, list[str]] = {}
    for peer, port in sorted(ways):
        by.setdefault(peer, []).append(port)
    said = [f"{peer} ({', '.join(ports)})" for peer, ports in by.items()]
    more = f", and {len(said) - MOST} more" if len(said) > MOST else ""
    return ", ".join(said[:MOST]) + more
