"""What changed NetworkPolicies open and close: for each workload on both sides, what reaches it and what it reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..proofs import reach
from ..proofs.manifests import Object, Pod, Render, at, map_at, maps, selects
from . import ways
from .harmless import formed
from .ways import HERE, Peer, Pods, Port

NAME_LABEL = "kubernetes.io/metadata.name"  # every namespace has it, with its name
POLICY = "NetworkPolicy"
MOST = 6  # peers that are named

Ways = frozenset[tuple[Peer, Port]]


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


def _blamed(old: Render, new: Render, was: Pod, pod: Pod, direction: str) -> Object:
    sides = [reach.limiting(old.of(POLICY), direction, was), reach.limiting(new.of(POLICY), direction, pod)]
    one, two = ({_key(each): each for each in side} for side in sides)
    differ = [two.get(key) or one[key] for key in one | two if key not in one or key not in two]
    differ += [two[key] for key in one.keys() & two.keys() if one[key].data != two[key].data]
    pods = [*old.pods, *new.pods]
    return min(
        differ,
        key=lambda each: sum(bool(reach.limiting([each], direction, other)) for other in pods),
        default=pod.owner,
    )


def _ways(render: Render, pod: Pod, direction: str) -> Ways | None:
    """Who can reach a pod, or what it can reach; None where nothing limits that."""
    own = reach.limiting(render.of(POLICY), direction, pod)
    if not own:
        return None
    return frozenset(
        (peer, port)
        for rule in reach.rules(own, direction)
        for peer in _peers(render, rule.get(reach.PEERS[direction]), pod)
        for port in _ports(rule, pod if direction == "ingress" else None)
    )


def _peers(render: Render, peers: Any, pod: Pod) -> Iterator[Peer]:
    if not peers:
        yield ways.ANYBODY
    for _, peer in maps({"peers": peers}, "peers[]"):
        if block := peer.get("ipBlock"):
            found = ways.addresses(block)
            if not isinstance(found, ways.Addresses) or found.networks():
                yield found
            continue
        place = _labels(peer["namespaceSelector"]) if peer.get("namespaceSelector") is not None else HERE
        place = HERE if place == f"{NAME_LABEL}={pod.owner.namespace}" else place or ways.ANYWHERE
        labels = _labels(peer.get("podSelector"))
        here = (
            frozenset(_selected(render, peer["podSelector"], pod)) if labels and place in (HERE, ways.ANYWHERE) else ()
        )
        if here and place == HERE:
            yield from (Pods(HERE, title) for title in here)
        else:
            yield Pods(place, labels, frozenset(here))


def _selected(render: Render, selector: Any, pod: Pod) -> Iterator[str]:
    """The workloads of the release, in the namespace of a pod, whose pods a selector selects."""
    for other in render.pods:
        if not other.passing and other.owner.namespace == pod.owner.namespace and selects(selector, other.labels):
            yield other.owner.title


def _labels(selector: Any) -> str:
    if not isinstance(selector, dict):
        return ""
    said = [f"{key}={formed(value, 'label')}" for key, value in map_at(selector, "matchLabels").items()]
    for _, each in maps(selector, "matchExpressions[]"):
        key, operator = (formed(each.get(part), "name") for part in ("key", "operator"))
        values = [formed(value, "label") for _, value in at(each, "values[]")]
        same = operator == "In" and len(values) == 1
        said.append(
            f"{key}={values[0]}" if same else f"{key} {operator}" + (f" ({', '.join(values)})" if values else "")
        )
    return ", ".join(sorted(said))


def _ports(rule: dict[str, Any], target: Pod | None) -> Iterator[Port]:
    """The ports of a rule; a name is the number that the target has under it, where that is known."""
    ports = [port for _, port in maps(rule, "ports[]")]
    if not ports:
        yield from ways.EVERY
    named = {str(each.get("name")): each.get("containerPort") for each in target.ports()} if target else {}
    for port in ports:
        first = port.get("port")
        first = named.get(first, first) if isinstance(first, str) else first
        yield ways.port(port.get("protocol"), first, port.get("endPort"))


def _said(title: str, direction: str, old: Ways | None, new: Ways | None) -> Iterator[tuple[bool, str]]:
    reaches = direction == "ingress"
    if new is None:
        if old is not None and ways.without(ways.ALL, old):
            yield False, f"no policy limits any more what {f'reaches {title}' if reaches else f'{title} reaches'}"
        return
    if old is None:
        but = ways.listed(new, MOST)
        limit = f"closes {title} to everybody" if reaches else f"closes everything to {title}"
        if ways.without(ways.ALL, new):
            yield True, f"{limit}{f' but {but}' if but else ''}"
        return
    for gone, found in ((True, ways.without(old, new)), (False, ways.without(new, old))):
        if found:
            verb, said = "closes" if gone else "opens", ways.listed(found, MOST)
            if gone and (stays := ways.common(new, found)):
                said += (
                    f", but not to {ways.listed(stays, MOST)}" if reaches else f", but not {ways.listed(stays, MOST)},"
                )
            yield gone, f"{verb} {f'{title} to {said}' if reaches else f'{said} to {title}'}"
