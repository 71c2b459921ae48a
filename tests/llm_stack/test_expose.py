"""Ways in from outside: what URL people are told, and what stands behind it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow

CHART = ROOT / "charts/llm-stack"
HOST = "chat.example.com"
CERT = {"secretName": "cert"}


@pytest.fixture
def told(helm: str, tmp_path: Path) -> Callable[..., str]:
    """Render with these values: the URL that NOTES tells to open, "" where it is none."""

    def url(**values: Any) -> str:
        file = tmp_path / "values.yaml"
        file.write_text(json.dumps(values))
        command = [helm, "install", "llm", str(CHART), "--dry-run=client", "-f", str(file)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        opened = re.findall(r"^Open WebUI: open (\S+)|^ +URL from outside +(\S+)", out, re.MULTILINE)
        urls = ["".join(pair) for pair in opened]
        return urls[0] if urls and "localhost" not in urls[0] else ""

    return url


@pytest.mark.parametrize(
    ("ingress", "url"),
    [
        ({"host": HOST}, f"http://{HOST}"),
        ({"host": HOST, "tls": [CERT]}, f"https://{HOST}"),
        ({"host": HOST, "tls": [{}]}, f"https://{HOST}"),
        ({"host": HOST, "tls": [{**CERT, "hosts": ["*.example.com"]}]}, f"https://{HOST}"),
        ({"host": HOST, "additionalHosts": ["a.b"], "tls": [{**CERT, "hosts": ["a.b"]}]}, f"http://{HOST}"),
        ({"host": HOST, "httpPort": 30080}, f"http://{HOST}:30080"),
        ({"host": HOST, "httpPort": 80}, f"http://{HOST}"),
        ({"host": HOST, "httpPort": 443}, f"http://{HOST}:443"),
        ({"host": HOST, "httpPort": 30080, "httpsPort": 30443}, f"https://{HOST}:30443"),
        ({"host": HOST, "httpPort": 30080, "httpsPort": 443}, f"https://{HOST}"),
        ({"host": HOST, "httpPort": 30080, "tls": [CERT]}, f"https://{HOST}"),
        ({"host": "*.example.com"}, ""),
        ({"host": "*", "additionalHosts": [HOST]}, f"http://{HOST}"),
        ({"host": "*"}, ""),
    ],
)
def test_url_of_an_ingress(told, ingress, url):
    assert told(ingress={"enabled": True, **ingress}) == url


@pytest.mark.parametrize(
    ("parents", "more", "url"),
    [
        ([{}], {}, f"http://{HOST}"),
        ([{"sectionName": "https"}], {}, f"https://{HOST}"),
        ([{"sectionName": "web-https", "port": 8443}], {}, f"https://{HOST}:8443"),
        ([{"port": 443}], {}, f"https://{HOST}"),
        ([{"port": 8080}], {}, f"http://{HOST}:8080"),
        ([{"port": 8080}], {"httpPort": 80}, f"http://{HOST}"),
        ([{"port": 8080}], {"httpsPort": 8443}, f"https://{HOST}:8443"),
        ([{"port": 80, "sectionName": "web"}, {"port": 443, "sectionName": "tls"}], {}, f"https://{HOST}"),
        ([{"sectionName": "https"}], {"hostnames": []}, ""),
        ([{"sectionName": "https"}], {"hostnames": ["*.example.com", "b.example.com"]}, "https://b.example.com"),
    ],
)
def test_url_of_a_route(told, parents, more, url):
    route = {
        "enabled": True,
        "hostnames": [HOST],
        "parentRefs": [{"name": "public", **one} for one in parents],
        **more,
    }
    assert told(httpRoute=route) == url


def test_ways_in_that_are_off_tell_nothing(told):
    route = {"parentRefs": [{"name": "public"}], "hostnames": [HOST]}
    assert told(ingress={"host": HOST}, httpRoute=route) == ""


def servers_at(said: str) -> dict[str, str]:
    """server -> the URL from outside that NOTES tells."""
    found = re.findall(r"^  (\S+): .*\n(?:    (?!URL from).*\n)*    URL from outside +(\S+)", said, re.MULTILINE)
    return dict(found)


@pytest.fixture
def notes(helm: str, tmp_path: Path) -> Callable[..., str]:
    """Render with these values: what NOTES says."""

    def said(**values: Any) -> str:
        file = tmp_path / "values.yaml"
        file.write_text(json.dumps(values))
        command = [helm, "install", "llm", str(CHART), "--dry-run=client", "-f", str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return said


TWO = {"server": {}, "big": {"model": {"tag": "7b"}}}


def test_each_server_is_told_with_its_own_host_and_the_ports_of_the_way_in(notes):
    way = {"enabled": True, "hosts": {"big": "big.example.com"}, "domain": "10.0.0.1.nip.io", "httpPort": 30080}
    assert servers_at(notes(servers=TWO, api={"ingress": way})) == {
        "server": "http://llm-server.10.0.0.1.nip.io:30080",
        "big": "http://big.example.com:30080",
    }


@pytest.mark.parametrize(("port", "url"), [("httpPort", "http://a.b:8080"), ("httpsPort", "https://a.b:8080")])
@pytest.mark.parametrize("way", ["ingress", "httpRoute"])
def test_ports_of_the_api_are_told_as_those_of_the_ui_are(notes, way, port, url):
    given = {"enabled": True, "hosts": {"server": "a.b"}, port: 8080}
    more = {"parentRefs": [{"name": "public"}]} if way == "httpRoute" else {}
    assert servers_at(notes(api={way: given | more})) == {"server": url}


def test_server_that_no_host_is_given_to_stays_inside(notes):
    parents = [{"name": "public", "sectionName": "https", "port": 8443}]
    way = {"enabled": True, "parentRefs": parents, "hosts": {"big": "big.example.com"}}
    assert servers_at(notes(servers=TWO, api={"httpRoute": way})) == {"big": "https://big.example.com:8443"}


def test_ui_keeps_its_address_beside_the_api(notes, told):
    ui = {"enabled": True, "host": HOST, "httpsPort": 30443}
    api = {"ingress": {"enabled": True, "domain": "example.com", "httpPort": 30080}}
    assert told(ingress=ui, api=api) == f"https://{HOST}:30443"
    assert servers_at(notes(ingress=ui, api=api)) == {"server": "http://llm-server.example.com:30080"}


def test_ports_of_the_nodes_are_told_where_nothing_else_leads_there(notes):
    ports = {"type": "NodePort", "nodePort": 30007}
    ui = {"openWebui": {"service": ports}}
    assert "Open WebUI: open http://ADDRESS:30007, with the address of any node\n" in notes(**ui)
    assert "port-forward" not in notes(**ui)
    assert f"Open WebUI: open http://{HOST}\n" in notes(**ui, ingress={"enabled": True, "host": HOST})
    assert "port on every node   30007\n" in notes(service=ports)


def test_every_server_is_behind_the_host_that_is_told_for_it(manifests, tmp_path):
    file = tmp_path / "values.yaml"
    ways = {
        "ingress": {"enabled": True, "domain": "a.example.com"},
        "httpRoute": {"enabled": True, "parentRefs": [{"name": "g"}], "domain": "b.example.com"},
    }
    servers = TWO | {"big": TWO["big"] | {"service": {"port": 80}}}
    file.write_text(json.dumps({"servers": servers, "api": ways, "ingress": {"enabled": True, "host": HOST}}))
    index = manifests(file)
    behind = {}
    for rule in index.get("ingress/llm-api").spec.rules:
        service = rule.http.paths[0].backend.service
        behind[rule.host] = (service.name, service.port.number)
    for name in ("llm-server", "llm-big"):
        route = index.get(f"httproute/{name}").spec
        behind[route.hostnames[0]] = (route.rules[0].backendRefs[0].name, route.rules[0].backendRefs[0].port)
    assert behind == {
        "llm-server.a.example.com": ("llm-server", 11434),
        "llm-big.a.example.com": ("llm-big", 80),
        "llm-server.b.example.com": ("llm-server", 11434),
        "llm-big.b.example.com": ("llm-big", 80),
    }
    assert index.get("ingress/llm-web").spec.rules[0].host == HOST


def test_answers_of_the_api_stream_as_those_of_the_ui_do(manifests):
    ways = [f"{key}.{word}" for key in ("ingress", "api.ingress") for word in ("enabled=true", "timeoutSeconds=77")]
    index = manifests(*ways, f"ingress.host={HOST}", "api.ingress.hosts.server=api.example.com")
    ui, api = (index.get(f"ingress/llm-{name}").metadata.annotations.to_dict() for name in ("web", "api"))
    assert api["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "77"
    assert api["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    assert {name: text.replace("open-webui", "server") for name, text in ui.items()} == api


@pytest.mark.parametrize(
    ("controller", "annotations"),
    [
        ("ingress-nginx", {"nginx.ingress.kubernetes.io/auth-type": "basic"}),
        ("nginx-f5", {"nginx.org/basic-auth-secret": "passwords"}),
        ("haproxy", {"haproxy.org/auth-secret": "passwords"}),
    ],
)
def test_controller_that_is_named_asks_for_a_password(manifests, controller, annotations):
    values = ["enabled=true", "hosts.server=api.example.com", f"controller={controller}", "basicAuthSecret=passwords"]
    found = manifests(*(f"api.ingress.{value}" for value in values)).get("ingress/llm-api").metadata.annotations
    assert annotations.items() <= found.to_dict().items()
    without = manifests(*(f"api.ingress.{value}" for value in values[:-1])).get("ingress/llm-api").metadata.annotations
    assert not annotations.keys() & without.to_dict().keys()
