"""The models of a pod: which ones the list says that it mounts, and which container downloads them."""

from __future__ import annotations

from typing import Any

from ..proofs.manifests import Pod, Render, map_at, maps

LIST = "models.tsv"  # the file that lists the models of a server, with their references
DOWNLOADS = {"MODELS_FILE", "TARGET", "RETRIES"}  # the variables of a container that downloads models


def variables(container: dict[str, Any]) -> dict[str, Any]:
    """The variables of a container that have a value in the manifest."""
    return {str(each.get("name")): each.get("value") for _, each in maps(container, "env[]")}


def listed(render: Render, pod: Pod) -> list[str]:
    """The references in the list of models that a pod mounts."""
    found: list[str] = []
    for where in ("volumes[].configMap", "volumes[].projected.sources[].configMap"):
        for _, source in maps(pod.spec, where):
            files = render.find("ConfigMap", str(source.get("name")), pod.owner.namespace)
            text = str(map_at(files.data, "data").get(LIST, "")) if files else ""
            rows = [line.split("\t") for line in text.splitlines() if line.strip() and not line.startswith("#")]
            found += [row[1] for row in rows if len(row) > 1 and row[1] not in found]
    return found
