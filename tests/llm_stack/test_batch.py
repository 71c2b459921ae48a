"""A batch program: a Job or a CronJob in place of a server, with the model at hand and nothing that serves."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import CHART, ROOT

pytestmark = pytest.mark.slow

EXAMPLE = CHART / "examples/batch-predict.yaml"
CASES = ROOT / "chartgen/fragments/workload/batch/cases"
FLAGS = ROOT / "tests/llm_stack/flags/vllm-0.33.0.txt"
SERVING = {
    "Service",
    "Pod",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "ServiceMonitor",
    "Ingress",
    "Deployment",
}


def kind(index, name):
    return [record.manifest for record in index._records if record.kind == name]


def job(index):
    (found,) = kind(index, "Job")
    return found


def name_of_job(manifests, *changes: str) -> str:
    return job(manifests(EXAMPLE, *changes)).metadata.name


@pytest.fixture(scope="module")
def example(manifests):
    return manifests(EXAMPLE)


@pytest.fixture(scope="module")
def program(manifests):
    return manifests(CASES / "program.yaml")


def test_nothing_in_the_release_serves(example):
    assert SERVING & {record.kind for record in example._records} == set()


def test_the_program_runs_to_its_end_without_probes_or_ports(example):
    for pod in (job(example).spec.template.spec, kind(example, "CronJob")[0].spec.jobTemplate.spec.template.spec):
        (container,) = pod.containers
        assert pod.restartPolicy == "Never"
        assert {"startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "ports"} & set(container) == set()


def test_the_model_is_at_hand_with_its_data(example):
    pod = job(example).spec.template.spec
    assert [step.name for step in pod.initContainers] == ["bring-models"]
    row = example.get("configmap/llm-server-files").data["models.tsv"]
    kit = "ml-registry-xxxx.tencentcloudcr.com/ml-models/bert-sentiment:v1.2.0"
    assert row == f"bert-sentiment\t{kit}\tmodel datasets:validation\n"
    mounts = {mount.name: mount for mount in pod.containers[0].volumeMounts}
    assert (mounts["models"].mountPath, mounts["models"].readOnly) == ("/app/models", True)


def test_results_are_kept_on_a_claim(example):
    claim = example.get("persistentvolumeclaim/llm-server-results")
    assert claim.metadata.annotations["helm.sh/resource-policy"] == "keep"
    assert claim.spec.resources.requests.storage == "20Gi"
    pod = job(example).spec.template.spec
    volumes = {volume.name: volume for volume in pod.volumes}
    assert volumes["results"].persistentVolumeClaim.claimName == "llm-server-results"


def test_vllms_batch_command_reads_the_data_and_writes_a_file_for_each_run(example):
    (cron,) = kind(example, "CronJob")
    assert (cron.spec.schedule, cron.spec.timeZone) == ("0 2 * * *", "Asia/Shanghai")
    (container,) = cron.spec.jobTemplate.spec.template.spec.containers
    assert container.command == ["vllm", "run-batch"]
    assert container.args[:3] == [
        "--input-file=/data/requests.jsonl",
        "--output-file=/results/$(JOB_NAME).jsonl",
        "--model=/models/qwen-7b-chat",
    ]
    (name,) = [entry for entry in container.env if entry.name == "JOB_NAME"]
    assert name.valueFrom.fieldRef.fieldPath == "metadata.labels['batch.kubernetes.io/job-name']"


def batch_flags() -> set[str]:
    """The flags of `vllm run-batch`: those of the engine, and of its own module. Servers have more."""
    sections = re.split(r"(?m)^# ", FLAGS.read_text(encoding="utf-8"))
    wanted = [part.split("\n") for part in sections if part.startswith(("vllm/engine/", "vllm/entrypoints/launchers/"))]
    assert len(wanted) == 2
    return {line for part in wanted for line in part[1:] if line}


@pytest.mark.parametrize("file", [EXAMPLE, CASES / "schedule.yaml"], ids=["example", "schedule"])
def test_every_flag_is_one_of_vllms_batch_command(manifests, file):
    (container,) = kind(manifests(file), "CronJob")[0].spec.jobTemplate.spec.template.spec.containers
    given = {argument.split("=")[0] for argument in container.args}
    assert given
    assert given - batch_flags() == set()


@pytest.mark.parametrize(
    "change",
    [
        "servers.server.batch.backoffLimit=9",
        "servers.server.batch.activeDeadlineSeconds=60",
        "servers.server.batch.queue=team",
        "servers.nightly.batch.schedule=@hourly",
        "servers.other.model.name=llama3",
        "openWebui.enabled=true,openWebui.persistentConfig=true",
    ],
)
def test_a_change_that_the_pod_does_not_see_runs_nothing_again(manifests, example, change):
    assert name_of_job(manifests, change) == job(example).metadata.name


def test_another_version_of_the_chart_runs_nothing_again(manifests, example, tmp_path):
    chart = Path(shutil.copytree(CHART, tmp_path / "chart"))
    file = chart / "Chart.yaml"
    file.write_text(re.sub(r"(?m)^(version|appVersion): .*", r"\1: 9.9.9", file.read_text()))
    found = job(manifests(EXAMPLE, chart=chart))
    assert found.metadata.labels["helm.sh/chart"].endswith("9.9.9")
    assert found.metadata.name == job(example).metadata.name


@pytest.mark.parametrize(
    "change",
    [
        "servers.server.batch.run=again",
        "servers.server.batch.completions=2",
        "servers.server.image.tag=v2",
        "servers.server.model.tag=v2",
        "servers.server.env.SEED=two",
        "servers.server.resources.limits.memory=9Gi",
    ],
)
def test_a_change_of_the_pod_or_of_run_is_another_job(manifests, example, change):
    assert name_of_job(manifests, change) != job(example).metadata.name


def test_a_finished_job_is_not_deleted_since_helm_would_create_it_again(example):
    assert "ttlSecondsAfterFinished" not in job(example).spec


def test_an_eviction_is_no_failure(example):
    (rule,) = job(example).spec.podFailurePolicy.rules
    assert (rule.action, rule.onPodConditions[0].type) == ("Ignore", "DisruptionTarget")


def test_several_pods_know_their_part(program):
    spec = job(program).spec
    assert (spec.completionMode, spec.completions, spec.parallelism, spec.suspend) == ("Indexed", 4, 2, True)
    (container,) = spec.template.spec.containers
    (index,) = [entry for entry in container.env if entry.name == "JOB_COMPLETION_INDEX"]
    assert index.valueFrom.fieldRef.fieldPath == "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    assert container.args == ["--part=$(JOB_COMPLETION_INDEX)", "--out=/out/$(JOB_NAME)"]


def test_kueue_decides_when_a_job_in_its_queue_starts(manifests):
    found = job(manifests(CASES / "program.yaml", "servers.predict.batch.suspend=false"))
    assert found.metadata.labels["kueue.x-k8s.io/queue-name"] == "batch"
    assert "suspend" not in found.spec


def test_a_program_beside_a_server_changes_nothing_about_the_server_and_its_ui(manifests, program):
    alone = manifests(CASES / "program.yaml", "servers.predict.enabled=false")
    for workload in ("deployment/llm-server", "deployment/llm-open-webui", "pod/llm-server-test"):
        assert program.get(workload).to_dict() == alone.get(workload).to_dict()


def test_nothing_connects_to_a_program(program):
    policy = program.get("networkpolicy/llm-predict-network").spec
    assert "ingress" not in policy
    assert policy.egress
    tests = [record.manifest.metadata.name for record in program._records if record.kind == "Pod"]
    assert tests == ["llm-open-webui-test", "llm-server-test"]


def test_an_alert_tells_of_a_failed_program(manifests, program):
    cron = manifests(CASES / "schedule.yaml")
    found = []
    for index, name in ((program, "llm-predict"), (cron, "llm-server")):
        rules = index.get(f"prometheusrule/{name}").to_dict()["spec"]["groups"][0]["rules"]
        assert rules[0]["alert"] == "LLMBatchFailed"
        assert not {"LLMServerNotReady", "LLMServerNoMetrics"} & {rule["alert"] for rule in rules}
        found.append(re.search(r'job_name=~"([^"]+)"', rules[0]["expr"])[1])
    once, scheduled = found
    assert re.fullmatch(once, job(program).metadata.name)
    assert re.fullmatch(scheduled, "llm-server-29312345")
    assert not re.fullmatch(once, "llm-predict-models-0123abcd")


def test_notes_say_how_to_follow_a_program_and_to_run_it_again(helm, example):
    done = subprocess.run(
        [helm, "install", "llm", str(CHART), "-f", str(EXAMPLE), "--dry-run=client"], capture_output=True, text=True
    )
    notes = done.stdout.partition("NOTES:\n")[2]
    assert f"server: job/{job(example).metadata.name}, which runs once (engine custom)" in notes
    assert "results              /results on PersistentVolumeClaim/llm-nightly-results" in notes
    assert "create job --from=cronjob/llm-nightly llm-nightly-$(date +%s)" in notes
    selector = "-l app.kubernetes.io/instance=llm,app.kubernetes.io/component="
    assert all(
        f"see if it failed     kubectl -n default get jobs {selector}{name}\n" in notes
        for name in ("server", "nightly")
    )
    followed = re.findall(r"logs -f -l .*", notes)
    assert followed
    assert all("--max-log-requests=10000" in command for command in followed)
    assert "Model servers." not in notes
    assert "Who can use it" not in notes
