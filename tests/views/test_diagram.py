"""`chartgen diagram`: every pod that lasts is in the picture, boxes do not overlap, and any name can be drawn."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from configure.browser import PROGRAM, browser
from conftest import CHART

from chartgen.cli import main
from chartgen.programs.helm import documents
from chartgen.proofs.manifests import render_of
from chartgen.views import diagram, graph, mermaid, sides, svg
from docs.makers import examples

EXAMPLES = sorted((CHART / "examples").glob("*.yaml"))


def drawn(file: Path) -> diagram.Diagram:
    return diagram.diagram(str(CHART), sides.Context(CHART, (file,)), lambda text: None)


def of(manifests: str) -> graph.Graph:
    return graph.graph(render_of(documents(manifests), frozenset()))


def titles(found: graph.Graph, role: str) -> list[str]:
    return [node.title for node in found.nodes.values() if node.role == role]


def arrows(found: graph.Graph) -> set[tuple[str, str, bool]]:
    names = {node.id: node.title for node in found.nodes.values()}
    return {(names[edge.start], names[edge.end], edge.files) for edge in found.edges}


@pytest.mark.slow
def test_pictures_of_the_examples_are_up_to_date():
    for path, text in examples.pages().items():
        assert path.read_text() == text, f"{path}: run 'make docs'"


@pytest.mark.slow
def test_an_example_is_drawn_from_the_way_in_to_the_source():
    found = drawn(CHART / "examples/tke-ollama.yaml").graph
    assert {node.role for node in found.nodes.values()} == {*graph.ROLES} - {graph.HELPER}
    assert ("ai.imroc.cc", "llm-open-webui", False) in arrows(found)
    assert ("llm-open-webui", "llm-server", False) in arrows(found)
    assert ("llm-server-models", "llm-server", True) in arrows(found)
    (server,) = [node for node in found.nodes.values() if node.role == "server"]
    assert "1 × nvidia.com/gpu" in server.lines


@pytest.mark.slow
def test_servers_name_their_models_if_their_source_has_others_too(tmp_path):
    (tmp_path / "values.yaml").write_text(
        "servers: {server: {}, second: {model: {name: llama3, tag: 8b}}, third: {model: {name: llama3, tag: 8b}}}\n"
    )
    found = drawn(tmp_path / "values.yaml").graph
    lines = {node.title: node.lines for node in found.nodes.values() if node.role == "server"}
    models = {
        title: [line for line in said if line in ("deepseek-r1:1.5b", "llama3:8b")] for title, said in lines.items()
    }
    assert models == {"llm-server": ["deepseek-r1:1.5b"], "llm-second": ["llama3:8b"], "llm-third": ["llama3:8b"]}
    (tmp_path / "values.yaml").write_text("servers: {server: {}, second: {}}\n")
    found = drawn(tmp_path / "values.yaml").graph
    assert not any("deepseek-r1:1.5b" in node.lines for node in found.nodes.values() if node.role == "server")


WORKLOAD = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME}}
  template: {metadata: {labels: {app: NAME}}, spec: {containers: [{name: a, image: a:1}]}}
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec: {selector: {app: NAME}, ports: [{port: 80}]}
"""


def test_each_host_of_an_ingress_leads_to_its_own_service():
    found = of(
        "".join(WORKLOAD.replace("NAME", name) for name in ("one", "two", "rest"))
        + """
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
spec:
  defaultBackend: {service: {name: rest, port: {number: 80}}}
  tls: [{hosts: ["*.b.example"]}]
  rules:
    - host: a.example
      http:
        paths: [{path: /, backend: {service: {name: one}}}, {path: /x, backend: {service: {name: two}}}]
    - {host: only.example, http: {paths: [{path: /y, pathType: Exact, backend: {service: {name: one}}}]}}
    - {host: two.b.example, http: {paths: [{path: /, backend: {service: {name: two}}}]}}
"""
    )
    assert {each[:2] for each in arrows(found)} == {
        ("http://a.example/", "one"),
        ("http://a.example/x", "two"),
        ("https://two.b.example/", "two"),
        ("http://only.example/y", "one"),
        ("http://*/", "rest"),
    }
    lines = {node.title: node.lines for node in found.nodes.values() if node.role == graph.WAY}
    assert {title for title, said in lines.items() if said == ["this path only"]} == {"http://only.example/y"}


def test_a_way_in_to_a_port_that_nothing_has_leads_nowhere():
    found = of(
        """apiVersion: v1
kind: Service
metadata: {name: a}
spec: {selector: {app: a}, ports: [{name: web, port: 80}, {name: lost, port: 81, targetPort: no-such}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
spec:
  rules:
  - host: host
    http:
      paths:
      - {path: /number, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}
      - {path: /name, pathType: Prefix, backend: {service: {name: a, port: {name: web}}}}
      - {path: /other, pathType: Prefix, backend: {service: {name: a, port: {number: 5555}}}}
      - {path: /lost, pathType: Prefix, backend: {service: {name: a, port: {number: 81}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: a}]}}}
"""
    )
    assert {start for start, end, _ in arrows(found) if end == "a"} == {"http://host/number", "http://host/name"}


@pytest.mark.parametrize(
    ("image", "role"), [("ollama/ollama:1", "server"), ("a/open-webui:1-ollama", "ui"), ("a/b:1", "ui")]
)
def test_an_engine_alone_is_a_server(image, role):
    found = of(
        f"""apiVersion: v1
kind: Service
metadata: {{name: a}}
spec: {{selector: {{app: a}}, ports: [{{port: 80}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: a}}
spec: {{template: {{metadata: {{labels: {{app: a}}}}, spec: {{containers: [{{name: a, image: {image}}}]}}}}}}
"""
    )
    assert [node.role for node in found.nodes.values()] == [role]


def test_an_engine_without_a_service_is_no_loader():
    found = of(
        """apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  template:
    spec:
      containers: [{name: a, image: "ollama/ollama:1"}]
      volumes: [{name: m, persistentVolumeClaim: {claimName: models}}]
"""
    )
    assert arrows(found) == {("models", "a", True)}


def test_each_rule_of_a_route_leads_to_its_own_backends():
    found = of(
        "".join(WORKLOAD.replace("NAME", name) for name in ("one", "two", "three", "rest", "none", "picker"))
        + """
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: a}
spec:
  parentRefs: [{name: web}]
  hostnames: [a.example, b.example]
  rules:
    - matches: [{path: {type: PathPrefix, value: /v1}}, {path: {type: Exact, value: /v1}, method: GET}]
      backendRefs: [{name: one, port: 80}, {name: none, port: 80, weight: 0}]
    - matches: [{path: {value: /v1}, headers: [{name: who, value: me}]}]
      backendRefs: [{name: two, port: 80}]
    - matches: [{path: {type: RegularExpression, value: "/x.*"}}]
      backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: one}]
    - {filters: [{type: RequestRedirect}], matches: [{path: {value: /old}}]}
    - backendRefs: [{name: rest, port: 80}]
---
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: one}
spec:
  selector: {matchLabels: {app: three}}
  targetPorts: [{number: 80}]
  endpointPickerRef: {name: picker}
"""
    )
    ways = {node.id: (node.title, *node.lines) for node in found.nodes.values() if node.role == graph.WAY}
    names = {node.id: node.title for node in found.nodes.values()}
    web = "through the Gateway web"
    assert {(ways[edge.start], names[edge.end]) for edge in found.edges} == {
        ((f"{host}{path}", *conditions, web), end)
        for host in ("a.example", "b.example")
        for path, conditions, end in (
            ("/v1", (), "one"),
            ("/v1", ("this path only", "GET requests"), "one"),
            ("/v1", ("header who = …",), "two"),
            ("", ("paths like /x.*",), "three"),
            ("", ("paths like /x.*",), "picker"),
            ("", (), "rest"),
        )
    }
    assert ElementTree.fromstring(svg.text(found, "release llm")) is not None


def test_many_paths_to_one_place_are_one_box():
    matches = ", ".join(f"{{path: {{value: /{n}}}}}" for n in range(20))
    found = of(
        "".join(WORKLOAD.replace("NAME", name) for name in ("one", "two"))
        + f"""
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: a}}
spec:
  parentRefs: [{{name: web}}]
  hostnames: [a.example]
  rules:
    - {{matches: [{matches}], backendRefs: [{{name: one, port: 80}}]}}
    - {{matches: [{{path: {{value: /two}}}}], backendRefs: [{{name: two, port: 80}}]}}
"""
    )
    assert {each[:2] for each in arrows(found)} == {("a.example", "one"), ("a.example/two", "two")}
    assert "20 paths or conditions" in next(iter(n.lines for n in found.nodes.values() if n.title == "a.example"))


def test_calls_of_a_grpc_route_lead_to_their_own_backends():
    found = of(
        "".join(WORKLOAD.replace("NAME", name) for name in ("one", "two"))
        + """
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: a}
spec:
  parentRefs: [{name: web}, {name: other}]
  rules:
    - {matches: [{method: {service: model.Server, method: Infer}}], backendRefs: [{name: one, port: 80}]}
    - {backendRefs: [{name: two, port: 80}]}
"""
    )
    lines = {node.title: node.lines for node in found.nodes.values() if node.role == graph.WAY and len(node.lines) == 3}
    assert lines == {
        "every host": ["calls of model.Server/Infer", "through the Gateway other", "through the Gateway web"]
    }
    assert len(found.edges) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two-servers", "kubesphere-deepseek", "open-webui-pipelines"])
def test_boxes_do_not_overlap_and_every_box_is_in_the_picture(name):
    found = drawn(CHART / f"examples/{name}.yaml")
    boxes, width, height = svg._placed(svg._columns(found.graph))
    assert set(boxes) == {node.id for node in found.graph.nodes.values()}
    for one, (left, top, wide, tall) in boxes.items():
        assert 0 <= left <= width - wide
        assert 0 <= top <= height - tall
        for two, (other, above, w, h) in boxes.items():
            assert one == two or left + wide <= other or other + w <= left or top + tall <= above or above + h <= top
    ElementTree.fromstring(found.svg())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["batch-predict", "open-webui-pipelines", "distributed-sglang", "two-servers"])
def test_no_arrow_crosses_a_box(name):
    found = drawn(CHART / f"examples/{name}.yaml").graph
    boxes, _, height = svg._placed(svg._columns(found))
    assert not [edge for edge in found.edges if crossed(svg.route(edge, boxes), boxes)]
    assert all(0 < y < height for edge in found.edges for _, y in svg.route(edge, boxes))


def crossed(points: list[svg.Point], boxes: dict[str, svg.Box]) -> list[str]:
    """The boxes that a line of these points crosses in their columns, where it is level."""
    level = [(min(a, c), max(a, c), b) for (a, b), (c, d) in itertools.pairwise(points) if b == d]
    return [
        name
        for name, (left, top, wide, tall) in boxes.items()
        for begin, end, y in level
        if begin <= left and left + wide <= end and top < y < top + tall
    ]


def test_an_arrow_passes_between_the_boxes_of_a_column():
    boxes = {"a": (0.0, 100.0, 50.0, 40.0), "b": (100.0, 90.0, 50.0, 60.0), "c": (200.0, 100.0, 50.0, 40.0)}
    points = svg.route(graph.Edge("a", "c"), boxes)
    assert points[0] == (50.0, 120.0)
    assert points[-1] == (200.0, 120.0)
    assert not crossed(points, boxes)
    assert crossed([(0.0, 120.0), (250.0, 120.0)], boxes) == ["a", "b", "c"]


def test_ports_of_two_services_are_two_boxes():
    one = HOSTILE.partition("---\n")[2].partition("---\n")[2]
    found = of(HOSTILE + "---\n" + one.replace("{name: a}", "{name: b}").replace("{app: a}", "{app: b}"))
    assert titles(found, graph.WAY) == ["port 80", "port 80"]
    assert len({edge.end for edge in found.edges}) == 2


# What is drawn outside of its box, or of the picture.
OUTSIDE = """[...document.querySelectorAll("text")].filter((text) => {
  const a = text.getBBox(), whole = document.documentElement.viewBox.baseVal;
  const b = text.closest("g")?.querySelector("rect,path").getBBox() ?? whole;
  return a.x < b.x || a.y < b.y || a.x + a.width > b.x + b.width || a.y + a.height > b.y + b.height;
}).map((text) => text.textContent)"""


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="no Chromium on PATH")
def test_text_is_inside_of_its_box_in_a_browser(tmp_path):
    found = graph.Graph()
    hebrew, chinese, face = "\u05d0\u05d1\u05d2" * 8, "\u4e2d\u6587" * 30, "\U0001f600" * 20
    for n, line in enumerate(["W" * 40, "MMMM@@@@%%%%", "i" * 80, hebrew, chinese, face]):
        found.add(graph.ROLES[n], line, line.lower(), f"1 × {line}")
    (tmp_path / "a.svg").write_text(svg.text(found, "names"), encoding="utf-8")
    with browser() as page:
        page.open((tmp_path / "a.svg").as_uri())
        assert page.run("document.querySelectorAll('text').length") > 12
        assert page.run(OUTSIDE) == []


HOSTILE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: "a<b>&\\"|`#;"}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      containers: [{name: a, image: 'x/<script>alert(1)</script>"]:v1', resources: {limits: {example.com/card: 1}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "x\\e[2J\\n%%{init}"}
spec:
  selector: {matchLabels: {app: b}}
  template:
    metadata: {labels: {app: b}}
    spec: {containers: [{name: a, image: x, resources: {limits: {example.com/card: 1}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {type: LoadBalancer, selector: {app: a}, ports: [{port: 80}]}
"""


def test_any_name_is_text_in_the_picture():
    found = of(HOSTILE)
    root = ElementTree.fromstring(svg.text(found, 'a <release> & "more"'))
    assert not [each for each in root.iter() if each.tag.endswith("script")]
    said = {"".join(each.itertext()) for each in root.iter() if each.tag.endswith("text")}
    assert 'a<b>&"|`#;' in said
    assert "x\\x1b[2J\\n%%{init}" in said
    text = mermaid.text(found)
    assert "<script" not in text
    assert all(line.count('"') == 2 for line in text.splitlines() if re.match(r"  n\d+\W", line) and ":::" in line)


GROUP = """\
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: group}
spec:
  replicas: 2
  leaderWorkerTemplate:
    size: 3
    leaderTemplate:
      metadata: {labels: {app: a, role: leader}}
      spec: {containers: [{name: a, image: a:1, resources: {limits: {example.com/card: 8}}}]}
    workerTemplate:
      metadata: {labels: {app: a}}
      spec: {containers: [{name: a, image: a:1, resources: {limits: {example.com/card: 8}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {selector: {role: leader}, ports: [{port: 80}]}
"""


def test_a_group_of_pods_is_one_box():
    [node] = of(GROUP).nodes.values()
    assert (node.role, node.lines) == (
        "server",
        ["a:1", "2 groups of 3 pods", "8 × example.com/card in each pod"],
    )


def test_groups_have_a_claim_for_each_pod():
    claims = "[{metadata: {name: models}, spec: {resources: {requests: {storage: 9Gi}}}}]"
    found = of(GROUP.replace("    size: 3\n", f"    size: 3\n    volumeClaimTemplates: {claims}\n"))
    [volume] = [node for node in found.nodes.values() if node.role == "volume"]
    assert (volume.title, volume.lines) == ("models-group-N", ["a claim for each pod", "9Gi"])
    assert ("models-group-N", "group", True) in arrows(found)


def test_what_only_one_side_of_a_url_has_is_not_an_arrow():
    found = of(HOSTILE)
    assert arrows(found) == {("port 80", 'a<b>&"|`#;', False)}
    assert titles(found, "server") == ['a<b>&"|`#;', "x\x1b[2J\n%%{init}"]


@pytest.mark.slow
def test_the_picture_is_written_as_its_name_says_and_another_ending_is_refused(tmp_path):
    run = CliRunner()
    values = str(CHART / "examples/two-servers.yaml")
    for name, start in (("a.svg", "<svg"), ("a.mmd", "flowchart LR")):
        done = run.invoke(main, ["diagram", str(CHART), "-f", values, "-o", str(tmp_path / name)])
        assert (done.exit_code, done.stdout) == (0, f"{tmp_path / name}: 6 boxes, 5 arrows\n")
        assert (tmp_path / name).read_text().startswith(start)
    done = run.invoke(main, ["diagram", str(CHART), "-o", str(tmp_path / "a.png")])
    assert done.exit_code == 1
    assert "a.png: ends with '.png'; use a name that ends with .svg or .mmd" in done.output


UI = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ui}
spec:
  paused: true
  selector: {matchLabels: {app: ui}}
  template:
    metadata: {labels: {app: ui}}
    spec:
      containers:
      - name: a
        image: ui:1
        env:
        - {name: OLLAMA_BASE_URLS, value: "http://user:hidden@ollama.example.com:11434;http://away:80"}
        - {name: OPENAI_API_BASE_URL, value: https://api.example.com/v1}
        - {name: WEBUI_URL, value: https://ui.example.com}
        - {name: BASE_URL, value: http://pipes}
---
apiVersion: v1
kind: Service
metadata: {name: ui}
spec: {selector: {app: ui}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: away}
spec: {type: ExternalName, externalName: one.example.com}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: pipes}
spec:
  selector: {matchLabels: {app: pipes}}
  template:
    metadata: {labels: {app: pipes}}
    spec: {containers: [{name: a, image: pipes:1, env: [{name: PIPELINES_DIR, value: /a}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: pipes}
spec: {selector: {app: pipes}, ports: [{port: 80}]}
"""


def test_servers_elsewhere_are_drawn_and_pipelines_are_no_server():
    found = of(UI)
    assert titles(found, graph.SERVER) == ["ollama.example.com:11434", "away:80", "api.example.com"]
    assert titles(found, graph.UI) == ["ui", "pipes"]
    assert arrows(found) == {("ui", title, False) for title in [*titles(found, graph.SERVER), "pipes"]}
    assert "hidden" not in svg.text(found, "a")


def test_a_paused_deployment_says_so():
    (box,) = [node for node in of(UI).nodes.values() if node.title == "ui"]
    assert box.lines == ["ui:1", "1 pod, rollouts are paused"]


DEVICES = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      resourceClaims: [{name: gpus, resourceClaimTemplateName: gpus}]
      containers: [{name: a, image: a:1, resources: {claims: [{name: gpus}], limits: {cpu: 1}}}]
---
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {selector: {app: a}, ports: [{port: 80}]}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: gpus}
spec:
  spec:
    devices:
      requests:
      - {name: a, exactly: {deviceClassName: gpu.example.com, count: 2}}
      - {name: b, firstAvailable: [{name: x, deviceClassName: gpu.example.com}, {name: y, deviceClassName: other}]}
      - {name: c, exactly: {deviceClassName: nic.example.com, allocationMode: All}}
"""


def test_devices_of_a_claim_template_are_cards():
    (box,) = of(DEVICES).nodes.values()
    assert (box.role, box.lines) == (graph.SERVER, ["a:1", "1 pod", "3 × gpu.example.com"])


@pytest.mark.parametrize(
    ("container", "role"),
    [
        ("{name: a, image: 'registry.example.com/team/inference:1', command: [vllm, serve, org/name]}", "server"),
        (
            "{name: a, image: 'example.com/x:1', command: [sh, -c, 'exec vllm serve org/name --port 80']}",
            "server",
        ),
        ("{name: a, image: 'x:1', command: [python3, -m, vllm.entrypoints.openai.api_server]}", "server"),
        ("{name: a, image: 'x:1', resources: {limits: {nvidia.com/gpu: 1}}}", "server"),
        ("{name: a, image: 'x:1', command: [rclone, sync]}", "loader"),
        ("{name: a, image: 'x:1', command: [hf, download, vllm/model]}", "loader"),
    ],
)
def test_a_program_without_a_service_is_what_it_runs(container, role):
    pod = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
        f"spec: {{template: {{spec: {{containers: [{container}]}}}}}}\n"
    )
    assert [node.role for node in of(pod).nodes.values()] == [role]


def test_only_what_is_for_a_workload_scales_and_watches_it():
    scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: one}\n"
    scaler += "spec: {maxReplicas: 4, scaleTargetRef: {kind: KIND, name: one}}"
    monitor = "apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: one}\n"
    monitor += "spec: {selector: {}, podMetricsEndpoints: [{port: PORT}], namespaceSelector: {matchNames: [PLACE]}}"
    workload = WORKLOAD.replace("NAME", "one").replace("a:1", "a:1, ports: [{name: http, containerPort: 80}]")
    for kind, name, place, said in (
        ("Deployment", "http", "default", True),
        ("StatefulSet", "metrics", "default", False),
        ("StatefulSet", "http", "other", False),
    ):
        objects = [workload, scaler.replace("KIND", kind), monitor.replace("PORT", name).replace("PLACE", place)]
        lines = [line for node in of("\n---\n".join(objects)).nodes.values() for line in node.lines]
        assert ("scaled from 1 to 4 pods" in lines, "watched by Prometheus" in lines) == (said, said)


def test_a_url_with_a_port_that_a_service_does_not_have_leads_to_no_pod():
    one, two = (WORKLOAD.replace("NAME", name) for name in ("one", "two"))
    for port, found in ((80, {("two", "one")}), (81, set())):
        caller = two.replace("image:", f"env: [{{name: X, value: 'http://one:{port}'}}], image:")
        assert {each[:2] for each in arrows(of(f"{one}\n---\n{caller}"))} == found


def program(name: str, image: str, env: str = "[]") -> str:
    box = f"{{name: a, image: '{image}', env: {env}}}"
    return WORKLOAD.replace("NAME", name).replace("{name: a, image: a:1}", box)


@pytest.mark.parametrize(
    ("image", "role"),
    [
        ("docker.io/bitnami/postgresql:17", graph.HELPER),
        ("pgvector/pgvector:pg17", graph.HELPER),
        ("valkey/valkey@sha256:" + "0" * 64, graph.HELPER),
        ("quay.io/minio/minio", graph.HELPER),
        ("apache/tika:3", graph.HELPER),
        ("ghcr.io/chroma-core/chroma:1", graph.HELPER),
        ("example.com/our-own-engine:1", graph.SERVER),
        ("vllm/vllm-openai:v0.1.0", graph.SERVER),
    ],
)
def test_a_database_that_a_ui_calls_is_no_model_server(image, role):
    """An engine that nobody knows is one, because a UI calls it."""
    url = "[{name: ANY, value: 'http://it:80'}]"
    found = of(program("it", image) + program("page", "open-webui:1", url))
    assert {node.title: node.role for node in found.nodes.values() if node.role != graph.WAY} == {
        "it": role,
        "page": graph.UI,
    }
    assert ("page", "it", False) in arrows(found)


@pytest.mark.parametrize("field", ["endpointPickerRef", "extensionRef"])
def test_what_chooses_pods_for_a_gateway_is_no_ui(field):
    pool = (
        "---\napiVersion: inference.networking.k8s.io/v1\nkind: InferencePool\nmetadata: {name: pool}\n"
        f"spec: {{selector: {{matchLabels: {{app: it}}}}, {field}: {{name: picker}}}}\n"
    )
    found = of(program("it", "vllm/vllm-openai:v0.1.0") + program("picker", "epp:1") + pool)
    assert titles(found, graph.HELPER) == ["picker"]
    assert titles(found, graph.UI) == []


def test_a_pod_calls_what_its_settings_name():
    """A gateway has the URLs of its servers in a file of a ConfigMap, and other programs a host without a scheme."""
    settings = (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
        "data: {config.yaml: 'api_base: http://it:80/v1', notes.sh: 'curl http://other'}\n"
    )
    volume = "volumes: [{name: c, configMap: {name: settings}}], containers: ["
    gateway = program("gateway", "litellm:1", "[{name: REDIS_HOST, value: cache}, {name: SOME_NAME, value: other}]")
    others = "".join(program(name, f"{name}:1") for name in ("it", "other")) + program("cache", "redis:7")
    found = of(gateway.replace("containers: [", volume) + others + settings)
    assert arrows(found) == {("gateway", "it", False), ("gateway", "cache", False)}
