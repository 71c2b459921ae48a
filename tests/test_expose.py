"""Ways in from outside: what URL people are told, and what stands behind it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHART = Path(__file__).parent.parent / "charts/llm-stack"
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
        opened = re.findall(r"^Open WebUI: open (\S+)|^ +and at +(\S+)", out, re.MULTILINE)
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
        ([{"port": 80}, {"port": 443}], {}, f"https://{HOST}"),
        ([{"sectionName": "https"}], {"hostnames": []}, ""),
        ([{"sectionName": "https"}], {"hostnames": ["*.example.com", "b.example.com"]}, "https://b.example.com"),
    ],
)
def test_url_of_a_route(told, parents, more, url):
    gateway = {
        "enabled": True,
        "hostnames": [HOST],
        "parentRefs": [{"name": "public", **one} for one in parents],
        **more,
    }
    assert told(gateway=gateway) == url


def test_ways_in_that_are_off_tell_nothing(told):
    gateway = {"parentRefs": [{"name": "public"}], "hostnames": [HOST]}
    assert told(ingress={"host": HOST}, gateway=gateway) == ""
