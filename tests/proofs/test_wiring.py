"""What leads nowhere, matches nothing or stands twice is told: a good render is changed in one place."""

from __future__ import annotations

import inspect
import random
import re

import pytest
from objects import GOOD, NEEDS, changed, find, odd, steps

from chartgen.proofs import dangling, wiring
from chartgen.proofs.manifests import at, render_of

SERVER = "Deployment/llm-server"
POD = "spec.template.spec"
BOX = f"{POD}.containers.0"

# function -> (object, path that is changed, what stands there then, object and path of the fault where another, part)
FAULTS = {
    "_twice": [
        (
            SERVER,
            f"{POD}.volumes.6",
            {"name": "models", "emptyDir": {}},
            SERVER,
            f"{POD}.volumes.6.name",
            "a volume of",
        ),
        (SERVER, f"{POD}.initContainers.0.name", "server", SERVER, f"{BOX}.name", "a container of this name"),
        (SERVER, f"{BOX}.env.1.name", "API_KEY", "", "", "already has this name"),
        (SERVER, f"{BOX}.volumeMounts.1.mountPath", "/models", "", "", "already has this mountPath"),
        (
            SERVER,
            f"{BOX}.ports.2",
            {"name": "http", "containerPort": 1},
            SERVER,
            f"{BOX}.ports.2.name",
            "has this name",
        ),
        (
            "Service/llm-server",
            "spec.ports.2",
            {"name": "http", "port": 81, "targetPort": "http"},
            "Service/llm-server",
            "spec.ports.2.name",
            "already has this name",
        ),
        (
            "Service/llm-server",
            "spec.ports.2",
            {"name": "more", "port": 80, "targetPort": "http"},
            "Service/llm-server",
            "spec.ports.2.port",
            "already has this port",
        ),
    ],
    "_mounts": [
        (SERVER, f"{BOX}.volumeMounts.0.name", "modles", "", "", "no volume 'modles'"),
        (SERVER, f"{POD}.initContainers.0.volumeMounts.0.name", "modles", "", "", "no volume 'modles'"),
        ("StatefulSet/llm-ui", f"{BOX}.volumeMounts.0.name", "x", "", "", "no volume 'x'"),
    ],
    "_files": [
        (SERVER, f"{BOX}.volumeMounts.1.subPath", "token", "", "", "has no file 'token'"),
        (SERVER, f"{BOX}.volumeMounts.2.subPath", "modus", "", "", "has no file 'modus'"),
        (SERVER, f"{BOX}.args.1", "/settings/modus", "", "", "has no file 'modus'"),
        (SERVER, f"{BOX}.args.1", "--key=/keys/token", "", "", "has no file 'token'"),
        (SERVER, f"{BOX}.args.1", "cat /joined/api /joined/token", "", "", "has no file 'token'"),
        (SERVER, f"{BOX}.command", ["sh", "/settings/mode/x"], "", f"{BOX}.command.1", "has no file 'mode/x'"),
        (
            SERVER,
            f"{BOX}.readinessProbe",
            {"exec": {"command": ["/settings/ready.sh"]}},
            "",
            f"{BOX}.readinessProbe.exec.command.0",
            "has no file 'ready.sh'",
        ),
    ],
    "_claims": [
        (
            SERVER,
            f"{BOX}.resources.claims",
            [{"name": "one"}, {"name": "three"}],
            SERVER,
            f"{BOX}.resources.claims.1.name",
            "no resource claim 'three'",
        ),
    ],
    "_variables": [
        (SERVER, f"{POD}.initContainers.0.command.2", "load $(API_KEY)", "", "", "no variable 'API_KEY'"),
        ("Job/llm-load", f"{BOX}.args", ["$$(ONE) $(KUBERNETES_X) $(TWO)"], "", f"{BOX}.args.0", "no variable 'TWO'"),
        (
            "Job/llm-load",
            f"{BOX}.env",
            [{"name": "ONE", "value": "$(TWO)"}, {"name": "TWO", "value": "$(ONE)"}],
            "",
            f"{BOX}.env.0.value",
            "no variable 'TWO'",
        ),
    ],
    "_probes": [
        (SERVER, f"{BOX}.startupProbe.tcpSocket.port", 1, "", "", "has no port 1"),
        (SERVER, f"{BOX}.readinessProbe.httpGet.port", "web", "", "", "has no port web"),
        (SERVER, f"{BOX}.livenessProbe.grpc.port", 1, "", "", "has no port 1"),
        (SERVER, f"{BOX}.lifecycle.preStop.httpGet.port", "web", "", "", "has no port web"),
    ],
    "_workloads": [
        (SERVER, "spec.selector.matchLabels.tier", "x", SERVER, "spec.selector", "does not select the pods"),
        (
            SERVER,
            "spec.selector.matchExpressions.0.values",
            ["big"],
            SERVER,
            "spec.selector",
            "does not select the pods",
        ),
        (SERVER, "spec.selector.matchExpressions.0.operator", "NotIn", SERVER, "spec.selector", "does not select the"),
        (
            SERVER,
            "spec.selector.matchExpressions.0.operator",
            "DoesNotExist",
            SERVER,
            "spec.selector",
            "does not select",
        ),
        (
            "StatefulSet/llm-ui",
            "spec.selector",
            {"matchExpressions": [{"key": "app.kubernetes.io/component", "operator": "In", "values": ["ui", "load"]}]},
            "",
            "",
            "also selects the pods of Job/llm-load",
        ),
        (
            "StatefulSet/llm-ui",
            "spec.selector",
            {
                "matchExpressions": [
                    {"key": "app.kubernetes.io/component", "operator": "Exists"},
                    {"key": "app.kubernetes.io/component", "operator": "NotIn", "values": ["server", "test", "group"]},
                ]
            },
            "",
            "",
            "also selects the pods of Job/llm-load",
        ),
        (
            SERVER,
            f"{POD}.topologySpreadConstraints.0.labelSelector.matchLabels",
            {"a": "b"},
            SERVER,
            f"{POD}.topologySpreadConstraints.0.labelSelector",
            "does not select its own pod",
        ),
    ],
    "_services": [
        ("Service/llm-server", "spec.ports.0.nodePort", 8080, "", "", "is not one of the node ports"),
        ("Service/llm-ui", "spec.selector", {"a": "b"}, "", "", "selects no pods"),
        (
            "Service/llm-ui",
            "spec.selector.app|kubernetes|io/component",
            "load",
            "Service/llm-ui",
            "spec.selector",
            "selects the pods of Job/llm-load",
        ),
        (
            "Service/llm-ui",
            "spec.selector.app|kubernetes|io/component",
            "test",
            "Service/llm-ui",
            "spec.selector",
            "selects the pods of Pod/llm-test",
        ),
        ("Service/llm-server", "spec.ports.0.targetPort", "web", "", "", "has no port web"),
        ("Service/llm-server", "spec.ports.1.targetPort", 1, "", "", "has no port 1"),
        (
            "Service/llm-ui",
            "spec.ports.0",
            {"name": "x", "port": 8080, "targetPort": 1},
            "Service/llm-ui",
            "spec.ports.0.targetPort",
            "has no port 1",
        ),
    ],
    "_selectors": [
        (
            "PodDisruptionBudget/llm-server",
            "spec.selector.matchLabels",
            {"a": "b"},
            "PodDisruptionBudget/llm-server",
            "spec.selector",
            "selects no pods",
        ),
        (
            "NetworkPolicy/llm-server",
            "spec.podSelector.matchLabels",
            {"a": "b"},
            "NetworkPolicy/llm-server",
            "spec.podSelector",
            "selects no pods",
        ),
        (
            "PodMonitor/llm-server",
            "spec.selector.matchLabels",
            {"a": "b"},
            "PodMonitor/llm-server",
            "spec.selector",
            "selects no pods",
        ),
    ],
    "_monitors": [
        (
            "ServiceMonitor/llm-server",
            "spec.selector.matchLabels",
            {"a": "b"},
            "ServiceMonitor/llm-server",
            "spec.selector",
            "selects no Service",
        ),
        ("ServiceMonitor/llm-server", "spec.endpoints.0.port", "web", "", "", "has no port named web"),
    ],
    "_backends": [
        (
            "Ingress/llm-web",
            "spec.defaultBackend.service.port.number",
            1,
            "Ingress/llm-web",
            "spec.defaultBackend.service.port",
            "Service/llm-ui has no port 1",
        ),
        (
            "Ingress/llm-web",
            "spec.rules.0.http.paths.0.backend.service.port.name",
            "web",
            "Ingress/llm-web",
            "spec.rules.0.http.paths.0.backend.service.port",
            "Service/llm-server has no port web",
        ),
        ("HTTPRoute/llm-web", "spec.rules.0.backendRefs.0.port", 8080, "", "", "Service/llm-server has no port 8080"),
        ("GRPCRoute/llm-grpc", "spec.rules.0.backendRefs.0.port", 80, "", "", "Service/llm-ui has no port 80"),
    ],
    "_routes": [
        (
            "Ingress/llm-web",
            "spec.rules.0.http.paths.1",
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "llm-ui", "port": {"number": 8080}}}},
            "",
            "",
            "already lead somewhere",
        ),
    ],
    "_scaled": [
        (SERVER, "spec.replicas", 1, "", "", "is set at each upgrade"),
        (
            "HorizontalPodAutoscaler/llm-server",
            "spec.metrics",
            [{"type": "Resource", "resource": {"name": "pods", "target": {"averageUtilization": 80}}}],
            "",
            "spec.metrics.0.resource",
            "has no request for pods",
        ),
    ],
    "_budgets": [
        (
            "PodDisruptionBudget/llm-server",
            "spec",
            {"minAvailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/component": "ui"}}},
            "",
            "spec.minAvailable",
            "cannot be drained",
        ),
        (
            "PodDisruptionBudget/llm-server",
            "spec",
            {"maxUnavailable": 0, "selector": {"matchLabels": {"app.kubernetes.io/component": "ui"}}},
            "",
            "spec.maxUnavailable",
            "cannot be drained",
        ),
    ],
    "_urls": [
        (SERVER, f"{BOX}.env.6.value", "http://llm-uy:8080", "", "", "no Service 'llm-uy' exists"),
        (SERVER, f"{BOX}.env.6.value", "http://llm-ui.other.svc:8080", "", "", "no Service 'llm-ui' exists"),
        (SERVER, f"{BOX}.env.6.value", "http://a:b@llm-ui", "", "", "Service/llm-ui has no port 80"),
        (SERVER, f"{BOX}.env.6.value", "https://llm-server.default/", "", "", "Service/llm-server has no port 443"),
        (SERVER, f"{BOX}.env.7.value", "redis://llm-ui.default.svc:1", "", "", "Service/llm-ui has no port 1"),
        (SERVER, f"{BOX}.args.1", "--ui=http://llm-ui:1", "", "", "Service/llm-ui has no port 1"),
        (SERVER, f"{POD}.initContainers.0.command.2", "wait http://x.default.svc", "", "", "no Service 'x' exists"),
    ],
}
CASES = [(name, *case) for name, cases in FAULTS.items() for case in cases]
ROWS = [
    *((kind, row, row.where) for kind, rows in dangling.IN_OBJECT.items() for row in rows),
    *(("Deployment", row, f"{POD}.{row.where}".rstrip(".")) for row in (*dangling.IN_POD, *dangling.OF_CLUSTER)),
    *(("Deployment", row, f"{POD}.containers[].{row.where}") for row in dangling.IN_CONTAINER),
]


def said(made, needs=NEEDS, given=frozenset(), own=False):
    return wiring.check(render_of(made, needs, given, own))


def test_good_render_hangs_together():
    assert said(GOOD) == []


@pytest.mark.parametrize(("name", "title", "path", "value", "other", "at", "message"), CASES)
def test_fault_is_told_by_the_check_that_is_for_it(name, title, path, value, other, at, message):
    made = changed(title, path, value)
    faults = said(made)
    assert [(fault.document, fault.path) for fault in faults] == [(find(made, other or title), steps(at or path))]
    assert message in faults[0].message
    assert faults[0].remedy
    assert list(getattr(wiring, name)(render_of(made, NEEDS))) == faults


def test_every_check_has_a_render_that_it_refuses():
    assert set(re.findall(r"\b_[a-z]+", inspect.getsource(wiring.check))) == FAULTS.keys()


@pytest.mark.parametrize(
    "text",
    [
        "/settings/mode",
        "/settings",
        "/settings/",
        "--mode=/settings/mode,/keys/api",
        "cat /settings/* /joined/$NAME",
        "/models/anything",
        "/other/settings/modus",
        "http://llm-ui.default.svc:8080/settings/modus",
    ],
)
def test_path_that_is_there_or_that_no_volume_of_the_render_decides_is_fine(text):
    assert said(changed(SERVER, f"{BOX}.args.1", text)) == []


def test_object_that_stands_twice_is_told():
    assert [fault.message for fault in said([*GOOD, find(GOOD, "ConfigMap/llm-settings")])] == [
        "an object of this kind and name is already in the render"
    ]


@pytest.mark.parametrize(("kind", "row", "where"), ROWS, ids=lambda value: getattr(value, "name", str(value)))
def test_name_that_leads_nowhere_is_told(kind, row, where):
    """Each row of the tables, at the place in the good render that it is for."""
    owner = next(each for each in GOOD if each.data["kind"] == kind and list(at(each.data, f"{where}.{row.name}")))
    (path, value), *_ = at(owner.data, f"{where}.{row.name}".lstrip("."))
    title = f"{kind}/{owner.data['metadata']['name']}"
    faults = said(changed(title, ".".join(str(step).replace(".", "|") for step in path), "lost"))
    missing = [fault for fault in faults if "'lost'" in fault.message]
    assert [fault.path for fault in missing] == [path], value
    assert "# needs: " in missing[0].remedy


@pytest.mark.parametrize(("kind", "row", "where"), [case for case in ROWS if case[1].keys], ids=str)
def test_key_that_is_not_there_is_told(kind, row, where):
    owner = find(GOOD, SERVER)
    (path, _), *_ = at(owner.data, f"{where}.{row.keys}")
    faults = said(changed(SERVER, ".".join(map(str, path)), "lost"))
    assert [(fault.path, "has no key 'lost'" in fault.message) for fault in faults] == [(path, True)]


def test_name_in_the_header_is_there():
    made = changed("HTTPRoute/llm-web", "spec.parentRefs.0.name", "private")
    assert [fault.message for fault in said(made)] == ["no Gateway 'private' exists"]
    assert said(made, NEEDS | {"Gateway/gateways/private"}) == []
    assert len(said(made, NEEDS | {"Gateway/private/gateways"})) == 1


def test_name_that_the_values_give_is_there():
    made = changed(SERVER, f"{POD}.volumes.0.persistentVolumeClaim.claimName", "mine")
    assert len(said(made)) == 1
    assert said(made, given=frozenset({"mine"})) == []


@pytest.mark.parametrize(("kind", "row", "where"), ROWS, ids=lambda value: getattr(value, "name", str(value)))
def test_object_that_a_users_own_values_name_may_be_in_his_cluster(kind, row, where):
    """One rule for every kind of object: advice where his values name it, an error where the chart alone does."""
    owner = next(each for each in GOOD if each.data["kind"] == kind and list(at(each.data, f"{where}.{row.name}")))
    (path, _), *_ = at(owner.data, f"{where}.{row.name}".lstrip("."))
    title = f"{kind}/{owner.data['metadata']['name']}"
    made = changed(title, ".".join(str(step).replace(".", "|") for step in path), "mine")

    def about_it(given):
        return [fault for fault in said(made, given=frozenset(given), own=True) if "'mine'" in fault.message]

    (named,), (unnamed,) = about_it({"mine"}), about_it({"other", "mine-too"})
    assert (named.advice, unnamed.advice) == (True, False)
    assert "the release has no " in named.message
    need = re.search("'# needs: (.*)' at the top", named.remedy)[1]
    assert [fault for fault in said(made, NEEDS | {need}, own=True) if "'mine'" in fault.message] == []


@pytest.mark.parametrize(
    ("url", "need"),
    [
        ("http://minio.store.svc:9000/bucket", "Service/store/minio"),
        ("redis://:secret@minio:6379", "Service/minio"),
        ("--url=http://minio.default/", "Service/minio"),
    ],
)
def test_service_in_a_url_of_a_users_own_values_may_be_in_his_cluster(url, need):
    made = changed(SERVER, f"{BOX}.env.6.value", url)
    (fault,) = said(made, given=frozenset({url}), own=True)
    assert fault.advice
    assert f"'# needs: {need}'" in fault.remedy
    assert said(made, NEEDS | {need}, own=True) == []
    assert [fault.advice for fault in said(made, given=frozenset({url}))] == [False]  # a case


def test_port_and_key_of_an_object_of_the_release_are_no_advice():
    wrong = changed(SERVER, f"{BOX}.env.6.value", "http://llm-ui:1")
    assert [fault.advice for fault in said(wrong, given=frozenset({"http://llm-ui:1"}), own=True)] == [False]


def test_certificate_that_an_issuer_makes_is_there():
    title = "Ingress/llm-web"
    made = changed(title, "spec.tls.0.secretName", "lost")
    assert len(said(made)) == 1
    for each in made:
        if each.data["kind"] == "Ingress":
            each.data["metadata"]["annotations"] = {"cert-manager.io/cluster-issuer": "letsencrypt"}
    assert said(made) == []


def test_thing_that_is_missing_in_many_places_is_told_once():
    made = [each for each in GOOD if each.data["kind"] != "Secret"]
    assert [fault.message for fault in said(made)] == ["no Secret 'llm-keys' exists"]


def test_service_outside_the_render_can_be_named():
    made = changed(SERVER, f"{BOX}.env.6.value", "http://proxy.tools.svc:3128")
    assert said(made, NEEDS | {"Service/tools/proxy"}) == []


@pytest.mark.parametrize(
    ("title", "path", "value"),
    [
        (SERVER, f"{BOX}.env.6.value", "https://llm-ui"),
        ("HTTPRoute/llm-web", "spec.rules.0.backendRefs.0", {"name": "llm-ui", "port": 80}),
        ("Ingress/llm-web", "spec.defaultBackend", {"service": {"name": "llm-ui", "port": {"number": 80}}}),
    ],
)
def test_service_that_lists_no_ports_is_reached_at_any(title, path, value):
    made = changed(title, path, value)
    find(made, "Service/llm-ui").data["spec"] = {"type": "ExternalName", "externalName": "ui.example.com"}
    assert [fault for fault in said(made) if "port" in fault.message] == []


@pytest.mark.parametrize(
    ("port", "fault"),
    [
        ({"port": "http"}, None),
        ({"port": 11434}, None),
        ({"port": 11000, "endPort": 12000}, None),
        ({"protocol": "TCP"}, None),
        ({"port": "web"}, ("web", False)),
        ({"port": 11435}, ("11435", True)),
        ({"port": 1, "endPort": 1024}, ("1", True)),
    ],
)
def test_port_that_a_policy_opens_and_no_container_has_is_told(port, fault):
    made = changed("NetworkPolicy/llm-server", "spec.ingress", [{"ports": [port]}])
    ports = {"name": "http", "containerPort": 11434}
    find(made, SERVER).data["spec"]["template"]["spec"]["containers"] = [{"name": "a", "image": "a", "ports": [ports]}]
    found = [(each.message, each.advice) for each in said(made) if each.path[:3] == ("spec", "ingress", 0)]
    wanted = [(f"no container of the pods that it selects has the port {fault[0]}", fault[1])] if fault else []
    assert found == wanted


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("llm", ("llm", "default")),
        ("localhost", ("", "")),
        ("llm.default", ("llm", "default")),
        ("example.com", ("", "")),
        ("10.0.0.1", ("", "")),
        ("llm.other.svc", ("llm", "other")),
        ("llm.other.svc.cluster.local", ("llm", "other")),
        ("llm-0.llm.other.svc.cluster.local", ("llm", "other")),
        ("llm.other.svc.cluster.local.", ("llm", "other")),
        ("llm.other.svc.example.com", ("", "")),
        ("api.svc.example.com", ("", "")),
    ],
)
def test_host_means_a_service_within_the_cluster(host, service):
    assert wiring.service_of(host, "default") == service


def test_releases_whose_objects_are_called_alike_are_told():
    one, two = render_of(GOOD, NEEDS), render_of([find(GOOD, "Role/llm-reader")], NEEDS)
    ((release, fault),) = wiring.clashes({"one": one, "two": two})
    assert (release, fault.path) == ("two", ("metadata", "name"))
    assert "the release one has" in fault.message


def test_selector_of_the_pods_of_another_release_is_told():
    made = find(changed("StatefulSet/llm-ui", "metadata.name", "other"), "StatefulSet/other")
    found = wiring.clashes({"one": render_of(GOOD, NEEDS), "two": render_of([made], NEEDS)})
    assert {(release, fault.document.data["kind"]) for release, fault in found} == {
        ("one", "Service"),
        ("one", "StatefulSet"),
        ("two", "StatefulSet"),
    }
    assert all("of the release" in fault.message for _, fault in found)


@pytest.mark.slow
def test_objects_of_any_shape_are_looked_at_without_a_crash():
    """What stands where is kubeconform's business: the checks leave alone what they cannot read."""
    dice = random.Random(1)
    for documents in odd(dice):
        said(documents)


@pytest.mark.parametrize("none", [0, None])
def test_a_node_port_that_is_not_set_is_neither_taken_nor_out_of_range(none):
    """As of objects that were read from a cluster."""
    made = changed("Service/llm-server", "spec.ports.0.nodePort", none)
    find(made, "Service/llm-server").data["spec"]["ports"][1]["nodePort"] = none
    assert [fault.message for fault in wiring.check(render_of(made, NEEDS)) if "node port" in fault.message] == []


def test_names_are_taken_whatever_the_protocol():
    made = changed("Service/llm-server", "spec.ports.1", {"name": "http", "port": 80, "protocol": "UDP"})
    said = [each.message for each in wiring.check(render_of(made, NEEDS))]
    assert "the Service already has this name" in said
    assert "the Service already has this port" not in said
