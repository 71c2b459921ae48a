"""Who can use a release: NOTES and `chartgen validate` say it alike."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from conftest import CHART

from chartgen import cli

pytestmark = pytest.mark.slow

CASES = yaml.safe_load(Path(__file__).with_name("access.yaml").read_text(encoding="utf-8"))


SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
# Maps of annotations that are on no Service, no way in and no pod that answers.
UNREACHED = {
    ("serviceAccount", "annotations"),  # an identity
    ("dashboards", "annotations"),  # ConfigMaps
    ("loader", "podAnnotations"),  # pods that only download
    ("tests", "podAnnotations"),  # pods that only ask
}
ROUTE = {"enabled": True, "parentRefs": [{"name": "public"}]}
EVERYTHING = {
    "openWebui": {"enabled": True},
    "nextchat": {"enabled": True},
    "pipelines": {"enabled": True},
    "ingress": {"enabled": True, "host": "a.example.com"},
    "httpRoute": {**ROUTE, "hostnames": ["b.example.com"]},
    "api": {
        "ingress": {"enabled": True, "hosts": {"server": "c.example.com"}},
        "httpRoute": {**ROUTE, "hosts": {"server": "d.example.com"}},
    },
}
PORTS = [{"port": 80, "protocol": "TCP"}]
POLICY = {"ingress": [{"fromEntities": ["world"]}]}
# Objects by which clients can come in, or by which the chart cannot know that none come.
OPENING = [
    ("v1", "Service", {"type": "LoadBalancer", "ports": PORTS}),
    ("v1", "Service", {"type": "NodePort", "ports": PORTS}),
    ("v1", "Service", {"externalIPs": ["192.0.2.1"], "ports": PORTS}),
    ("v1", "Pod", {"hostNetwork": True, "containers": [{"name": "proxy", "image": "team/proxy:1"}]}),
    ("serving.knative.dev/v1", "Service", {"template": {}}),  # open to the outside by default
    ("example.com/v1", "Secret", {}),  # the kind of another group
    ("v1", "Endpoints", {}),
    ("discovery.k8s.io/v1", "EndpointSlice", {}),
    ("apps/v1", "Deployment", {}),
    ("apps/v1", "DaemonSet", {}),
    ("networking.k8s.io/v1", "Ingress", {}),
    ("networking.k8s.io/v1", "NetworkPolicy", {"podSelector": {}, "ingress": [{}]}),
    ("cilium.io/v2", "CiliumNetworkPolicy", {"endpointSelector": {}, **POLICY}),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy", {"endpointSelector": {}, **POLICY}),
    ("cilium.io/v2", "CiliumEnvoyConfig", {}),
    ("projectcalico.org/v3", "GlobalNetworkPolicy", {"ingress": [{"action": "Allow"}]}),
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", {"ingress": [{"action": "Allow"}]}),
    *(
        ("gateway.networking.k8s.io/v1", kind, {})
        for kind in ("Gateway", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "ReferenceGrant", "ListenerSet")
    ),
    ("networking.istio.io/v1", "VirtualService", {}),
    ("networking.istio.io/v1", "Gateway", {}),
    ("networking.istio.io/v1", "ServiceEntry", {}),
    ("traefik.io/v1alpha1", "IngressRoute", {}),
    ("route.openshift.io/v1", "Route", {}),
    ("multicluster.x-k8s.io/v1alpha1", "ServiceExport", {}),
    ("externaldns.k8s.io/v1alpha1", "DNSEndpoint", {}),
    ("ngrok.k8s.ngrok.com/v1alpha1", "AgentEndpoint", {}),
    ("tailscale.com/v1alpha1", "Connector", {}),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", {}),  # whoever may forward ports
    ("example.com/v1", "Anything", {}),
]
CLOSED = [
    ("v1", "Service", {"ports": PORTS}),
    ("v1", "ConfigMap", {}),
    ("v1", "Secret", {}),
    ("v1", "PersistentVolumeClaim", {}),
    ("storage.k8s.io/v1", "StorageClass", {}),
    ("rbac.authorization.k8s.io/v1", "Role", {}),
    ("autoscaling/v2", "HorizontalPodAutoscaler", {}),
    ("keda.sh/v1alpha1", "ScaledObject", {}),
    ("cert-manager.io/v1", "Certificate", {}),
    ("external-secrets.io/v1", "ExternalSecret", {}),
    ("networking.k8s.io/v1", "NetworkPolicy", {"podSelector": {}, "policyTypes": ["Ingress"]}),
]


def notes_of(helm: str, file: Path) -> str:
    """What Helm prints after an installation with values."""
    command = [helm, "install", "llm", str(CHART), "--dry-run=client", "-f", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.partition("\nNOTES:\n")[2]


def annotated(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of each map of annotations."""
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    if name == "annotations":
        yield path
    if not name.startswith("io.k8s."):
        for key, inner in SCHEMA["definitions"].get(name, schema).get("properties", {}).items():
            yield from annotated(inner, (*path, key))


def test_each_annotation_that_a_controller_can_read_is_named(helm: str, tmp_path: Path):
    values, expected = copy.deepcopy(EVERYTHING), {}
    for path in annotated(SCHEMA):
        place = values
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = {f"{path[-1].lower()}.example.com/{'.'.join(path)}": "true", "prometheus.io/scrape": "true"}
        claim = path[-2] in ("persistence", "modelCache", "results") if len(path) > 1 else False
        expected[path] = not claim and path not in UNREACHED
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    said = notes_of(helm, file)
    assert sum(expected.values()) >= 12
    assert {path: f"/{'.'.join(path)}" in said for path in expected} == expected
    assert "prometheus.io" not in said


def test_each_object_that_can_open_a_way_is_named(helm: str, tmp_path: Path):
    objects = {
        f"own{number}": {"apiVersion": version, "kind": kind, "metadata": {"name": f"own{number}"}, "spec": spec}
        for number, (version, kind, spec) in enumerate([*OPENING, *CLOSED])
    }
    objects["cilium"] = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "several"},
        "specs": [{"endpointSelector": {}, **POLICY}],
    }
    for domain in ("tailscale.com/expose", "service.cilium.io/global", "mirror.linkerd.io/exported"):
        word = "labels" if "linkerd" in domain else "annotations"
        metadata = {"name": f"inner-{domain[:4]}", word: {domain: "true"}}
        objects[word + domain[:4]] = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"ports": PORTS},
        }
    ports = {"name": "tcp-services", "namespace": "ingress-nginx"}
    objects["ports"] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": ports,
        "data": {"9000": "ai/llm-server:11434"},
    }
    closed = {f"own{len(OPENING) + number}" for number in range(len(CLOSED))}
    file = tmp_path / "values.json"
    file.write_text(json.dumps({"networkPolicy": {"enabled": True}, "extraObjects": objects}), encoding="utf-8")
    said = notes_of(helm, file)
    assert [name for name in objects if f"extraObjects.{name} " not in said] == sorted(closed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["values"])[:60])
def test_the_notes_say_who_can_use_what(helm, tmp_path, case):
    file = tmp_path / "values.json"
    file.write_text(json.dumps(case["values"]), encoding="utf-8")
    notes = notes_of(helm, file)
    for text in case["says"]:
        assert f"\n  {text}" in notes
    if "silent" in case:
        assert case["silent"] not in notes


def test_validate_says_it_too_and_says_it_in_json(tmp_path):
    case = CASES[1]
    file = tmp_path / "values.json"
    file.write_text(json.dumps(case["values"]), encoding="utf-8")
    done = CliRunner().invoke(cli.main, ["validate", str(CHART), "-f", str(file)])
    assert done.exit_code == 0
    for text in case["says"]:
        assert text in done.stderr
    said = json.loads(CliRunner().invoke(cli.main, ["validate", str(CHART), "-f", str(file), "--json"]).stdout)[
        "access"
    ]
    assert [any(line.startswith(text) for line in said) for text in case["says"]] == [True, True]
