"""What is tried with vLLM on CPUs, and a model of random weights with a LoRA adapter."""

from __future__ import annotations

from typing import Any

from . import engine_steps as engine
from .asking import chatted
from .engine_steps import MODEL, Step, served
from .prometheus import scraped
from .scene import Scene, expect

GROUP = "vllm"
CONTEXT = 4096
TOKENS = 3900
ADAPTER = "tiny-adapter"
ENV = {"VLLM_CPU_KVCACHE_SPACE": "1"}  # GiB


def values(scene: Scene) -> dict[str, Any]:
    return served(
        scene,
        "vllm",
        CONTEXT,
        env=ENV,
        # It finishes running requests when it stops.
        preStopSleepSeconds=1,
        terminationGracePeriodSeconds=120,
        vllm={"lora": {"adapters": {ADAPTER: {"path": "adapter"}}, "maxLoraRank": 8}},
    )


def fewer(scene: Scene) -> dict[str, Any]:
    given = values(scene)
    return given | {"vllm": given["vllm"] | {"maxNumSeqs": 8}, "preStopSleepSeconds": 5}


def install(scene: Scene) -> str:
    saw = engine.install(GROUP, values)(scene)
    engine.version(scene, GROUP, "vllm", "/version")
    return saw


def adapter(scene: Scene) -> str:
    """The adapter is served under its own name, and says something else than the model."""
    own, other = chatted(scene, GROUP, MODEL), chatted(scene, GROUP, ADAPTER)
    expect(other, f"{ADAPTER} does not answer")
    expect(own != other, f"{ADAPTER} says what {MODEL} says: {own!r}")
    return f"{MODEL} says {own!r}, {ADAPTER} {other!r}"


VLLM_GROUPS: dict[str, tuple[tuple[str, Step], ...]] = {
    GROUP: (
        ("install", install),
        ("helm test", engine.test(GROUP)),
        ("metrics", engine.metrics(GROUP)),
        ("a real Prometheus", scraped(GROUP, MODEL)),
        ("a LoRA adapter", adapter),
        ("upgrade, same values", engine.same_values(GROUP, values)),
        ("pod deleted in a stream", engine.stopped(GROUP, TOKENS, after=1)),
        ("a flag that it does not have", engine.wrong_flag(GROUP, values, r"error: .*--no-such-flag.*")),
        ("upgrade, fewer sequences", engine.other_values(GROUP, fewer)),
    ),
}
