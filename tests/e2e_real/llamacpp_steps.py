"""What is tried with llama.cpp's own server, and a model of half a megabyte."""

from __future__ import annotations

from typing import Any

from . import engine_steps as engine
from .engine_steps import MODEL, Step, served
from .prometheus import scraped
from .scene import Scene

GROUP = "llamacpp"
CONTEXT = 16384  # of the model too
TOKENS = 8000


def values(scene: Scene) -> dict[str, Any]:
    return served(
        scene,
        "llamacpp",
        CONTEXT,
        llamacpp={"file": "tiny.gguf"},
        # So that a stream of so small a model lasts; several threads would mostly wait for each other.
        resources={"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"cpu": "400m"}},
        extraArgs=["--threads", "1"],
        # It aborts running requests when it stops.
        preStopSleepSeconds=60,
    )


def two_slots(scene: Scene) -> dict[str, Any]:
    return values(scene) | {"llamacpp": {"file": "tiny.gguf", "parallel": 2}, "preStopSleepSeconds": 5}


LLAMACPP_GROUPS: dict[str, tuple[tuple[str, Step], ...]] = {
    GROUP: (
        ("install", engine.install(GROUP, values)),
        ("helm test", engine.test(GROUP)),
        ("metrics", engine.metrics(GROUP)),
        ("a real Prometheus", scraped(GROUP, MODEL)),
        ("upgrade, same values", engine.same_values(GROUP, values)),
        ("pod deleted in a stream", engine.stopped(GROUP, TOKENS)),
        ("SIGTERM in a stream", engine.aborted(GROUP, TOKENS)),
        ("upgrade, two slots", engine.other_values(GROUP, two_slots)),
        ("a flag that it does not have", engine.wrong_flag(GROUP, two_slots, r"error: .*--no-such-flag.*")),
    ),
}
