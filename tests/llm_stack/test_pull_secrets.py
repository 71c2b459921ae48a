"""Pull secrets: on every pod, or on the account that every pod runs under."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import CHART, ROOT

from chartgen.programs import helm as render
from chartgen.programs import tools
from chartgen.proofs import manifests

pytestmark = pytest.mark.slow

SECRETS = {"global": {"imagePullSecrets": ["one", {"name": "two"}]}}
NAMED = [{"name": "one"}, {"name": "two"}]
CASES = sorted((ROOT / "chartgen/fragments").glob("delivery/*/cases/*.yaml"))


def rendered(folder: Path, *more: dict) -> list[manifests.Render]:
    """Every way to bring models, with every UI and the tests, and these values laid over each."""
    helm = tools.ensure(["helm"], print)["helm"].path
    uis = {"nextchat": {"enabled": True, "server": "server"}, "pipelines": {"enabled": True}}
    over = []
    for n, values in enumerate((uis, SECRETS, *more)):
        over.append(folder / f"{n}.json")
        over[-1].write_text(json.dumps(values), encoding="utf-8")
    done = render.render([render.Request(CHART, (case, *over)) for case in CASES], helm)
    assert [each.error for each in done if each.error] == []
    return [manifests.render_of(render.documents(each.text), frozenset()) for each in done]


@pytest.mark.parametrize("held", [False, True])
def test_every_pod_is_pulled_with_them_one_way_or_the_other(tmp_path, held):
    for found in rendered(tmp_path, {"serviceAccount": {"attachPullSecrets": held}}):
        account = found.find("ServiceAccount", "llm-account")
        assert account.data.get("imagePullSecrets") == (NAMED if held else None)
        for pod in found.pods:
            assert pod.spec["serviceAccountName"] == "llm-account", pod.owner.title
            assert pod.spec.get("imagePullSecrets") == (None if held else NAMED), pod.owner.title


def test_kinds_of_pods_are_many(tmp_path):
    kinds = {pod.owner.kind for found in rendered(tmp_path) for pod in found.pods}
    assert kinds >= {"Deployment", "Job", "CronJob", "DaemonSet", "Pod"}
