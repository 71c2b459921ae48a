"""How a server's pod ends: it goes on until nobody is sent to it any more, then the engine has its own time."""

from __future__ import annotations

import pytest
from conftest import CHART

from chartgen.programs import helm as render
from chartgen.programs import tools


def pod(version: str, *sets: str) -> dict:
    helm = tools.ensure(["helm"], print)["helm"].path
    (made,) = render.render([render.Request(CHART, kube_version=version, sets=sets)], helm)
    assert not made.error
    (found,) = (
        document.data["spec"]["template"]["spec"]
        for document in render.documents(made.text)
        if document.data and document.data["metadata"]["name"] == "llm-server" and "template" in document.data["spec"]
    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "how"),
    [("1.29.0", {"exec": {"command": ["sleep", "30"]}}), ("1.30.0", {"sleep": {"seconds": 30}})],
)
def test_kubernetes_waits_by_itself_where_it_can(version, how):
    (container,) = pod(version, "preStopSleepSeconds=30")["containers"]
    assert container["lifecycle"] == {"preStop": how}


def test_time_of_the_engine_begins_when_the_waiting_is_over():
    assert pod("1.34.0", "preStopSleepSeconds=30")["terminationGracePeriodSeconds"] == 90


def test_pod_that_need_not_wait_ends_at_once():
    ended = pod("1.34.0", "preStopSleepSeconds=0")
    assert "lifecycle" not in ended["containers"][0]
    assert ended["terminationGracePeriodSeconds"] == 60
