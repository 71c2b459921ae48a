"""`chartgen plan` and the catalogue: one sum, said by the chart and by the plan alike."""

from __future__ import annotations

import itertools
import json
import math

import pytest
import yaml
from click.testing import CliRunner
from conftest import CHART, ROOT

from chartgen import cli
from chartgen.needs import modelconfig, plan
from chartgen.problem import Faults
from chartgen.programs import helm, tools
from docs.makers import catalogue

CATALOGUE = ROOT / "chartgen/fragments/sizing/files/models.yaml"
MODELS = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
OLLAMA = [model for model in MODELS if ":" in model]


def run(*arguments: object):
    result = CliRunner().invoke(cli.main, ["plan", str(CHART), *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def with_sets(sets, *arguments: str):
    return run(*arguments, *(word for each in sets for word in ("--set", each)))


def told(*sets: str) -> dict:
    return json.loads(with_sets(sets, "--json").stdout)["servers"][0]


def test_a_variant_can_be_of_one_model_only():
    """Templates take the first line that ends with a name, in lowercase and without `meta-`."""
    names = [name.rpartition("/")[2].lower().removeprefix("meta-") for name in MODELS]
    assert [name for name in names if names.count(name) > 1] == []


def test_catalogue_has_a_line_a_model_and_one_default_a_family():
    lines = [line for line in CATALOGUE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(MODELS)
    assert len([model for model in MODELS if "/" in model]) >= 120
    for name in {model.partition(":")[0] for model in OLLAMA}:
        assert len([m for m, row in MODELS.items() if m.startswith(f"{name}:") and row.get("default")]) <= 1


def release(context: int, cards: int) -> dict:
    """All models of the catalogue as servers of one release, so that Helm runs a few times and not two hundred."""
    servers = {
        f"s{n}": {"model": {"name": model.partition(":")[0], "tag": model.partition(":")[2]}}
        for n, model in enumerate(OLLAMA)
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
        kept = min(context, row.get("window", 0)) * row.get("windowKiBPerToken", 0)
        kv = int((row["kvKiBPerToken"] * context + kept) // 1024)
        assert (model["weightsMiB"], model["kvMiB"]) == (row["weightsMiB"], kv)
        assert each.need["needMiB"] == row["weightsMiB"] * 102 // 100 + kv + each.need["programMiB"] * max(1, cards)


@pytest.mark.slow
def test_context_and_requests_at_a_time_multiply_the_cache():
    assert told("model.tag=7b", "model.contextLength=4096")["models"][0]["kvMiB"] == 224
    assert told("model.tag=7b", "model.contextLength=8192", "ollama.numParallel=3")["models"][0]["kvMiB"] == 6 * 224


def test_requests_that_the_sum_holds_at_the_same_time_are_said():
    sets = ["ollama.numParallel=4"]
    assert "of each of 4 requests at the same time" in with_sets(sets).stdout
    assert "at the same time" not in run().stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "reference"), [("llama3", "llama3:8b"), ("qwen3", "qwen3:8b"), ("unheard-of", "unheard-of")]
)
def test_missing_tag_is_the_one_that_the_catalogue_knows(name, reference):
    assert told(f"model.name={name}", "model.tag=")["models"][0]["reference"] == reference


@pytest.mark.slow
def test_a_model_without_a_default_is_the_latest_if_it_has_no_tag():
    """Embedding models, above all: people write nomic-embed-text alone, which is nomic-embed-text:latest to ollama."""
    families = [model.removesuffix(":latest") for model in OLLAMA if model.endswith(":latest")]
    alone = [name for name in families if not any(m.startswith(f"{name}:") for m in OLLAMA if m != f"{name}:latest")]
    assert "nomic-embed-text" in alone
    made = with_sets([f"models.m{n}.name={name}" for n, name in enumerate(alone)], "--json")
    found = {m["reference"]: m["weightsMiB"] for m in json.loads(made.stdout)["servers"][0]["models"]}
    assert found == {name: MODELS[f"{name}:latest"]["weightsMiB"] for name in alone}


def test_model_with_the_librarys_address_is_the_librarys_model():
    assert told("model.name=registry.ollama.ai/library/deepseek-r1")["models"][0]["weightsMiB"] == 1050


def test_model_that_nobody_described_gets_the_least():
    asked = told("model.name=unheard-of")
    assert (asked["known"], asked["cards"]) == (False, {})
    assert asked["resources"] == {"requests": {"cpu": 1, "memory": "2Gi"}, "limits": {"memory": "120Gi"}}


@pytest.mark.slow
def test_given_resources_win():
    asked = told("resources.requests.memory=3Gi", "startupTimeoutSeconds=77")
    assert (asked["resources"], asked["startupTimeoutSeconds"]) == ({"requests": {"memory": "3Gi"}}, 77)


@pytest.mark.slow
def test_floor_is_kept_and_left_by_larger_models():
    floor = ("minimumResources.cpu=2", "minimumResources.memory=8G")
    assert told(*floor)["resources"]["requests"] == {"cpu": 2, "memory": "8G"}
    assert told(*floor, "model.tag=70b")["resources"]["requests"] == {"cpu": 16, "memory": "48Gi"}


@pytest.mark.slow
def test_cards_hold_what_the_sum_says():
    asked = told("model.tag=70b", "gpu.vendor=nvidia", "gpu.count=2")
    assert asked["cards"]["NVIDIA H100"] == 1
    assert asked["cards"]["NVIDIA A10"] == 4
    assert told("model.tag=671b", "modelCache.size=500Gi")["cards"]["NVIDIA T4"] == 0


@pytest.mark.slow
def test_a_partition_is_planned_on_the_cards_that_have_it():
    model = ("engine=vllm", "model.name=Qwen/Qwen3-8B", "gpu.vendor=nvidia", "gpu.scheme=mig")
    asked = told(*model, "gpu.partition=3g.40gb")
    assert asked["cards"] == {"3g.40gb of NVIDIA A100 80GB": 1, "3g.40gb of NVIDIA H100": 1}
    assert asked["unfit"]["NVIDIA A30"] == "no partition 3g.40gb"
    assert "NVIDIA RTX 4090" not in asked["unfit"], "it has no partitions at all"
    whole = told(*model[:3])["choices"]
    assert asked["choices"][0]["freeMiB"] < next(each for each in whole if each["memoryGiB"] == 40)["freeMiB"]
    media = told(*model, "gpu.partition=3g.40gb+me")
    assert media["cards"] == asked["cards"]
    assert told("engine=vllm", "model.name=Qwen/Qwen3-8B", "gpu.resources.nvidia\\.com/mig-3g\\.40gb=1")["gpu"] == {
        "vendor": "other",
        "count": 1,
        "memoryMiB": 40960,
        "partition": "3g.40gb",
    }
    small = told("engine=vllm", "model.name=Qwen/Qwen3-4B", *model[2:], "gpu.partition=1g.12gb")
    assert small["cards"]["1g.12gb of NVIDIA H20"] == 0


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_refusal_is_printed_alone():
    """A sum of values that the chart refuses would say nothing."""
    said = run("--set", "model.tag=671b")
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr.startswith("--set: modelCache.size: 100Gi is too small for the models, which take")
    assert len(said.stderr.splitlines()) == 1


@pytest.mark.slow
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


def vllm(model: str, *sets: str) -> dict:
    return told("engine=vllm", "gpu.vendor=nvidia", f"model.name={model}", "modelCache.size=3Ti", *sets)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "gigabytes", "quantization"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", 15.23, ""),
        ("Qwen/Qwen2.5-7B", 15.23, ""),
        ("unsloth/Meta-Llama-3.1-8B-Instruct", 16.06, ""),
        ("Qwen/Qwen2.5-7B-Instruct-AWQ", 5.57, "awq"),
        ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", 5.57, "gptq"),
        ("RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", 72.7, "fp8"),
        ("openai/gpt-oss-20b", 13.76, "mxfp4"),
    ],
)
def test_models_of_the_hub_and_their_variants_have_the_size_of_their_files(model, gigabytes, quantization):
    """The sizes are those that the models' pages list."""
    found = vllm(model)
    assert found["models"][0]["weightsMiB"] * 2**20 / 1e9 == pytest.approx(gigabytes, rel=0.02)
    assert found["quantization"] == quantization


def test_variant_of_a_model_that_is_not_in_the_catalogue_is_not_known():
    assert not vllm("team/own-model-AWQ")["known"]


@pytest.mark.slow
def test_quantized_tags_of_ollama_and_gguf_files_of_the_hub_are_variants():
    tagged = told("model.name=llama3.1", "model.tag=8b-instruct-q8_0")["models"][0]
    assert tagged["weightsMiB"] * 2**20 / 1e9 == pytest.approx(8.54, rel=0.02)
    file = told("model.name=hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF", "model.tag=Q6_K")["models"][0]
    assert file["weightsMiB"] * 2**20 / 1e9 == pytest.approx(2.64, rel=0.02)


def llamacpp(model: str, file: str) -> dict:
    return told("engine=llamacpp", f"model.name={model}", f"llamacpp.file={file}", "modelCache.size=3Ti")["models"][0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "file", "gigabytes"),
    [
        ("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "Meta-Llama-3.1-8B-Instruct-Q8_0.gguf", 8.54),
        ("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "Meta-Llama-3.1-8B-Instruct-IQ2_M.gguf", 2.95),
        ("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "Meta-Llama-3.1-8B-Instruct-Q4_K_L.gguf", 5.31),
        ("Qwen/Qwen2.5-7B-Instruct-GGUF", "qwen2.5-7b-instruct-fp16-00001-of-00004.gguf", 15.24),
        ("Qwen/Qwen2.5-7B-Instruct", "gguf/qwen2.5-7b-instruct-q4_k_m.gguf", 4.68),
        ("ggml-org/gpt-oss-20b-GGUF", "gpt-oss-20b-mxfp4.gguf", 13.8),
    ],
)
def test_size_of_a_gguf_file_is_that_of_its_own_quantization(model, file, gigabytes):
    """The sizes are those that the models' pages list."""
    assert llamacpp(model, file)["weightsMiB"] * 2**20 / 1e9 == pytest.approx(gigabytes, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["vllm", "sglang", "custom"])
def test_model_that_is_not_downloaded_is_in_the_catalogue_by_its_name_on_the_hub(engine):
    there = ["model.delivery=none", "modelCache.existingClaim=models", "gpu.vendor=nvidia", "image.tag=v1"]
    there += [f"engine={engine}", "image.repository=team/server"]
    assert told(*there, "model.name=Qwen/Qwen3-8B")["models"][0]["weightsMiB"] == MODELS["Qwen/Qwen3-8B"]["weightsMiB"]
    for name in ("qwen3", "mistral", "llama3.1"):
        assert not told(*there, f"model.name={name}")["known"], "these would be ollama's quantized files"
        assert not told(*there, f"model.name={name}", "model.tag=8b")["known"]


@pytest.mark.slow
def test_size_of_a_gguf_file_whose_name_says_no_quantization_is_not_known():
    found = llamacpp("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "model.gguf")
    assert found["weightsMiB"] == 0
    assert found["kvMiB"] == 128 * 8192 // 1024


@pytest.mark.slow
def test_copies_of_vllm_share_the_experts_and_nothing_else():
    moe = [
        "engine=vllm",
        "gpu.vendor=nvidia",
        "gpu.count=8",
        "model.name=deepseek-ai/DeepSeek-R1",
        "modelCache.size=1Ti",
    ]
    once, eight = told(*moe), told(*moe, "vllm.dataParallelSize=8")
    experts = once["models"][0]["expertsMiB"]
    assert experts * 2**20 / 1e9 == pytest.approx(665.2, rel=0.01)  # 58 layers and one more, 256 experts, 8 bits
    more = eight["needMiB"] - once["needMiB"]
    assert more == pytest.approx(1.02 * 7 * (once["models"][0]["weightsMiB"] - experts), abs=2)
    copies = told("engine=sglang", *moe[1:], "sglang.dataParallelSize=8")
    assert copies["needMiB"] - once["needMiB"] == pytest.approx(1.02 * 7 * once["models"][0]["weightsMiB"], abs=2)
    dense = ["engine=vllm", "gpu.vendor=nvidia", "gpu.count=2", "model.name=Qwen/Qwen3-8B"]
    more = told(*dense, "vllm.dataParallelSize=2")["needMiB"] - told(*dense)["needMiB"]
    assert more == pytest.approx(1.02 * told(*dense)["models"][0]["weightsMiB"], abs=2)


@pytest.mark.slow
def test_copies_have_cards_of_their_own_on_one_node():
    moe = [
        "engine=vllm",
        "gpu.vendor=nvidia",
        "gpu.count=8",
        "model.name=deepseek-ai/DeepSeek-R1",
        "modelCache.size=1Ti",
    ]
    counts = {each["count"] for each in told(*moe, "vllm.dataParallelSize=8")["choices"]}
    assert counts == {8, 16}
    assert not told(*moe, "vllm.dataParallelSize=8")["acrossNodes"]


def test_experts_of_the_catalogue_are_part_of_their_models():
    rows = {name: row for name, row in MODELS.items() if "expertsM" in row}
    assert len(rows) > 30
    for row in rows.values():
        assert 0.8 < row["expertsM"] / (row["parametersM"] - row.get("wideM", 0)) <= 1


def test_quantized_variants_keep_what_no_method_quantizes():
    texts = {"BAAI", "intfloat", "nomic-ai"}  # embedding models, which nobody quantizes
    rows = {name: row for name, row in MODELS.items() if "/" in name and "parametersM" in row}
    assert [name for name, row in rows.items() if "wideM" not in row and name.split("/")[0] not in texts] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "tag", "gigabytes"),
    [
        ("gemma3", "12b-it-qat", 8.9),
        ("gemma3", "4b-it-qat", 4.0),
        ("mixtral", "8x7b-instruct-v0.1-q4_K_M", 28.5),
        ("qwen3-coder", "30b-a3b-q8_0", 32.4),
        ("deepseek-r1", "7b-qwen-distill-q4_K_M", 4.65),
        ("deepseek-r1", "latest", 5.23),
        ("qwen3.6", "latest", 24),
        ("hf.co/bartowski/google_gemma-3-12b-it-GGUF", "Q4_K_M", 7.4),
        ("hf.co/unsloth/Qwen3-8B-GGUF", "UD-Q4_K_XL", 5.14),
    ],
)
def test_what_ollamas_tags_say_beyond_the_size(name, tag, gigabytes):
    model = told(f"model.name={name}", f"model.tag={tag}")["models"][0]
    assert model["weightsMiB"] * 2**20 / 1e9 == pytest.approx(gigabytes, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("Qwen/Qwen3-VL-8B-Thinking", True),
        ("Qwen/Qwen3-4B-Instruct-2507-FP8", True),
        ("moonshotai/Kimi-K2-Thinking", False),
        ("mistralai/Ministral-3-8B-Base-2512", False),
    ],
)
def test_model_that_reasons_is_as_large_as_its_instruct_unless_that_is_quantized(model, known):
    assert vllm(model)["known"] is known


@pytest.mark.slow
def test_cards_of_which_a_machine_has_one_are_several_nodes():
    several = told("engine=vllm", "model.name=meta-llama/Llama-3.3-70B-Instruct", "modelCache.size=200Gi")
    gb10 = next(each for each in several["choices"] if each["card"] == "NVIDIA GB10")
    assert (gb10["count"], gb10["perNode"]) == (2, 1)
    alone = told("engine=ollama", "model.name=deepseek-r1", "model.tag=671b", "modelCache.size=500Gi")
    assert alone["cards"]["NVIDIA GB10"] == 0
    said = with_sets(["engine=vllm", "model.name=meta-llama/Llama-3.3-70B-Instruct", "modelCache.size=200Gi"]).stdout
    assert "  set nodes.count 2 and gpu.count 1 for 2 × NVIDIA GH200 96GB, NVIDIA GB10" in said.splitlines()


@pytest.mark.slow
def test_cards_whose_number_does_not_divide_the_heads_are_named():
    found = vllm(
        "tiiuae/Falcon3-10B-Instruct", "model.contextLength=32768", "model.weightsSize=130Gi", "modelCache.size=500Gi"
    )
    assert found["unfit"]["NVIDIA RTX 4090"] == "8 of them do not divide the model's heads"


@pytest.mark.slow
def test_sizes_may_have_decimals():
    model = told("model.name=own", "model.weightsSize=2.5Gi", "model.kvCachePerToken=30.5Ki")["models"][0]
    assert (model["weightsMiB"], model["kvMiB"]) == (2560, 244)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "args", "keeps"),
    [("vllm", [], 1024), ("vllm", ["--disable-hybrid-kv-cache-manager"], 32768), ("sglang", [], 32768)],
)
def test_layers_with_a_window_keep_its_tokens_where_the_engine_frees_the_others(engine, args, keeps):
    sets = [f"extraArgs={{{','.join(args)}}}"] if args else []
    found = told(f"engine={engine}", "model.name=google/gemma-3-27b-it", "model.contextLength=32768", *sets)
    assert found["models"][0]["kvMiB"] == (80 * 32768 + 416 * keeps) // 1024
    assert (
        told("model.name=gemma3", "model.tag=1b", "model.contextLength=256")["models"][0]["kvMiB"] == 26 * 256 // 1024
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sets", "mebibytes"),
    [
        (["engine=vllm"], 1024),
        (["engine=vllm", "vllm.dtype=float"], 2048),
        (["engine=vllm", "vllm.kvCacheDtype=fp8"], 512),
        (["engine=vllm", "vllm.kvCacheDtype=fp8", "extraArgs={--kv-cache-dtype,bfloat16}"], 1024),
        (["engine=vllm", "vllm.kvCacheDtype=fp8_ds_mla"], 592),
        (["engine=sglang", "extraArgs={--kv-cache-dtype=fp8_e4m3}"], 512),
        (["engine=sglang", "extraArgs={--kv_cache_dtype,fp4_e2m1,--disable-radix-cache}"], 288),
        (["engine=llamacpp", "extraArgs={--cache-type-k,q8_0,-ctv,q4_0}"], 416),
        (["engine=llamacpp", "extraArgs={--cache-type-k,q8_0}"], 784),
        (["engine=llamacpp", "env.LLAMA_ARG_CACHE_TYPE_K=q8_0", "env.LLAMA_ARG_CACHE_TYPE_V=q8_0"], 544),
        (["ollama.flashAttention=true", "ollama.kvCacheType=q8_0"], 544),
        (["engine=vllm", "nodes.count=2", "nodes.workload=RayService", "vllm.kvCacheDtype=fp8"], 512),
    ],
)
def test_a_quantized_cache_is_counted_as_the_engine_keeps_it(sets, mebibytes):
    name = "own" if sets[0].startswith("ollama") else "team/own"
    sizes = [f"model.name={name}", "model.weightsSize=1Gi", "model.kvCachePerToken=128Ki", "model.contextLength=8192"]
    sets = [*sets, "llamacpp.file=own.gguf"] if "engine=llamacpp" in sets else sets
    claim = ["modelCache.accessModes={ReadWriteMany}", "gpu.vendor=nvidia", "gpu.count=2"]
    assert told(*sizes, *(claim if "nodes.count=2" in sets else []), *sets)["models"][0]["kvMiB"] == mebibytes


@pytest.mark.parametrize(("tied", "million"), [({}, 2614), ({"tie_word_embeddings": False}, 3204)])
def test_gemma_has_one_table_for_words_unless_its_configuration_says_otherwise(tied, million):
    config = {"model_type": "gemma2", "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26}
    config |= {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 256000}
    assert modelconfig.row(config | {"torch_dtype": "bfloat16"} | tied).parametersM == million


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "with_it", "without"),
    [
        ("llamacpp", {"NVIDIA V100 32GB", "AMD MI210"}, {"AMD MI355X"}),
        ("triton", {"NVIDIA T4"}, {"NVIDIA V100 32GB", "AMD MI210"}),
    ],
)
def test_cards_are_those_for_which_the_image_is_built(engine, with_it, without):
    model = ("model.source=s3", "model.name=models/m", "llamacpp.file=m.gguf", "model.weightsSize=4Gi")
    cards = set(told(f"engine={engine}", *model)["cards"])
    assert with_it <= cards
    assert not without & cards


@pytest.mark.slow
def test_cards_are_those_on_which_the_engine_runs_with_this_type():
    whole = vllm("Qwen/Qwen2.5-7B-Instruct")
    assert whole["unfit"]["NVIDIA V100 32GB"] == "vllm needs compute capability 7.5"
    assert {card.split()[0] for card in whole["cards"]} == {"NVIDIA"}
    assert whole["cards"]["NVIDIA T4"] == 2, "with dtype auto, vLLM computes in float16 there"
    asked = vllm("Qwen/Qwen2.5-7B-Instruct", "vllm.dtype=bfloat16")
    assert asked["unfit"]["NVIDIA T4"] == "bfloat16 needs compute capability 8.0"
    assert vllm("google/gemma-3-4b-it")["unfit"]["NVIDIA T4"] == "bfloat16 needs compute capability 8.0"
    amd = told("engine=vllm", "gpu.vendor=amd", "model.name=Qwen/Qwen2.5-7B-Instruct-Int8")
    assert amd["cards"] == {}
    assert set(amd["unfit"].values()) >= {"vllm has no int8 there"}
    assert told("engine=vllm", "gpu.vendor=amd", "model.name=Qwen/Qwen2.5-7B-Instruct-AWQ")["cards"]


def test_conversations_are_what_the_cards_have_left():
    """(24 GiB x 0.92 - 2355 MiB - 1.02 x 14525 MiB) / (56 KiB x 8192), each for one conversation."""
    found = vllm("Qwen/Qwen2.5-7B-Instruct")
    (choice,) = [each for each in found["choices"] if each["card"] == "NVIDIA L4"]
    free = 24 * 1024 * 92 // 100 - 2355 - 14525 * 102 // 100
    assert (choice["count"], choice["conversations"]) == (1, free * 1024 // 56 // 8192)
    assert choice["freeMiB"] == free


@pytest.mark.slow
def test_cards_divide_the_heads_of_the_model_and_copy_the_rest_of_the_cache():
    few = vllm("tiiuae/Falcon3-7B-Instruct", "model.contextLength=32768")
    assert {each["count"] for each in few["choices"]} <= {1, 2, 4}, "8 does not divide 12 heads"
    copied = next(each for each in vllm("deepseek-ai/DeepSeek-V3")["choices"] if each["count"] == 8)
    assert copied["tokens"] < copied["freeMiB"] * 1024 / 68.62 / 7, "each card has all of the latent cache"


@pytest.mark.slow
def test_plan_for_people_has_a_table_of_cards():
    said = with_sets(["engine=vllm", "gpu.vendor=nvidia", "model.name=Qwen/Qwen2.5-7B-Instruct"]).stdout
    (head,) = [line for line in said.splitlines() if "left for KV cache" in line]
    assert head.split("  ")[-1].strip() == "conversations of 8192 tokens"
    row = ["1", "×", "NVIDIA", "L4", "24", "GiB", "5.3", "GiB", "12"]
    assert row in [line.split() for line in said.splitlines()]
    assert "not NVIDIA V100 16GB, NVIDIA V100 32GB: vllm needs compute capability 7.5" in said


# The configuration of Llama 3.1 8B, which is in the catalogue.
LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}


@pytest.mark.slow
def test_configuration_of_a_model_is_planned_as_the_catalogues_row(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own/config.json").write_text(json.dumps(LLAMA), encoding="utf-8")
    found = json.loads(run("--config", tmp_path / "own/config.json", "--json").stdout)["servers"][0]
    listed = told("engine=vllm", "model.name=meta-llama/Llama-3.1-8B-Instruct")
    assert (found["needMiB"], found["cards"], found["unfit"]) == (listed["needMiB"], listed["cards"], listed["unfit"])
    assert found["models"][0]["reference"] == "config/own"
    shown = run("--config", tmp_path / "own").stdout.splitlines()[-1]
    assert shown == "values of this model: model.weightsSize=15317Mi, model.kvCachePerToken=128Ki"


GEMMA = LLAMA | {"model_type": "gemma3_text", "head_dim": 128, "sliding_window": 1024}
VISION = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "in_channels": 3, "out_hidden_size": 4096}
VISION |= {"patch_size": 16, "temporal_patch_size": 2, "spatial_merge_size": 2, "num_position_embeddings": 2304}
VISION |= {"deepstack_visual_indexes": [8, 16, 24]}
QWEN3VL = {"hidden_size": 4096, "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8}
QWEN3VL |= {"head_dim": 128, "intermediate_size": 12288, "vocab_size": 151936}
GROUP = {"config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int", "group_size": 32}}}}


@pytest.mark.parametrize(
    ("config", "whole", "windowed", "window"),
    [
        (GEMMA, 5 * 2, 27 * 2, 1024),
        ({**GEMMA, "layer_types": ["sliding_attention", "full_attention"] * 16}, 16 * 2, 16 * 2, 1024),
        (
            {**GEMMA, "layer_types": ["sliding_attention"] * 28 + ["full_attention"] * 4, "num_kv_shared_layers": 4},
            0,
            56,
            1024,
        ),
        ({**GEMMA, "model_type": "llama"}, 32 * 4, 0, 0),
        ({**GEMMA, "global_head_dim": 512, "num_global_key_value_heads": 1}, 5 * 2, 27 * 2, 1024),
        (
            {**LLAMA, "compress_ratios": [0, 4, 128], "head_dim": 512, "index_head_dim": 128, "sliding_window": 128},
            0.32,
            3,
            128,
        ),
        (
            {
                **LLAMA,
                "block_configs": [{"attention": {"n_heads_in_group": 8}}, {"attention": {"n_heads_in_group": None}}],
            },
            2,
            0,
            0,
        ),
    ],
)
def test_cache_of_layers_of_several_kinds(config, whole, windowed, window):
    config = {**config, "num_key_value_heads": 4} if config.get("model_type") == "gemma3_text" else config
    row = modelconfig.row(config)
    assert (row.kvKiBPerToken, row.windowKiBPerToken, row.window) == (whole, windowed, window)


def test_heads_of_the_cache_are_those_of_the_layer_with_the_fewest():
    """Where the layers were searched, num_key_value_heads is null."""
    blocks = [{"attention": {"n_heads_in_group": group}} for group in (4, None, 8)]
    row = modelconfig.row({**LLAMA, "num_key_value_heads": None, "block_configs": blocks})
    assert row.kvHeads == row.heads // 8


@pytest.mark.parametrize(
    ("quantization", "method", "mebibytes"),
    [
        ({"quant_method": "compressed-tensors", **GROUP}, "int4", 5748),
        ({"quant_method": "compressed-tensors", "config_groups": {}}, "compressed-tensors", 0),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4", 5748),
        ({"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}, "mixed_precision", 0),
        ({"quant_algo": "FP8"}, "fp8", 8660),
        ({"quant_method": "own"}, "own", 0),
    ],
)
def test_size_is_counted_if_the_bits_of_all_layers_are_known(tmp_path, quantization, method, mebibytes):
    row = modelconfig.row(LLAMA | {"quantization_config": quantization})
    assert (row.quantization, row.weightsMiB) == (method, mebibytes)


def test_size_of_a_vision_model_has_its_encoder():
    """Qwen3-VL-8B has 8.77 billion parameters."""
    row = modelconfig.row({"model_type": "qwen3_vl", "text_config": QWEN3VL, "vision_config": VISION})
    assert row.parametersM == 8767


def test_quantization_in_a_file_of_its_own_is_read(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA | {"time_step_limit": [0, math.inf]}), encoding="utf-8")
    (tmp_path / "hf_quant_config.json").write_text('{"quantization": {"quant_algo": "NVFP4"}}', encoding="utf-8")
    assert modelconfig.read(tmp_path).quantization == "nvfp4"


def test_configuration_that_describes_no_model_is_refused_with_its_file(tmp_path):
    file = tmp_path / "config.json"
    file.write_text("{}", encoding="utf-8")
    said = run("--config", file)
    assert said.exit_code == 1
    assert said.stderr.startswith(f"{file}: has no usable value for 'num_hidden_layers'; ")
    file.write_text(json.dumps(LLAMA | {"model_type": "mamba"}), encoding="utf-8")
    assert "describes a model whose size cannot be counted" in run("--config", file).stderr
    (tmp_path / "model.safetensors.index.json").write_text('{"metadata": {"total_size": 2097152000}}', encoding="utf-8")
    found = json.loads(run("--config", file, "--json").stdout)["servers"][0]
    assert found["models"][0]["weightsMiB"] == 2000


ODD = ("3", '"x"', "null", "[]", "{}", "true", "[3]", '{"a": 3}', "-1", "0", "1e400", "NaN", "9" * 400, "9" * 5000)
NUMBERS = dict.fromkeys(sorted(modelconfig.COUNTED_WITH), 2)
BLOCKS = {"quantization_config": {"quant_method": "gptq", **NUMBERS}, "layer_types": ["attention"], "dtype": "float16"}
WHOLE = {**NUMBERS, **LLAMA, **BLOCKS, "hybrid_override_pattern": "*", "tie_word_embeddings": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        WHOLE,
        {"model_type": "llama", "text_config": WHOLE},
        {"model_type": "qwen3_vl", "text_config": QWEN3VL, "vision_config": VISION},
        {**LLAMA, "quantization_config": {"quant_method": "compressed-tensors", **GROUP, "ignore": ["self_attn"]}},
        {**LLAMA, "compress_ratios": [4], "index_head_dim": 2, "sliding_window": 2},
        {**LLAMA, "block_configs": [{"attention": {"n_heads_in_group": 8}}]},
    ],
    ids=["flat", "nested", "vision", "groups", "ratios", "blocks"],
)
def test_whatever_stands_in_a_configuration_there_is_a_row_or_a_sentence(tmp_path, config):
    file, said = tmp_path / "config.json", set()
    for path, odd in itertools.product(places(config), ODD):
        file.write_text(json.dumps(put(config, path, "ODD")).replace('"ODD"', odd), encoding="utf-8")
        try:
            row = modelconfig.read(file)
        except Faults as faults:
            said |= {str(problem) for problem in faults.problems}
        else:
            assert all(0 <= number < 10**80 for number in vars(row).values() if not isinstance(number, str))
    assert not [sentence for sentence in said if "unsupported operand" in sentence or "object" in sentence]
    assert {f"{file}: has a number that is too large; name the config.json of a model"} <= said
    assert all(sentence.startswith(f"{file}: ") for sentence in said)


def places(data, path=()):
    """Every path in data, the root too."""
    yield path
    for key, inner in data.items() if isinstance(data, dict) else ():
        yield from places(inner, (*path, key))


def put(data, path, value):
    return {**data, path[0]: put(data[path[0]], path[1:], value)} if path else value


@pytest.mark.parametrize("text", ["[" * 100_000, "[1, 2", "", '{"metadata": {"total_size": 1e400}}', "[]", "{"])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors.index.json", "hf_quant_config.json"])
def test_a_configuration_that_is_no_json_is_a_sentence(tmp_path, name, text):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA), encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    said = run("--config", tmp_path / "config.json")
    assert (said.exit_code, said.stderr.startswith(f"{tmp_path / name}: "), said.stderr.count("\n")) == (1, True, 1)


MIXTURE = {
    "model_type": "qwen3_moe", "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32, "head_dim": 128,
    "num_key_value_heads": 4, "num_experts": 128, "moe_intermediate_size": 768, "intermediate_size": 6144,
    "vocab_size": 151936, "tie_word_embeddings": False, "torch_dtype": "bfloat16", "max_position_embeddings": 40960,
}  # fmt: skip


def test_script_counts_the_experts_as_the_catalogue_does(tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps(MIXTURE), encoding="utf-8")
    assert catalogue.main([f"Qwen/Qwen3-30B-A3B={tmp_path / 'config.json'}"]) == 0
    (name, row) = next(iter(yaml.safe_load(capsys.readouterr().out).items()))
    assert row | {"source": "aiconfigurator"} == MODELS[name]


def test_script_makes_the_row_that_the_catalogue_has(tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA), encoding="utf-8")
    assert catalogue.main([f"meta-llama/Llama-3.1-8B-Instruct={tmp_path / 'config.json'}"]) == 0
    (name, row) = next(iter(yaml.safe_load(capsys.readouterr().out).items()))
    assert row | {"source": "aiconfigurator"} == MODELS[name]
