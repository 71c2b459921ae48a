"""Every address that clients lose in an upgrade is named, and no other: requests are tried on both sides."""

from __future__ import annotations

import random
from itertools import pairwise, product
from typing import Any, NamedTuple

import pytest
from conftest import CHART

from chartgen.programs.helm import Document
from chartgen.proofs.manifests import Render, maps, render_of
from chartgen.views import clients, diff, sides

HOSTS = ("", "a.example.com", "b.example.com", "*.example.com")
PATHS = ("/", "/v1", "/v1/models", "/v10")
PORTS = (80, 443)
# A request of every kind that the objects below can tell apart.
CLASSES = ("one", "two")
ASKED = ("a.example.com", "b.example.com", "c.example.com", "example.org")
WANTED = ("/", "/v1", "/v1/models", "/v1/models/x", "/v10", "/v1x", "/other")


class Request(NamedTuple):
    by: str
    host: str
    path: str


def service(dice: random.Random, name: str) -> dict[str, Any]:
    ports = [
        {"name": f"p{port}", "port": port, "targetPort": dice.choice([8080, "http", "other"])}
        for port in dice.sample(PORTS, dice.choice([1, 1, 2]))
    ]
    selector = dice.choice([{"app": "a"}, {"app": "a"}, {"app": "b"}, {"app": "none"}])
    spec: dict[str, Any] = {"selector": selector, "ports": ports}
    if dice.random() < 0.3:
        spec["type"] = "NodePort"
        for port in ports:
            port["nodePort"] = 30000 + port["port"] + 1000 * (name == "two")
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def ingress(dice: random.Random, name: str) -> dict[str, Any]:
    rules = [
        {
            "host": host,
            "http": {
                "paths": [
                    {
                        "path": path,
                        "pathType": dice.choice(["Prefix", "Prefix", "Exact"]),
                        "backend": {"service": {"name": dice.choice(["one", "two"]), "port": {"number": 80}}},
                    }
                    for path in dice.sample(PATHS, dice.choice([1, 2]))
                ]
            },
        }
        for host in dice.sample(HOSTS, dice.choice([1, 2]))
    ]
    spec = {"ingressClassName": dice.choice(CLASSES), "rules": rules}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": spec}


def workload(name: str) -> dict[str, Any]:
    box = {"name": "a", "image": "a", "ports": [{"name": "http", "containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [box]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"template": template}}


def made(dice: random.Random) -> Render:
    some = [service(dice, name) for name in ("one", "two") if dice.random() < 0.9]
    some += [ingress(dice, name) for name in ("x", "y") if dice.random() < 0.7]
    some += [workload(name) for name in ("a", "b") if dice.random() < 0.9]
    return render_of([Document("a.yaml", n, each, "") for n, each in enumerate(some)], frozenset())


def fits(request: Request, by: str, host: str, path: dict[str, Any]) -> bool:
    """Whether a path of an Ingress takes a request, as a controller decides it."""
    wild = host.startswith("*.") and request.host.endswith(host[1:])
    place, exact = path["path"], path["pathType"] == "Exact"
    steps, want = ([step for step in each.split("/") if step] for each in (request.path, place))
    below = request.path == place if exact else steps[: len(want)] == want
    return by == request.by and (host in ("", request.host) or wild) and below


def served(render: Render, other: Render) -> dict[str, set[str]]:
    """Each address of a side -> the requests that something answers by it. What no side has is in the cluster."""
    found: dict[str, set[str]] = {}
    known = {each.name for side in (render, other) for each in side.of("Service")}
    answering = {(name, 80) for name in ("one", "two") if name not in known}
    for each in render.of("Service"):
        selector = each.data["spec"]["selector"]
        up = [pod for pod in render.pods if selector.items() <= pod.labels.items()]
        for port in each.data["spec"]["ports"]:
            ways = [f"{each.name}:{port['port']} inside the cluster"]
            ways += [f"port {port['nodePort']} of every node"] if "nodePort" in port else []
            lives = bool(up) and port["targetPort"] != "other"
            for way in ways if lives else ():
                found[way] = {way}
            answering |= {(each.name, port["port"])}
    for each in render.of("Ingress"):
        by = each.data["spec"]["ingressClassName"]
        for _, rule in maps(each.data, "spec.rules[]"):
            for _, path in maps(rule, "http.paths[]"):
                taken = {
                    str(request)
                    for request in map(Request._make, product(CLASSES, ASKED, WANTED))
                    if fits(request, by, rule["host"], path)
                }
                backend = path["backend"]["service"]
                if (backend["name"], backend["port"]["number"]) in answering:
                    way = f"http://{rule['host'] or '*'}{path['path']}"
                    way += " (this path only)" if path["pathType"] == "Exact" else ""
                    found.setdefault(way, set()).update(taken)
    return found


@pytest.mark.parametrize("seed", range(200))
def test_an_address_that_clients_lose_is_named(seed):
    dice = random.Random(seed)
    old, new = made(dice), made(dice)
    before, after = served(old, new), served(new, old)
    still = set().union(*after.values()) if after else set()
    lost = {way for way, requests in before.items() if requests - still}
    closing = [each.text for each in clients.changed(old, new) if each.closes]
    for way in lost:
        forms = (f"closes {way}", f"{way} leads", f"{way} moves")
        assert any(text.startswith(forms) for text in closing), (way, closing)


@pytest.mark.parametrize("seed", range(200))
def test_nothing_closes_for_clients_of_the_same_or_more(seed):
    dice = random.Random(seed)
    old = made(dice)
    more = [workload("c"), service(dice, "three"), ingress(dice, "z")]
    every = [each.document for each in old.objects] + [Document("b.yaml", n, each, "") for n, each in enumerate(more)]
    assert list(clients.changed(old, old)) == []
    assert [
        each for each in clients.changed(old, render_of(every, frozenset())) if each.closes and not over(each)
    ] == []


def over(said: clients.Said) -> bool:
    """Whether another Ingress takes requests from one, which may lead nowhere then."""
    return "leads nowhere" in said.text


def addresses(render: Render) -> set[str]:
    """What the chart's objects have as addresses, as far as it can be read from them alone."""
    found = set()
    for each in render.objects:
        spec = each.data.get("spec") or {}
        if each.kind == "Service":
            found |= {f"{each.name}:{port['port']} inside" for port in spec.get("ports", ())}
            found |= {f"port {port['nodePort']} of every node" for port in spec.get("ports", ()) if "nodePort" in port}
        if each.kind == "Ingress":
            found |= {f"://{rule['host']}/" for rule in spec.get("rules", ()) if rule.get("host")}
        if each.kind in ("HTTPRoute", "GRPCRoute"):
            found |= {f"{host}" for host in spec.get("hostnames", ())}
    return found


@pytest.mark.slow
def test_each_address_of_an_example_that_another_does_not_have_is_named():
    files = sorted((CHART / "examples").glob("*.yaml"))
    read = {file.stem: sides.read(str(file), sides.Context(CHART), lambda text: None) for file in files}
    names = [*read, *reversed(read)]
    random.Random(1).shuffle(names)
    for one, two in pairwise(names):
        said = [str(part) for each in diff.between(read[one], read[two]).differences for part in each.meanings]
        for address in addresses(read[one].render) - addresses(read[two].render):
            assert any(address in text for text in said), (one, two, address)
