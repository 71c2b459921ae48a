"""A key with null is as good as none: the API server leaves it out before it validates."""

from __future__ import annotations

import pytest
from jsonschema import Draft7Validator

from chartgen.kubernetes import definitions

API = "io.k8s.api."
CONTAINER = {"name": "a", "image": "a:1"}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("apps.v1.DeploymentStrategy", {"type": "Recreate", "rollingUpdate": None}),
        ("apps.v1.DaemonSetUpdateStrategy", {"type": "OnDelete", "rollingUpdate": None}),
        ("core.v1.Container", CONTAINER | {"imagePullPolicy": "", "ports": [{"containerPort": 1, "protocol": ""}]}),
        ("core.v1.PodSpec", {"containers": [CONTAINER], "restartPolicy": "", "dnsPolicy": ""}),
        ("core.v1.ServiceSpec", {"ports": [{"port": 1, "protocol": ""}], "type": "", "sessionAffinity": ""}),
        ("apps.v1.DeploymentStrategy", {"type": ""}),
        ("core.v1.Secret", {"type": "kubernetes.io/tls", "data": {"tls.crt": ""}, "stringData": {"tls.key": "a"}}),
        ("core.v1.Container", CONTAINER | {"volumeMounts": None, "livenessProbe": None, "securityContext": None}),
        ("core.v1.PodSpec", {"containers": [CONTAINER], "volumes": None, "securityContext": None, "affinity": None}),
        (
            "rbac.v1.RoleBinding",
            {"roleRef": {"kind": "Role", "name": "a"}, "subjects": [{"kind": "ServiceAccount", "name": "b"}]},
        ),
    ],
)
def test_what_the_api_server_accepts(kind, data):
    assert errors(kind, data) == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("core.v1.Container", CONTAINER | {"livenessProbe": {"httpGet": None}}),
        (
            "core.v1.Container",
            CONTAINER | {"volumeMounts": [{"name": "a", "mountPath": "/a", "mountPropagation": "Bidirectional"}]},
        ),
        (
            "core.v1.Container",
            CONTAINER
            | {
                "securityContext": {"privileged": None},
                "volumeMounts": [{"name": "a", "mountPath": "/a", "mountPropagation": "Bidirectional"}],
            },
        ),
        (
            "rbac.v1.ClusterRoleBinding",
            {"roleRef": {"kind": "ClusterRole", "name": "a"}, "subjects": [{"kind": "ServiceAccount", "name": "b"}]},
        ),
    ],
)
def test_what_it_refuses(kind, data):
    assert errors(kind, data) != []


def errors(kind, data):
    """What is wrong with data of a kind, by the schemas that manifests are checked against."""
    known = definitions.known_definitions(definitions.versions()[-1], nullable=True)
    reached = definitions.reached([API + kind], known)
    schema = reached.pop(API + kind)
    return [
        error.message
        for error in Draft7Validator({**schema, "definitions": reached | {API + kind: schema}}).iter_errors(data)
    ]
