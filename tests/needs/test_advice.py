"""Warnings about cards, times and quantizations: what is doubtful is said, what works is not."""

from __future__ import annotations

import pytest

from chartgen.chart.valuesfile import Example
from chartgen.needs.advice import advice, cards_named

NEED = {
    "server": "server",
    "engine": "vllm",
    "nodes": 1,
    "gpu": {"vendor": "nvidia", "count": 1, "memoryMiB": 0},
    "offloadsToMemory": False,
    "engineCards": {"nvidia": {"any": "7.5", "fp8": "8.0"}},
    "dtype": "",
    "quantization": "",
    "serves": ["qwen"],
    "models": [{"weightsMiB": 14525, "quantization": "awq"}],
}


def said(values, **need):
    example = Example("own", "own.yaml", data=values)
    return [f"{each.key}: {each.message}" for each in advice([NEED | need], example)]


@pytest.mark.parametrize(
    ("values", "need", "message"),
    [
        ({"gpu": {"type": "Tesla-V100-SXM2-32GB"}}, {}, "gpu.type: vllm needs compute capability 7.5, and"),
        ({"gpu": {"type": "Tesla-T4"}}, {"quantization": "fp8"}, "gpu.type: fp8 needs compute capability 8.0, and"),
        ({"servers": {"server": {"gpu": {"type": "V100"}}}}, {}, "servers.server.gpu.type: vllm needs"),
        (
            {"gpu": {"type": "NVIDIA-L4"}},
            {"models": [{"weightsMiB": 140000}]},
            "gpu.type: the weights of the model take 137 GiB, and NVIDIA-L4 has 24 GiB",
        ),
        (
            {"gpu": {"type": "NVIDIA-L4"}},
            {"models": [{"weightsMiB": 140000}], "gpu": NEED["gpu"] | {"count": 4}},
            "gpu.type: the weights of the model take 137 GiB, and NVIDIA-L4 has 4 × 24 GiB",
        ),
        ({"startupTimeoutSeconds": 20}, {}, "startupTimeoutSeconds: 20 s are enough to read the 14 GiB"),
        (
            {"vllm": {"quantization": "gptq_marlin"}},
            {},
            "vllm.quantization: is gptq_marlin, but the model is quantized",
        ),
    ],
)
def test_what_is_doubtful_is_said(values, need, message):
    (warning,) = said(values, **need)
    assert warning.startswith(message)


@pytest.mark.parametrize(
    "values",
    [
        {"gpu": {"type": "NVIDIA-A100-SXM4-80GB"}},
        {"gpu": {"type": "V100,A100"}},
        {"gpu": {"type": "NVIDIA-Of-Tomorrow"}},
        {"gpu": {"type": "V100"}, "image": {"tag": "v0.8.0"}},
        {"startupTimeoutSeconds": 600},
        {"vllm": {"quantization": "awq_marlin"}},
        {"vllm": {"quantization": "moe_wna16"}},
        {"servers": {"server": {"startupTimeoutSeconds": 3600}}, "startupTimeoutSeconds": 1},
    ],
)
def test_what_works_is_not(values):
    assert said(values) == []


@pytest.mark.parametrize(
    ("values", "need"),
    [
        ({}, {"gpu": NEED["gpu"] | {"count": 8}}),
        ({}, {"offloadsToMemory": True}),
        ({"vllm": {"quantization": "fp8"}}, {}),
        ({"gpu": {"type": "L4,H200"}}, {}),
    ],
)
def test_weights_that_can_fit_are_not_doubtful(values, need):
    large = {"models": [{"weightsMiB": 140000}]}
    assert said({"gpu": {"type": "NVIDIA-L4"}} | values, **large | need) == []


def test_label_of_nodes_names_the_card_with_its_memory():
    assert list(cards_named("NVIDIA-A100-SXM4-80GB", "nvidia")) == ["NVIDIA A100 80GB"]
    assert set(cards_named("L40S", "nvidia")) == {"NVIDIA L40S"}
    assert cards_named("MI300X", "nvidia") == {}


@pytest.mark.parametrize(
    ("values", "names", "expected"),
    [
        ({}, (["qwen"], ["qwen"]), 1),
        ({}, (["qwen"], ["other"]), 0),
        ({}, ([], []), 0),
        ({"openWebui": {"enabled": False}}, (["qwen"], ["qwen"]), 0),
        ({"openWebui": {"enabled": False}, "nextchat": {"enabled": True}}, (["qwen"], ["qwen"]), 1),
        ({"inferencePool": {"enabled": True}}, (["qwen"], ["qwen"]), 0),
        ({"inferencePool": {"enabled": True, "servers": ["a", "c"]}}, (["qwen"], ["qwen"]), 1),
        ({"inferencePool": {"servers": ["a", "b"]}}, (["qwen"], ["qwen"]), 1),
    ],
)
def test_two_servers_with_one_name_are_said_unless_they_share_a_way_in(values, names, expected):
    needs = [NEED | {"server": server, "serves": own} for server, own in zip("ab", names, strict=True)]
    found = advice(needs, Example("own", "own.yaml", data=values))
    assert len(found) == expected
    assert all(each.key == "servers.b" and "send the requests to one of the two" in each.message for each in found)
