"""Two ways in that take the same host and path at the same place are refused, and no others."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import rendering
from conftest import CHART

from chartgen.programs.helm import Request, documents
from chartgen.proofs import taken
from chartgen.proofs.manifests import Render, render_of

pytestmark = pytest.mark.slow

SEED = 7
PAIRS = 250
# A server of a pool, which serves the model to a UI, too.
BASE = {
    "engine": "vllm",
    "model": {"name": "team/large", "delivery": "none"},
    "modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]},
    "gpu": {"vendor": "nvidia"},
}
HOSTS = ["ai.example.com", "api.example.com"]
PARENTS = [
    {"name": "public"},
    {"name": "public", "sectionName": "https"},
    {"name": "public", "sectionName": "http"},
    {"name": "public", "port": 443},
    {"name": "public", "port": 80},
    {"name": "public", "namespace": "default"},
    {"name": "public", "namespace": "gateways"},
    {"name": "inside"},
]
PATHS = ["/", "/", "/status", "/status/"]


def way(chance: random.Random, number: int) -> dict[str, Any]:
    """The values of a way in."""
    kind = chance.choice(["ui-route", "api-route", "pool", "own-route", "ui-ingress", "api-ingress", "own-ingress"])
    hosts, parents = chance.choice([[], HOSTS]), [chance.choice(PARENTS[: chance.choice([1, 2, 8])])]
    place = {"className": chance.choice(["public", "public", "", "alb"])}
    place |= chance.choice([{}, {}, {}, {"annotations": {"traefik.ingress.kubernetes.io/router.entrypoints": "web"}}])
    host = chance.choice(["*", *HOSTS])
    if kind == "ui-route":
        return {"httpRoute": {"enabled": True, "parentRefs": parents, "hostnames": hosts}}
    if kind == "api-route":
        return {"api": {"httpRoute": {"enabled": True, "parentRefs": parents, "hosts": {"server": host}}}}
    if kind == "pool":
        return {"inferencePool": {"enabled": True, "httpRoute": {"parentRefs": parents, "hostnames": hosts}}}
    if kind == "ui-ingress":
        more = [each for each in HOSTS if each != host and chance.random() < 0.3]
        return {"ingress": {"enabled": True, "host": host, "additionalHosts": more, **place}}
    if kind == "api-ingress":
        return {"api": {"ingress": {"enabled": True, "hosts": {"server": host}, **place}}}
    meta, path = {"name": f"own-{number}"}, chance.choice(PATHS)
    if kind == "own-route":
        matches = [{"path": {"type": chance.choice(["PathPrefix", "Exact"]), "value": path}}]
        matches[0] |= chance.choice([{}, {}, {"method": "GET"}])
        rules = [chance.choice([{}, {"matches": matches}]) | {"backendRefs": [{"name": "own", "port": 80}]}]
        spec = {"parentRefs": parents, "rules": rules} | ({"hostnames": hosts} if hosts else {})
        own = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": meta, "spec": spec}
    else:
        backend = {"service": {"name": "own", "port": {"number": 80}}}
        paths = [{"path": path, "pathType": chance.choice(["Prefix", "Exact"]), "backend": backend}]
        rules = [{"http": {"paths": paths}} | ({"host": host} if host != "*" else {})]
        spec = {"rules": rules} | ({"ingressClassName": place["className"]} if place["className"] else {})
        meta |= {"annotations": place["annotations"]} if "annotations" in place else {}
        own = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": spec}
    return {"extraObjects": {f"own-{number}": own}}


def both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any] | None:
    """The values of two ways in, none if one takes the place of the other."""
    made = dict(one)
    for name, value in other.items():
        if name in made:
            if not isinstance(made[name], dict) or made[name].keys() & value.keys():
                return None
            made[name] = made[name] | value
        else:
            made[name] = value
    return made


def rendered(text: str) -> Render:
    return render_of(documents(text), frozenset())


def test_two_ways_in_are_refused_where_their_manifests_take_the_same(tmp_path: Path):
    """Each way is rendered alone, and the proof reads the manifests of the two together."""
    chance = random.Random(SEED)
    requests: list[tuple[Request, Request, Request]] = []

    def request(values: dict[str, Any]) -> Request:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.yaml"
        file.write_text(json.dumps(BASE | values))
        return Request(CHART, (file,))

    while len(requests) < PAIRS:
        one, other = way(chance, 1), way(chance, 2)
        if pair := both(one, other):
            requests.append((request(one), request(other), request(pair)))
    found = rendering.many(each for row in requests for each in row)
    refused = 0
    for row in requests:
        one, other, pair = (found[each] for each in row)
        assert (one.error, other.error) == ("", "")
        alone = [rendered(each.text) for each in (one, other)]
        ways = [each for render in alone for each in render.objects if each.kind in ("Ingress", "HTTPRoute")]
        clashes = list(taken.check(render_of([each.document for each in ways], frozenset())))
        said = " is already that of " in pair.error
        refused += said
        assert said == bool(clashes), (row[2].values[0].read_text(), pair.error, clashes)
        assert said == bool(pair.error), pair.error
        if not said:
            assert list(taken.check(rendered(pair.text))) == []
    assert PAIRS / 20 < refused < PAIRS / 2
