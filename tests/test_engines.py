"""What a server's engine makes of its pod, its Service, and of what others ask it."""

from __future__ import annotations

import json

import pytest
from conftest import ROOT

CASES = ROOT / "chartgen/fragments/engine"


@pytest.fixture
def rendered(manifests, tmp_path):
    def render(**values):
        file = tmp_path / "values.yaml"
        file.write_text(json.dumps(values))
        return manifests(file)

    return render


def container(workload):
    return workload.spec.template.spec.containers[0]


def mount(workload, name="models"):
    return next(mount for mount in container(workload).volumeMounts if mount.name == name).to_dict()


def env(pod):
    return {entry.name: entry.get("value") for entry in pod.spec.containers[0].env}


OWN = {
    "engine": "custom",
    "image": {"repository": "team/server", "tag": "1"},
    "model": {"name": "bert", "delivery": "none"},
    "modelCache": {"existingClaim": "models"},
}


def test_own_server_reads_the_one_models_folder_at_its_own_path(manifests):
    server = manifests(CASES / "custom/cases/model.yaml").get("deployment/llm-server")
    assert container(server).image == "registry.example.com/team/sentiment:3.1"
    at = {"name": "models", "mountPath": "/app/models", "subPath": "store/bert-sentiment", "readOnly": True}
    assert mount(server) == at


def test_own_server_is_asked_by_its_own_paths(manifests):
    server = container(manifests(CASES / "custom/cases/model.yaml").get("deployment/llm-server"))
    assert server.startupProbe.httpGet.path == server.readinessProbe.httpGet.path == "/ready?model=bert"
    assert server.livenessProbe.httpGet.path == "/alive"
    assert server.startupProbe.failureThreshold * server.startupProbe.periodSeconds == 1800


def test_own_server_without_paths_has_to_listen(rendered):
    server = container(rendered(**OWN).get("deployment/llm-server"))
    assert {server[probe].tcpSocket.port for probe in ("startupProbe", "readinessProbe", "livenessProbe")} == {"http"}


def test_service_has_all_of_an_own_servers_ports(manifests):
    index = manifests(CASES / "custom/cases/model.yaml")
    ports = {port.name: port.port for port in index.get("service/llm-server").spec.ports}
    assert ports == {"http": 8000, "grpc": 9000, "metrics": 9090}
    assert {port.name for port in container(index.get("deployment/llm-server")).ports} == set(ports)


def test_server_that_nobody_can_ask_is_no_uis(rendered):
    found = rendered(**OWN).get("deployment/llm-open-webui")
    settings = {entry.name: entry.get("value") for entry in container(found).env}
    assert (settings["ENABLE_OLLAMA_API"], settings["ENABLE_OPENAI_API"]) == ("false", "false")


def test_server_that_nobody_can_ask_is_tested_by_its_paths(rendered):
    test = rendered(**OWN, custom={"readyPath": "/ready"}).get("pod/llm-server-test")
    assert test.spec.containers[0].command[-1] == "/opt/tests/ready.sh"
    assert env(test)["PATHS"] == "/ready"


def test_own_server_that_speaks_openais_api_is_chatted_with(manifests):
    index = manifests(CASES / "custom/cases/openai.yaml")
    assert env(index.get("pod/llm-server-test"))["MODEL"] == "chat"
    settings = {entry.name: entry.get("value") for entry in container(index.get("deployment/llm-open-webui")).env}
    assert settings["OPENAI_API_BASE_URLS"] == "http://llm-server:8080/v1"
