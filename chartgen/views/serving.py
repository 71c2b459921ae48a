"""What the application of a RayService says in `serveConfigV2`: the names of its models, and how many copies answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..proofs.manifests import Object, at, map_at, maps
from ..reading.yamlfile import parse

SERVE = ("spec", "serveConfigV2")


def models(each: Object) -> set[str]:
    """The names by which clients ask for the models of a RayService."""
    return {str(name) for config in _configs(each) for _, name in at(config, "model_loading_config.model_id")}


def single(each: Object) -> bool:
    """Whether a model can have one copy only, which Ray Serve stops before it starts another (its rollouts).

    An application that is not Ray Serve's own for language models has copies that its program decides about.
    """
    return any(_copies(config) == 1 for config in _configs(each))


def _copies(config: dict[str, Any]) -> Any:
    deployed = map_at(config, "deployment_config")
    scaled = map_at(deployed, "autoscaling_config")
    return scaled.get("min_replicas", 1) if scaled else deployed.get("num_replicas", 1)


def _configs(each: Object) -> Iterator[dict[str, Any]]:
    text = map_at(each.data, SERVE[0]).get(SERVE[1])
    if each.kind != "RayService" or not isinstance(text, str):
        return
    data = parse(text, SERVE[1]).data
    for _, config in maps(data, "applications[].args.llm_configs[]") if isinstance(data, dict) else ():
        yield config
