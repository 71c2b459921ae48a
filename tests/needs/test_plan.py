"""`chartgen plan` and the catalogue: one sum, said by the chart and by the plan alike."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner
from conftest import CHART, ROOT

from chartgen import cli
from chartgen.needs import plan
from chartgen.programs import helm, tools

CATALOGUE = ROOT / "chartgen/fragments/sizing/files/models.yaml"
MODELS = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))


def run(*arguments: object):
    result = CliRunner().invoke(cli.main, ["plan", str(CHART), *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def with_sets(sets, *arguments: str):
    return run(*arguments, *(word for each in sets for word in ("--set", each)))


def told(*sets: str) -> dict:
    return json.loads(with_sets(sets, "--json").stdout)["servers"][0]


def test_catalogue_has_a_line_a_model_and_one_default_a_family():
    lines = [line for line in CATALOGUE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(MODELS) >= 34
    for name in {model.partition(":")[0] for model in MODELS}:
        assert len([m for m, row in MODELS.items() if m.startswith(f"{name}:") and row.get("default")]) <= 1


def release(context: int, cards: int) -> dict:
    """All models of the catalogue as servers of one release, so that Helm runs a few times and not two hundred."""
    servers = {
        f"s{n}": {"model": {"name": model.partition(":")[0], "tag": model.partition(":")[2]}}
        for n, model in enumerate(MODELS)
    }
    values = {"model": {"contextLength": context}, "modelCache": {"size": "500Gi"}, "openWebui": {"enabled": False}}
    values["servers"] = servers | {"server": {"enabled": False}}
    return values | ({"gpu": {"vendor": "nvidia", "count": cards}} if cards else {})


@pytest.mark.slow
@pytest.mark.parametrize("context", [256, 2048])
@pytest.mark.parametrize("cards", [0, 1, 4])
def test_plan_and_manifests_agree_for_every_model(tmp_path, context, cards):
    file = tmp_path / "values.json"
    file.write_text(json.dumps(release(context, cards)), encoding="utf-8")
    plans = plan.plan(CHART, [file], [], print)
    (rendered,) = helm.render([helm.Request(CHART, (file,))], tools.ensure(["helm"], print)["helm"].path)
    found = {}
    for document in helm.documents(rendered.text):
        if document.data and document.data["kind"] == "Deployment":
            container = document.data["spec"]["template"]["spec"]["containers"][0]
            kinds = {
                kind: {name: amount for name, amount in amounts.items() if "/" not in name}
                for kind, amounts in container["resources"].items()
            }
            name = document.data["metadata"]["name"].removeprefix("llm-")
            found[name] = (kinds, container["startupProbe"]["timeoutSeconds"])
    planned = {each.need["server"]: (each.need["resources"], each.need["startupTimeoutSeconds"]) for each in plans}
    assert planned == found
    for each in plans:
        (model,) = each.need["models"]
        row = MODELS[model["reference"]]
        kv = row["kvKiBPerToken"] * context // 1024
        assert (model["weightsMiB"], model["kvMiB"]) == (row["weightsMiB"], kv)
        assert each.need["needMiB"] == row["weightsMiB"] * 102 // 100 + kv + each.need["programMiB"] * max(1, cards)


def test_context_and_requests_at_a_time_multiply_the_cache():
    assert told("model.tag=7b", "model.contextLength=4096")["models"][0]["kvMiB"] == 224
    assert told("model.tag=7b", "model.contextLength=8192", "ollama.numParallel=3")["models"][0]["kvMiB"] == 6 * 224


@pytest.mark.parametrize(
    ("name", "reference"), [("llama3", "llama3:8b"), ("qwen3", "qwen3:8b"), ("unheard-of", "unheard-of")]
)
def test_missing_tag_is_the_one_that_the_catalogue_knows(name, reference):
    assert told(f"model.name={name}", "model.tag=")["models"][0]["reference"] == reference


def test_model_with_the_librarys_address_is_the_librarys_model():
    assert told("model.name=registry.ollama.ai/library/deepseek-r1")["models"][0]["weightsMiB"] == 1050


def test_model_that_nobody_described_gets_the_least():
    asked = told("model.name=unheard-of")
    assert (asked["known"], asked["cards"]) == (False, {})
    assert asked["resources"] == {"requests": {"cpu": 1, "memory": "2Gi"}, "limits": {"memory": "120Gi"}}


def test_given_resources_win():
    asked = told("resources.requests.memory=3Gi", "startupTimeoutSeconds=77")
    assert (asked["resources"], asked["startupTimeoutSeconds"]) == ({"requests": {"memory": "3Gi"}}, 77)


def test_floor_is_kept_and_left_by_larger_models():
    floor = ("minimumResources.cpu=2", "minimumResources.memory=8G")
    assert told(*floor)["resources"]["requests"] == {"cpu": 2, "memory": "8G"}
    assert told(*floor, "model.tag=70b")["resources"]["requests"] == {"cpu": 16, "memory": "48Gi"}


def test_cards_hold_what_the_sum_says():
    asked = told("model.tag=70b", "gpu.vendor=nvidia", "gpu.count=2")
    assert asked["cards"]["NVIDIA H100"] == 1
    assert asked["cards"]["NVIDIA A10"] == 4
    assert told("model.tag=671b", "modelCache.size=500Gi")["cards"]["NVIDIA T4"] == 0


@pytest.mark.parametrize("cards", [(), ("gpu.vendor=nvidia", "gpu.count=1")], ids=["on CPUs", "on a GPU"])
def test_prompt_cache_of_every_model_is_in_the_pods_memory_and_on_no_card(cards):
    without = told("model.tag=8b", "ollama.promptCacheMiB=0", *cards)
    plain, two = told("model.tag=8b", "ollama.promptCacheMiB=20480", *cards), ["models.a.name=a", "models.b.name=b"]
    for kind in ("requests", "limits"):
        memory = [int(each["resources"][kind]["memory"].removesuffix("Gi")) for each in (plain, without)]
        assert 20 <= memory[0] - memory[1] <= 28, "in steps of up to 8 GiB"
    assert (plain["needMiB"], plain["cards"]) == (without["needMiB"], without["cards"])
    assert plain["promptCacheMiB"] == 20480
    assert told("ollama.promptCacheMiB=100", *two, *cards)["promptCacheMiB"] == 200


def test_what_does_not_fit_is_said_and_exits_with_1():
    share = ["gpu.vendor=nvidia", "gpu.scheme=hami", "gpu.memory=8Gi"]
    assert with_sets(["model.tag=32b", *share]).exit_code == 1, "a pod would never be ready"
    assert with_sets(["model.tag=32b", "ollama.minGpuPercent=99", *share]).exit_code == 0, "the rest is in memory"
    own = [
        "engine=vllm",
        "model.name=own",
        "model.weightsSize=20Gi",
        "model.delivery=none",
        "modelCache.existingClaim=m",
    ]
    said = with_sets([*own, *share])
    assert said.exit_code == 1
    assert "gpu.memory: 8192Mi with gpu.count 1 is too small for the model" in said.stderr


def test_refusal_is_printed_alone():
    """A sum of values that the chart refuses would say nothing."""
    said = run("--set", "model.tag=671b")
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr.startswith(
        "--set: servers.server: modelCache.size: 100Gi is too small for the models, which take"
    )
    assert len(said.stderr.splitlines()) == 1


def test_values_that_cannot_be_read_are_told(tmp_path):
    said = run("-f", tmp_path / "none.yaml")
    assert (said.exit_code, "no such file" in said.stderr) == (1, True)
    (tmp_path / "values.yaml").write_text("gpu:\n  cuont: 1\n", encoding="utf-8")
    said = run("-f", tmp_path / "values.yaml")
    assert said.stderr == f"{tmp_path / 'values.yaml'}:2: gpu.cuont: no such key; did you mean 'count'?\n"
    said = run("--set", "gpu.cuont=1")
    assert (said.exit_code, "cuont" in said.stderr) == (1, True)


def test_chart_without_the_sum_is_told(tmp_path):
    (tmp_path / "Chart.yaml").write_text("name: x\n", encoding="utf-8")
    result = CliRunner().invoke(cli.main, ["plan", str(tmp_path)])
    assert (result.exit_code, "" in result.stderr) == (1, True)
