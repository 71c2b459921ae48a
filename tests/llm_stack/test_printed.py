"""Commands that a release prints name its own objects, and no others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import printed
import pytest
import yaml
from conftest import CHART

pytestmark = pytest.mark.slow

RELEASE, NAMESPACE = "own", "place"
OTHER = "kubectl -n place rollout status deployment/own-server"
EXAMPLES = sorted((CHART / "examples").glob("*.yaml")) + sorted((CHART / "ci").glob("*.yaml"))


def installed(helm: str, file: Path) -> tuple[str, list[dict[str, Any]]]:
    """The notes of these values, and the objects of the release."""
    command = [helm, "install", RELEASE, str(CHART), "-n", NAMESPACE, "--dry-run=client", "-o", "json", "-f", str(file)]
    made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    manifests = [made["manifest"], *(each["manifest"] for each in made.get("hooks", ()))]
    return made["info"]["notes"], [each for text in manifests for each in yaml.safe_load_all(text) if each]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_commands_of_the_notes_name_objects_of_the_release(helm: str, file: Path):
    notes, objects = installed(helm, file)
    assert printed.commands(notes)
    assert printed.foreign(notes, objects, RELEASE, NAMESPACE) == []


def test_the_claims_of_a_group_are_listed_by_the_label_that_they_have(helm: str, tmp_path: Path):
    values = {
        "engine": "vllm",
        "model": {"name": "team/large", "weightsSize": "700Gi"},
        "modelCache": {"type": "volumeClaimTemplate", "size": "1Ti"},
        "gpu": {"vendor": "nvidia", "count": 8},
        "nodes": {"count": 2},
    }
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    notes, objects = installed(helm, file)
    assert "kubectl -n place get pvc -l leaderworkerset.sigs.k8s.io/name=own-server-group" in notes
    assert printed.foreign(notes, objects, RELEASE, NAMESPACE) == []


@pytest.mark.parametrize(
    "command",
    [
        "kubectl -n elsewhere rollout status deployment/own-server",
        "kubectl -n place rollout status deployment/other-server",
        "kubectl -n place rollout status statefulset/own-server",
        "kubectl -n place get pvc",
        "kubectl -n place get pvc -l leaderworkerset.sigs.k8s.io/name=other",
        "kubectl -n place logs -f -l app.kubernetes.io/component=server",
        "kubectl -n place wait --for=condition=complete job -l app.kubernetes.io/instance=other",
        "kubectl -n place create job --from=cronjob/own-loader server-now",
        "kubectl -n place delete service own-server",
        "kubectl -n place annotate deployment other-server a=b",
        "kubectl -n place scale deployment/own-server",
        "helm test other -n place",
    ],
)
def test_a_command_that_names_something_else_is_found(command):
    objects = [
        {"kind": "Deployment", "metadata": {"name": "own-server"}},
        {"kind": "CronJob", "metadata": {"name": "own-loader"}},
    ]
    assert printed.foreign(f"run `{command}`", objects, RELEASE, NAMESPACE)
    assert printed.foreign(f"run `{OTHER}`", objects, RELEASE, NAMESPACE) == []
