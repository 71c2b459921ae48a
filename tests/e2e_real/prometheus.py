"""A real Prometheus beside an engine: it scrapes as the chart's monitor says, and computes what the chart asks.

The Prometheus operator would make its configuration. Here the address, the path and the labels are those of the monitor
that the chart renders, and `namespace` is added, as the operator does.
"""

from __future__ import annotations

import json
import math
import shlex
import shutil
from collections.abc import Callable
from typing import Any

import yaml

from tests import proved
from tests.e2e.cluster import Object, get, request

from .asking import NAME as CLIENT
from .asking import POD, RESOURCES, RESTRICTED, SERVICE, chatted
from .images import reference
from .scene import Scene, expect, helm, inside, ready, until

NAME, PORT = "prometheus", 9090
IMAGE = {"repository": "docker.io/prom/prometheus", "tag": "v2.42.0"}
ON = ("monitoring.enabled=true", "alerts.enabled=true", "dashboards.enabled=true")
EVERY = "2s"
VARIABLES = {"$namespace": ".+", "$release": ".+", "$server": ".+", "$__rate_interval": "1m"}  # of Grafana
Step = Callable[[Scene], str]


def scraped(group: str, model: str) -> Step:
    """The server is scraped, every query of the dashboard has a number, every alert is computed and does not fire."""

    def step(scene: Scene) -> str:
        if scene.stand_ins and not shutil.which(NAME):
            return "not tried: this machine has no prometheus on PATH"
        objects = _rendered(scene, group)
        rules = objects["PrometheusRule"]["spec"]
        _start(scene, group, _config(scene, group, objects["ServiceMonitor"]), rules)
        until(scene, group, "the server is scraped", lambda: _numbers(scene, group, "up == 1"))
        wanted = _asked(objects["ConfigMap"])

        def empty() -> list[str]:
            chatted(scene, group, model)
            return [query for query in wanted if not _numbers(scene, group, query)]

        until(scene, group, "there is a number for every query of the dashboard", lambda: not empty())
        states = until(scene, group, "every alert was computed", lambda: _states(scene, group, len(rules["groups"])))
        bad = [f"{name}: {state}" for name, state in states.items() if state != "ok, inactive"]
        expect(not bad, *bad)
        scene.others[group] = proved.rendered(scene.chart, tuple(scene.given[group][-1:]), scene.helm.path, *ON)
        return f"{len(wanted)} queries of the dashboard have numbers, {len(states)} alerts are computed, none fires"

    return step


def _rendered(scene: Scene, group: str) -> dict[str, Object]:
    """What the chart renders for Prometheus and Grafana, by kind."""
    values = f"--values={scene.given[group][-1]}"
    text = helm(scene, group, "template", str(scene.chart), values, *(f"--set={each}" for each in ON))
    found = [item for item in yaml.safe_load_all(text) if item]
    kept = [item for item in found if item["kind"] != "ConfigMap" or "-dashboard-" in item["metadata"]["name"]]
    return {item["kind"]: item for item in kept}


def _config(scene: Scene, group: str, monitor: Object) -> dict[str, Any]:
    (endpoint,) = monitor["spec"]["endpoints"]
    service = get(scene.cluster, f"/api/v1/namespaces/{scene.namespace(group)}/services/{SERVICE}")
    wanted = monitor["spec"]["selector"]["matchLabels"]
    expect(wanted.items() <= service["metadata"]["labels"].items(), f"the monitor selects {wanted}, not the Service")
    port = next(each["port"] for each in service["spec"]["ports"] if each["name"] == endpoint["port"])
    labels = {each["targetLabel"]: each["replacement"] for each in endpoint["relabelings"]}
    target = {"targets": [f"{SERVICE}:{port}"], "labels": labels | {"namespace": scene.namespace(group)}}
    return {
        "global": {"scrape_interval": EVERY, "evaluation_interval": EVERY},
        "rule_files": ["/etc/prometheus/rules.yml"],
        "scrape_configs": [{"job_name": SERVICE, "metrics_path": endpoint["path"], "static_configs": [target]}],
    }


def _start(scene: Scene, group: str, config: dict[str, Any], rules: dict[str, Any]) -> None:
    files = {"prometheus.yml": yaml.safe_dump(config), "rules.yml": yaml.safe_dump(rules)}
    metadata = {"name": NAME}
    where = f"/api/v1/namespaces/{scene.namespace(group)}"
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files}
    request(scene.cluster, "POST", f"{where}/configmaps", item)
    container = {
        "name": NAME,
        "image": reference(IMAGE),
        "command": [NAME, "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/tmp/data"],
        "resources": RESOURCES,
        "securityContext": RESTRICTED,
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": PORT}, "periodSeconds": 1},
        "volumeMounts": [{"name": "files", "mountPath": "/etc/prometheus"}, {"name": "tmp", "mountPath": "/tmp"}],
    }
    spec = {
        "containers": [container],
        "nodeSelector": {"kubernetes.io/hostname": scene.hostname},
        "terminationGracePeriodSeconds": 1,
        "volumes": [{"name": "files", "configMap": metadata}, {"name": "tmp", "emptyDir": {}}],
    }
    request(
        scene.cluster, "POST", f"{where}/pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    )
    until(scene, group, "Prometheus is ready", lambda: ready(get(scene.cluster, f"{where}/pods/{NAME}")))


def _asked(board: Object) -> list[str]:
    """The queries of a dashboard, its variables being everything."""
    (text,) = board["data"].values()
    found = [target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]]
    for variable, value in VARIABLES.items():
        found = [query.replace(variable, value) for query in found]
    return found


def _numbers(scene: Scene, group: str, query: str) -> list[float]:
    """What a query gives; nothing where Prometheus has no number, or does not know one."""
    said = _said(scene, group, f"query --data-urlencode {shlex.quote(f'query={query}')}")
    expect(said["status"] == "success", f"{query}: {said.get('error')}")
    numbers = [float(each["value"][1]) for each in said["data"]["result"]]
    return [number for number in numbers if not math.isnan(number)]


def _states(scene: Scene, group: str, count: int) -> dict[str, str]:
    """Alert -> whether it could be computed, and whether it fires; nothing until all were."""
    groups = _said(scene, group, "rules")["data"]["groups"]
    rules = [rule for each in groups for rule in each["rules"]]
    if len(groups) != count or any(rule["health"] == "unknown" for rule in rules):
        return {}
    return {rule["name"]: f"{rule.get('lastError') or rule['health']}, {rule['state']}" for rule in rules}


def _said(scene: Scene, group: str, path: str) -> dict[str, Any]:
    address = get(scene.cluster, f"/api/v1/namespaces/{scene.namespace(group)}/pods/{NAME}")["status"]["podIP"]
    host = f"[{address}]" if ":" in address else address
    _, said = inside(scene, group, POD, CLIENT, f"curl -sS -G --max-time 10 http://{host}:{PORT}/api/v1/{path}")
    return json.loads(said)
