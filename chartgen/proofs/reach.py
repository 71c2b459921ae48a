"""Whether NetworkPolicies let pods reach the Services whose URLs they are given, and open ports that pods have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..reading.yamlfile import Key
from .manifests import Fault, Object, Pod, Render, at, map_at, maps, selects, service_of

HOST = re.compile(r"\b[a-z]+://(?:[^/@\s]*@)?([a-z0-9][a-z0-9.-]*)(?::(\d+))?")
# Variables with addresses that browsers use: the pages that may use a server, and that of the UI.
OF_BROWSERS = re.compile(r"(?:^|_)ORIGINS?$|_REDIRECT_UR[IL]S?$|^WEBUI_URL$", re.I)


# The directions that a NetworkPolicy can limit, with the key of the other side in its rules.
PEERS = {"ingress": "from", "egress": "to"}


def check(render: Render) -> Iterator[Fault]:
    """Every URL of a Service in the release that a policy of the release blocks, at either end."""
    policies = render.of("NetworkPolicy")
    yield from _opened(render, policies)
    for pod in render.pods if policies else ():
        for path, service, port in urls(render, pod):
            for target in _behind(render, service):
                number = _number(service, port, target)
                for direction, here, there in (("egress", pod, target), ("ingress", target, pod)):
                    if not _allowed(policies, direction, here, there, number):
                        message = f"a NetworkPolicy blocks the {direction} from {pod.owner.title} to {service.title}"
                        yield pod.owner.fault(path, message, f"allow port {number} in the policy of {here.owner.title}")


def _opened(render: Render, policies: list[Object]) -> Iterator[Fault]:
    """Ports that a policy opens and that none of its pods has. A container need not name a port that it listens on."""
    for policy in policies:
        selector = map_at(policy.data, "spec.podSelector")
        pods = [pod for pod in render.pods if pod.owner.namespace == policy.namespace and selects(selector, pod.labels)]
        ports = [port for pod in pods for port in pod.ports()]
        known = [str(each[word]) for each in ports for word in ("name", "containerPort") if word in each]
        for path, row in maps(policy.data, "spec.ingress[].ports[]") if ports and all(map(_named, pods)) else ():
            port = row.get("port")
            if port is not None and not any(_opens(row, each) for each in ports):
                message = f"no container of the pods that it selects has the port {port}"
                remedy = f"use one of theirs: {', '.join(dict.fromkeys(known))}"
                yield policy.fault((*path, "port"), message, remedy, advice=not isinstance(port, str))


def _opens(row: dict[str, Any], port: dict[str, Any]) -> bool:
    """Whether a row of a policy opens a port of a container."""
    first, number = row["port"], port.get("containerPort")
    last = row.get("endPort", first)
    whole = all(isinstance(each, int) for each in (first, last, number))
    return first in (port.get("name"), number) or (whole and first <= number <= last)


def _named(pod: Pod) -> bool:
    """Whether each container that keeps running says its ports."""
    return all(container.get("ports") for _, container in maps(pod.spec, "containers[]"))


def urls(render: Render, pod: Pod) -> Iterator[tuple[Key, Object, int | None]]:
    """The Services of the release whose URLs the pod's containers are given, each with its place and its port."""
    for path, container in pod.containers():
        for place, text in _texts(path, container):
            for host, port in HOST.findall(text):
                service = render.find("Service", *service_of(host, pod.owner.namespace))
                if service:
                    yield place, service, int(port) if port else None


def _texts(path: Key, container: dict[str, Any]) -> Iterator[tuple[Key, str]]:
    """What a container is given that can have addresses to which it connects."""
    for place, each in maps(container, "env[]", path):
        if "value" in each and not OF_BROWSERS.search(str(each.get("name"))):
            yield (*place, "value"), str(each["value"])
    for where in ("args[]", "command[]"):
        yield from ((place, str(text)) for place, text in at(container, where, path))


def _behind(render: Render, service: Object) -> Iterator[Pod]:
    selector = map_at(service.data, "spec.selector")
    for pod in render.pods:
        if selector and not pod.passing and selects({"matchLabels": selector}, pod.labels):
            yield pod


def _number(service: Object, port: int | None, pod: Pod) -> int | None:
    """The port of the pod to which a port of the Service leads."""
    for _, each in maps(service.data, "spec.ports[]"):
        if port in (None, each.get("port")):
            target = each.get("targetPort", each.get("port"))
            named = (each.get("containerPort") for each in pod.ports() if target == each.get("name"))
            return target if isinstance(target, int) else next(named, None)
    return None


def _allowed(policies: list[Object], direction: str, here: Pod, there: Pod, port: int | None) -> bool:
    """Whether the policies that select `here` let it connect to, or be reached by, `there`. None of them: yes."""
    own = limiting(policies, direction, here)
    return not own or any(
        _peers(rule, PEERS[direction], there) and _ports(rule, port, here if direction == "ingress" else there)
        for rule in rules(own, direction)
    )


def limiting(policies: Iterable[Object], direction: str, pod: Pod) -> list[Object]:
    """The NetworkPolicies that select a pod and limit this direction, `ingress` or `egress`."""
    return [
        policy
        for policy in policies
        if direction in directions(policy)
        and policy.namespace == pod.owner.namespace
        and selects(map_at(policy.data, "spec.podSelector"), pod.labels)
    ]


def directions(policy: Object) -> list[str]:
    """What a NetworkPolicy limits; one that does not say it limits ingress, and egress where it has rules for that."""
    spec = map_at(policy.data, "spec")
    said = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return [direction for direction in PEERS if direction.capitalize() in said]


def rules(policies: Iterable[Object], direction: str) -> Iterator[dict[str, Any]]:
    """The rules of NetworkPolicies for a direction. One that allows everything is an empty map."""
    return (rule for policy in policies for _, rule in maps(policy.data, f"spec.{direction}[]"))


def _peers(rule: dict[str, Any], peer: str, there: Pod) -> bool:
    """Whether a rule can be for a pod. Which labels its namespace has, and which address it gets, nobody knows here."""
    peers = [each for _, each in maps(rule, f"{peer}[]")]
    return not peers or any(
        selects(each.get("podSelector"), there.labels) if "podSelector" in each else "namespaceSelector" in each
        for each in peers
    )


def _ports(rule: dict[str, Any], port: int | None, target: Pod) -> bool:
    """Whether a rule is for a port of the pod that is reached."""
    ports = [each for _, each in maps(rule, "ports[]")]
    return not ports or any(_port(each, port, target) for each in ports)


def _port(each: dict[str, Any], port: int | None, target: Pod) -> bool:
    said = each.get("port")
    if not isinstance(port, int) or said is None:
        return True
    if isinstance(said, str):
        return any(own.get("name") == said and own.get("containerPort") == port for own in target.ports())
    last = each.get("endPort", said)
    return isinstance(said, int) and isinstance(last, int) and said <= port <= last
