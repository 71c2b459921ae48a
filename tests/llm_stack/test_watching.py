"""Monitors, alerts and dashboards: what they name is exported, and promtool sees an alert fire when it should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import CHART, ROOT

from chartgen.reading import yamlfile

pytestmark = pytest.mark.slow

OBSERVE = ROOT / "chartgen/fragments/observe"
LISTS = {path.stem: path for path in (ROOT / "tests/llm_stack/metrics").glob("*.txt")}
ENGINES = sorted({name.partition("-")[0] for name in LISTS})
VERSIONS = {"26.08-py3": "2.72.0"}
# An engine's metrics have a prefix; the others are those of Prometheus, kube-state-metrics and the kubelet.
NAME = re.compile(r"\b((?:vllm|sglang|llamacpp):[a-z0-9_]+|nv_[a-z0-9_]+)")
BASE = {
    "vllm": {"model": {"name": "team/tiny"}},
    "sglang": {"model": {"name": "team/tiny"}, "gpu": {"vendor": "nvidia"}},
    "llamacpp": {"model": {"name": "team/tiny"}, "llamacpp": {"file": "tiny.gguf"}},
    "triton": {
        "model": {"name": "bert", "path": "bert", "delivery": "none"},
        "modelCache": {"existingClaim": "models"},
    },
}


@pytest.fixture
def watched(rendered):
    def render(engine):
        on = {"enabled": True}
        return rendered(engine=engine, **BASE[engine], monitoring=on, alerts=on, dashboards=on)

    return render


def exported(engine: str, tag: str) -> set[str]:
    versions = [name.partition("-")[2] for name in LISTS if name.startswith(f"{engine}-")]
    found = [version for version in versions if version in VERSIONS.get(tag, tag)]
    assert found, f"write down the metrics of {engine} {tag}: python -m tests.llm_stack.metrics"
    return set(LISTS[f"{engine}-{found[0]}"].read_text(encoding="utf-8").splitlines())


def rules(render, name="llm-server") -> list[dict]:
    return render.get(f"prometheusrule/{name}").to_dict()["spec"]["groups"][0]["rules"]


def dashboard(render, engine: str, release="llm") -> dict:
    (text,) = render.get(f"configmap/{release}-dashboard-{engine}").data.to_dict().values()
    return json.loads(text)


def expressions(render, engine: str) -> list[str]:
    return [target["expr"] for panel in dashboard(render, engine)["panels"] for target in panel["targets"]] + [
        rule["expr"] for rule in rules(render)
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_metric_that_is_named_is_exported_by_every_image_of_the_engine(watched, engine):
    named = {name for text in expressions(watched(engine), engine) for name in NAME.findall(text)}
    assert named
    images = yamlfile.read(CHART / "values.yaml").data["images"]
    tags = [image["tag"] for name, image in images.items() if name.startswith(engine)]
    assert tags
    for tag in tags:
        assert named - exported(engine, tag) == set(), tag


@pytest.mark.parametrize("engine", ["vllm", "sglang", "llamacpp"])
def test_autoscaler_asks_for_what_is_exported_and_one_number(rendered, engine):
    keda = {"enabled": True, "prometheus": {"serverAddress": "http://prometheus:9090"}}
    shared = {"accessModes": ["ReadWriteMany"]}
    render = rendered(engine=engine, **BASE[engine], monitoring={"enabled": True}, keda=keda, modelCache=shared)
    queries = [trigger.metadata.query for trigger in render.get("scaledobject/llm-server").spec.triggers]
    named = {name for query in queries for name in NAME.findall(query)}
    tag = yamlfile.read(CHART / "values.yaml").data["images"][engine]["tag"]
    assert named
    assert named - exported(engine, tag) == set()
    # An aggregation without labels returns one element.
    assert all(re.fullmatch(r"(100 \* )?((sum|avg)\([a-z:_]+\{[^}]*\}\)( \+ )?)+", query) for query in queries)


@pytest.mark.parametrize("engine", ENGINES)
def test_dashboard_has_no_panel_without_data_and_none_over_another(watched, engine):
    board = dashboard(watched(engine), engine)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]}) == len(board["panels"])
    assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])
    variables = {variable["name"] for variable in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\}?", json.dumps(board["panels"])))
    assert used <= variables


def test_dashboards_of_two_releases_do_not_replace_each_other(manifests):
    """Grafana's sidecar writes each into the file of its key, and deletes it with the first ConfigMap that goes."""
    case = OBSERVE / "dashboard/cases/two-engines.yaml"
    kept = set()
    for release in ("llm", "other"):
        render = manifests(case, release=release)
        (file,) = render.get(f"configmap/{release}-dashboard-vllm").data.to_dict()
        board = dashboard(render, "vllm", release)
        assert len(board["uid"]) <= 40
        kept |= {file, board["uid"], board["title"]}
        assert [each["current"]["value"] for each in board["templating"]["list"][1:3]] == [["default"], [release]]
    assert len(kept) == 6


@pytest.mark.parametrize("engine", ENGINES)
def test_alerts_select_by_the_labels_that_the_monitor_sets(watched, engine):
    render = watched(engine)
    endpoint = render.get("servicemonitor/llm-server").spec.endpoints[0]
    labels = {rule.targetLabel: rule.replacement for rule in endpoint.relabelings}
    selector = ",".join(f'{name}="{value}"' for name, value in sorted((labels | {"namespace": "default"}).items()))
    own = [rule["expr"] for rule in rules(render) if NAME.search(rule["expr"]) or "up{" in rule["expr"]]
    assert own
    assert all(f"{{{selector}}}" in text for text in own)


def test_metrics_behind_a_key_are_read_with_it(manifests):
    monitor = manifests(OBSERVE / "monitor/cases/claim-for-each-pod.yaml").get("podmonitor/llm-server")
    assert monitor.spec.podMetricsEndpoints[0].authorization.credentials.to_dict() == {"name": "keys", "key": "api-key"}


def test_only_the_first_pod_of_a_group_is_read(manifests):
    render = manifests(OBSERVE / "monitor/cases/group.yaml")
    labels = render.get("podmonitor/llm-large").spec.selector.matchLabels.to_dict()
    template = render.get("leaderworkerset/llm-large-group").spec.leaderWorkerTemplate
    assert labels.items() <= template.leaderTemplate.metadata.labels.to_dict().items()
    assert not labels.items() <= template.workerTemplate.metadata.labels.to_dict().items()


CLAIM = 'namespace="default",persistentvolumeclaim="models-llm-server-group-0-1"'
GPU = 'llm_release="llm",llm_server="server",namespace="default"'
POD = 'namespace="default",pod="llm-server-group-0"'
# Alert -> series that make it fire, and series that do not; each over two hours, a value a minute.
FIRES = {
    "LLMServerNotReady": {
        'kube_statefulset_replicas{namespace="default",statefulset="llm-server-group"}': ("2x120", "2x120"),
        'kube_statefulset_status_replicas_ready{namespace="default",statefulset="llm-server-group"}': (
            "1x120",
            "2x120",
        ),
    },
    "LLMServerNoMetrics": {f"up{{{GPU}}}": ("0x120", "1x120")},
    "LLMRequestsWaiting": {f"sglang:num_queue_reqs{{{GPU}}}": ("11x120", "10x120")},
    "LLMCacheNearlyFull": {f"sglang:token_usage{{{GPU}}}": ("0.96x120", "0.95x120")},
    "LLMLoaderFailing": {
        f"kube_pod_init_container_status_restarts_total{{{POD}}}": ("0+0.1x120", "0x120"),
    },
    "LLMVolumeNearlyFull": {
        f"kubelet_volume_stats_available_bytes{{{CLAIM}}}": (
            "9x120",
            "11x120",
        ),
        f"kubelet_volume_stats_capacity_bytes{{{CLAIM}}}": (
            "100x120",
            "100x120",
        ),
    },
    "LLMGroupReplaced": {f"kube_pod_created{{{POD}}}": ("0+1x120", "5x60 3605x60")},  # an upgrade is no failure
}


def test_every_alert_of_a_group_has_a_test(manifests):
    assert {rule["alert"] for rule in rules(manifests(OBSERVE / "alerts/cases/group.yaml"))} == FIRES.keys()


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if not found:
        pytest.skip("promtool is not on PATH; it is part of Prometheus")
    return found


@pytest.mark.parametrize("case", ["vllm", "group", "ollama"])
def test_promtool_accepts_the_rules(manifests, promtool, tmp_path, case):
    file = tmp_path / "rules.yaml"
    spec = manifests(OBSERVE / f"alerts/cases/{case}.yaml").get("prometheusrule/llm-server").to_dict()["spec"]
    file.write_text(yaml.safe_dump(spec))
    done = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("fires", [True, False], ids=["fires", "silent"])
@pytest.mark.parametrize("alert", FIRES)
def test_alert_fires_when_it_should(manifests, promtool, tmp_path: Path, alert, fires):
    series = {name: values if fires else quiet for name, (values, quiet) in FIRES[alert].items()}
    asserted(manifests(OBSERVE / "alerts/cases/group.yaml"), alert, series, fires, promtool, tmp_path)


@pytest.mark.parametrize(("pods", "fires"), [(1, True), (0, False)])
def test_a_server_without_a_pod_lacks_no_metrics(manifests, promtool, tmp_path: Path, pods, fires):
    series = {'kube_deployment_spec_replicas{namespace="default",deployment="llm-server"}': f"{pods}x120"}
    asserted(manifests(OBSERVE / "alerts/cases/to-zero.yaml"), "LLMServerNoMetrics", series, fires, promtool, tmp_path)


FAILED = {
    'kube_job_created{namespace="default",job_name="llm-server-100"}': "1000x120",
    'kube_job_created{namespace="default",job_name="llm-server-200"}': "2000x120",
    'kube_job_failed{namespace="default",job_name="llm-server-100",condition="true",reason="A"}': "1x120",
    'kube_job_failed{namespace="default",job_name="llm-server-100",condition="true",reason="B"}': "0x120",
}
LATER = 'kube_job_status_completion_time{namespace="default",job_name="llm-server-200"}'
EARLIER = 'kube_job_status_completion_time{namespace="default",job_name="llm-server-050"}'
OTHER = 'kube_job_status_completion_time{namespace="default",job_name="llm-server-models-0123abcd"}'


@pytest.mark.parametrize(
    ("series", "fires"),
    [
        (FAILED, True),
        (FAILED | {EARLIER: "900x120"}, True),
        (FAILED | {OTHER: "3000x120"}, True),
        (FAILED | {LATER: "2100x120"}, False),
        ({LATER: "2100x120"}, False),
    ],
    ids=["alone", "after a success", "beside another Job", "before a success", "no failure"],
)
def test_failed_program_is_no_alert_after_a_later_run(manifests, promtool, tmp_path: Path, series, fires):
    """A failed Job stays, and so does its metric."""
    render = manifests(ROOT / "chartgen/fragments/workload/batch/cases/schedule.yaml")
    asserted(render, "LLMBatchFailed", series, fires, promtool, tmp_path)


DELIVERIES = {
    "init": {},
    "sidecar": {},
    "job": {"modelCache": {"accessModes": ["ReadWriteMany"]}},
    "cronjob": {"modelCache": {"accessModes": ["ReadWriteMany"]}},
    "daemonset": {"modelCache": {"type": "hostPath", "hostPath": "/models"}},
}
PODS = {"Deployment": "-6f7c9d8b54-", "DaemonSet": "-", "Job": "-", "CronJob": "-29000000-"}


def downloading(render) -> list[tuple[str, str]]:
    """The metric of the restarts of each container that downloads, and the name of a pod of it."""
    found = []
    for record in render._records:
        if record.kind not in PODS:
            continue
        spec = record.manifest.to_dict()["spec"]
        pod = spec.get("jobTemplate", {}).get("spec", spec)["template"]["spec"]
        name = f"{record.manifest.metadata.name}{PODS[record.kind]}"[:58] + "x7k2p"
        for key, metric in (("initContainers", "kube_pod_init_container"), ("containers", "kube_pod_container")):
            for container in pod.get(key, []):
                if container["name"] in ("bring-models", "keep-models"):
                    labels = f'namespace="default",pod="{name}",container="{container["name"]}"'
                    found.append((f"{metric}_status_restarts_total{{{labels}}}", name))
    return found


@pytest.mark.parametrize("release", ["llm", "r" * 44])
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_every_container_that_downloads_is_watched(rendered, promtool, tmp_path: Path, delivery, release):
    """In whatever pods it runs, and whatever Kubernetes makes of their names."""
    model = {"name": "team/tiny", "source": "huggingface", "delivery": delivery}
    on = {"enabled": True}
    given = DELIVERIES[delivery] | {"engine": "vllm", "model": model, "monitoring": on, "alerts": on}
    render = rendered(fullnameOverride=release, **given)
    (name,) = [record.name for record in render._records if record.kind == "PrometheusRule"]
    series = downloading(render)
    assert series
    for n, (metric, pod) in enumerate(series):
        place = tmp_path / str(n)
        place.mkdir()
        asserted(render, "LLMLoaderFailing", {metric: "0+0.1x120"}, True, promtool, place, name)
        place = tmp_path / f"{n}-quiet"
        place.mkdir()
        once = {metric.replace(pod, pod[:-1] + last): "0x100 1x20" for last in "abcd"}  # nodes that restart
        asserted(render, "LLMLoaderFailing", once, False, promtool, place, name)


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_a_download_that_failed_is_an_alert_until_one_succeeds(rendered, promtool, tmp_path: Path, kind):
    model = {"name": "team/tiny", "source": "huggingface", "delivery": "cronjob"}
    on = {"enabled": True}
    given = DELIVERIES["cronjob"] | {"engine": "vllm", "model": model, "monitoring": on, "alerts": on}
    render = rendered(**given)
    (name,) = [record.manifest.metadata.name for record in render._records if record.kind == kind]
    job = f'namespace="default",job_name="{name}{"-100" if kind == "CronJob" else ""}"'
    failed = {f"kube_job_created{{{job}}}": "1000x120", f'kube_job_failed{{{job},condition="true"}}': "1x120"}
    later = {'kube_job_status_completion_time{namespace="default",job_name="llm-server-loader-200"}': "2000x120"}
    for place, series, fires in (("failed", failed, True), ("later", failed | later, False)):
        (tmp_path / place).mkdir()
        asserted(render, "LLMLoaderFailing", series, fires, promtool, tmp_path / place)


@pytest.mark.parametrize("length", [1, 20, 35, 40, 44, 53])
@pytest.mark.parametrize("case", ["vllm", "ollama"])
def test_pods_of_long_names_are_those_of_their_server(manifests, case, length):
    """Kubernetes cuts the beginning of a generated name to 58 characters, and appends five."""
    release = "r" * length
    render = manifests(OBSERVE / f"alerts/cases/{case}.yaml", release=release)
    text = yaml.safe_dump([record.manifest.to_dict() for record in render._records if record.kind == "PrometheusRule"])
    patterns = set(re.findall(r'pod=~"([^"]+)"', text.replace("\\\n", "").replace('\\"', '"')))
    assert patterns
    for record in render._records:
        if record.kind == "Deployment" and "server" in record.manifest.metadata.name:
            for suffix in ("6f7c9d8b5", "6f7c9d8b54"):
                pod = f"{record.manifest.metadata.name}-{suffix}-"[:58] + "x7k2p"
                assert any(re.fullmatch(pattern, pod) for pattern in patterns), (pod, patterns)


def asserted(
    render, alert: str, given: dict[str, str], fires: bool, promtool: str, tmp_path: Path, name="llm-server"
) -> None:
    """promtool says whether the alert fires, given series and their values."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(render.get(f"prometheusrule/{name}").to_dict()["spec"]))
    (rule,) = [each for each in rules(render, name) if each["alert"] == alert]
    series = [
        {"series": name, "values": values if re.match(r"\S+\+", values) else values.replace("x", "+0x", 1)}
        for name, values in given.items()
    ]
    seen = [{"exp_labels": rule["labels"] | extra(alert), "exp_annotations": rule["annotations"]}] if fires else []
    test = {
        "rule_files": ["rules.yaml"],
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "alert_rule_test": [{"eval_time": "110m", "alertname": alert, "exp_alerts": seen}],
            }
        ],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test))
    done = subprocess.run(
        [promtool, "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def extra(alert: str) -> dict[str, str]:
    """Labels of the series that the alert keeps."""
    if alert == "LLMServerNotReady":
        return {"statefulset": "llm-server-group"}
    if alert == "LLMVolumeNearlyFull":
        return {"persistentvolumeclaim": "models-llm-server-group-0-1"}
    return {}
