"""The server of `chartgen configure`: values in, all that they mean out; nothing but its own page reaches it."""

from __future__ import annotations

import json
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from conftest import CHART

from chartgen.chart import loaded
from chartgen.configure import answers, questions, server


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    made = server.Server(loaded.load(CHART, str(CHART)), 0, lambda text: None)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made.url
    made.shutdown()
    made.server_close()


def call(url: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
    """(status, text) of a request; a body is sent as the page sends it, unless headers say otherwise."""
    usual = {"Origin": url.rstrip("/"), "Content-Type": "application/json"} if body is not None else {}
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    headers = {name.replace("_", "-"): value for name, value in (usual | headers).items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}{path}", data, headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_an_answer_is_written_into_the_values_and_shown_in_all_forms(url):
    code, text = call(url, "look", {"text": "# mine\n", "set": {"path": "gpu.vendor", "value": "nvidia"}})
    said = json.loads(text)
    assert (code, said["problems"], said["text"]) == (200, [], "# mine\ngpu:\n  vendor: nvidia\n")
    assert "nvidia.com/gpu" in said["manifests"]
    assert "<svg" in said["picture"]
    assert any("weights" in line for line in said["plan"])


def test_errors_name_the_key_and_the_line(url):
    _, text = call(url, "look", {"text": "gpu:\n  cuont: 2\n"})
    [problem] = json.loads(text)["problems"]
    assert (problem["key"], problem["line"], problem["remedy"]) == ("gpu.cuont", 2, "did you mean 'count'?")


def test_what_is_not_yaml_is_an_error_and_not_an_end(url):
    for text in ("a: [", "- a\n", "\x00", "a: &a [*a]", "{" * 2000):
        code, said = call(url, "look", {"text": text})
        assert code == 200
        assert json.loads(said)["problems"], text


@pytest.mark.parametrize(
    ("path", "body", "headers", "code"),
    [
        ("look", b"{", {}, 400),
        ("look", b"[" * 100_000, {}, 400),
        ("look", {"text": ""}, {"Content_Length": "\u00b2"}, 400),
        ("look", {"set": {}}, {}, 400),
        ("look", {"text": "", "set": {"way": 1}}, {}, 400),
        ("look", {"text": ""}, {"Origin": "http://example.com"}, 403),
        ("look", {"text": ""}, {"Content_Type": "text/plain"}, 403),
        ("page.json", None, {"Host": "example.com"}, 403),
        ("../server.py", None, {}, 404),
        ("%2e%2e/server.py", None, {}, 404),
        ("nothing", None, {}, 404),
    ],
)
def test_requests_of_others_are_refused(url, path, body, headers, code):
    assert call(url, path, body, **headers)[0] == code


def test_the_page_of_a_chart_without_questions_has_its_values(chart_without_questions):
    page = questions.page(chart_without_questions)
    assert page["questions"] == []
    assert [each["variable"] for each in page["values"]] == ["a.b", "c"]


@pytest.fixture
def chart_without_questions(tmp_path):
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: other\nversion: 1.0.0\n")
    schema = {"properties": {"a": {"properties": {"b": {"type": "string"}}}, "c": {"type": ["integer", "null"]}}}
    (tmp_path / "values.schema.json").write_text(json.dumps(schema))
    return loaded.load(tmp_path, "other")


@pytest.mark.parametrize(
    ("text", "path", "value", "made"),
    [
        ("", "a.b", 1, "a:\n  b: 1\n"),
        ("a: {b: 1}\n", "a.b", None, ""),
        ("a: {b: 1, c: 2}\n", "a.b", None, "a:\n  c: 2\n"),
        ("a: text\n", "a.b", "on", 'a:\n  b: "on"\n'),
        ("# top\n\nx: 1 # stays\n", "z", True, "# top\n\nx: 1 # stays\nz: true\n"),
    ],
)
def test_single_answers_are_set_and_taken_out(text, path, value, made):
    assert answers.answered(text, path, value) == made


@pytest.mark.slow
def test_a_browser_that_leaves_before_its_answer_is_not_an_error(url, capsys):
    host, port = url.removeprefix("http://").strip("/").split(":")
    body = json.dumps({"text": ""}).encode()
    head = f"POST /look HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {url.rstrip('/')}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    for _ in range(3):
        gone = socket.create_connection((host, int(port)))
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.sendall(head.encode() + body)
        gone.close()
    assert call(url, "look", {"text": ""})[0] == 200  # one look after the other
    assert capsys.readouterr().err == ""


def test_any_schema_has_its_values_on_the_page(tmp_path):
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: odd\nversion: 1.0.0\n")
    node = {"properties": {"child": {"$ref": "#/$defs/node"}, "count": {"type": "integer"}}}
    pair = {"properties": {"other": {"$ref": "#/definitions/couple"}}}
    schema = {
        "$defs": {"node": node},
        "definitions": {"pair": pair, "couple": {"properties": {"pair": {"$ref": "#/definitions/pair"}}}},
        "properties": {
            "any": True,
            "none": {"$ref": "#/definitions/none"},
            "tree": {"$ref": "#/$defs/node"},
            "two": {"$ref": "#/definitions/pair"},
            "kind": {"enum": [None, "x", {"a": 1}]},
            "example.com/name": {"type": "string"},
        },
    }
    (tmp_path / "values.schema.json").write_text(json.dumps(schema))
    found = questions.page(loaded.load(tmp_path, "odd"))
    assert [each["variable"] for each in found["values"]] == [
        *("any", "none", "tree.child", "tree.count", "two.other.pair", "kind"),
    ]
    assert not any("options" in each for each in found["values"])
    assert set(found["blocks"]) == {"tree", "two", "two.other"}
    assert found["entries"] == {}


@pytest.mark.slow
def test_the_page_is_told_what_blocks_are_for_and_what_entries_can_have():
    page = questions.page(loaded.load(CHART, str(CHART)))
    assert page["blocks"]["gpu"]
    assert "gpu" not in {each["variable"] for each in page["values"]}
    assert {"engine", "gpu", "model"} <= set(page["entries"]["servers"])
    assert "openWebui" not in page["entries"]["servers"]
    assert all(each["description"] for each in page["values"])
