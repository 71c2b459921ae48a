"""The probes of a group, by a real Python, against servers that answer, hang, refuse or are gone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "chartgen/fragments/workload/leader-worker-set/files/group.py"
BODY = json.dumps({"model": "m", "prompt": "0", "max_tokens": 1})
COUNTER = "vllm:generation_tokens_total"


class Engine:
    """What a stand-in of an engine does: its counter, how it answers, and what it was asked."""

    def __init__(self) -> None:
        self.tokens = 0.0
        self.status = 200
        self.hangs = False
        self.grows = False
        self.missing = ""
        self.asked: list[tuple[str, str, str | None]] = []


@pytest.fixture
def engine() -> Iterator[tuple[Engine, str]]:
    state = Engine()
    with serving(state) as port:
        yield state, str(port)


@contextmanager
def serving(state: Engine) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if state.grows:
                state.tokens += 1
            self.reply(200, f'# TYPE {COUNTER} counter\n{COUNTER}{{model_name="a b"}} {state.tokens}\nother_total 7\n')

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            state.asked.append((self.path, text, self.headers.get("Authorization")))
            missing = self.path == state.missing
            if state.hangs and not missing:
                time.sleep(3)
            self.reply(404 if missing else state.status, "{}")

        def reply(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def group(tmp_path: Path):
    """Runs the script as a probe does, with shorter limits."""
    text = SCRIPT.read_text(encoding="utf-8").replace("REQUEST_SECONDS = 20", "REQUEST_SECONDS = 1")
    (tmp_path / "group.py").write_text(text, encoding="utf-8")

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = (
            os.environ | {"GROUP_STATE": str(tmp_path / "state"), "http_proxy": "http://127.0.0.1:1"} | settings
        )
        command = [sys.executable, str(tmp_path / "group.py"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)

    return run


def answer(group, port: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return group("answer", port, "/v1/completions", BODY, COUNTER, **settings)


def test_idle_group_is_asked_for_a_token(group, engine):
    state, port = engine
    for _ in range(3):
        done = answer(group, port)
        assert done.returncode == 0, done.stderr
    # The first call finds a counter that it has not seen, the others one that has not grown.
    assert [path for path, _, _ in state.asked] == ["/v1/completions"] * 2
    assert json.loads(state.asked[0][1]) == json.loads(BODY)


def test_busy_group_is_asked_for_nothing(group, engine):
    state, port = engine
    for tokens in (1.0, 5.0, 9.0):
        state.tokens = tokens
        assert answer(group, port).returncode == 0
    assert state.asked == []


def test_group_that_hangs_while_its_http_server_answers_fails(group, engine):
    state, port = engine
    answer(group, port)
    state.hangs = True
    done = answer(group, port)
    assert done.returncode == 1
    assert "no answer within 1 seconds" in done.stderr


def test_slow_answer_of_a_group_that_computes_is_no_failure(group, engine):
    state, port = engine
    state.grows = True
    (state.hangs, state.tokens) = (True, -1.0)
    assert answer(group, port).returncode == 0


def test_dead_engine_behind_a_living_http_server_fails(group, engine):
    state, port = engine
    answer(group, port)
    state.status = 500
    done = answer(group, port)
    assert done.returncode == 1
    assert "HTTP 500" in done.stderr


def test_refused_request_is_an_answer(group, engine):
    state, port = engine
    answer(group, port)
    state.status = 400
    assert answer(group, port).returncode == 0


def test_path_that_a_server_does_not_have_is_followed_by_the_next(group, engine):
    """A reranker has no path of embeddings, and its HTTP server refuses that even while its engine hangs."""
    state, port = engine
    state.missing = "/v1/embeddings"
    asked = ("/v1/embeddings", BODY, "/v1/rerank", BODY)
    for _ in range(2):
        done = group("answer", port, *asked, COUNTER)
        assert done.returncode == 0, done.stderr
    assert [path for path, _, _ in state.asked] == ["/v1/embeddings", "/v1/rerank"]
    state.hangs = True
    assert group("answer", port, *asked, COUNTER).returncode == 1


def test_key_is_sent(group, engine):
    state, port = engine
    answer(group, port)
    assert answer(group, port, GROUP_API_KEY="secret").returncode == 0
    assert state.asked[-1][2] == "Bearer secret"


def test_server_that_is_not_up_fails(group):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        done = answer(group, str(free.getsockname()[1]))
    assert done.returncode == 1
    assert "no answer" in done.stderr


def test_first_pod_is_reached_until_it_is_gone(group):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert group("reach", port, GROUP_LEADER="127.0.0.1").returncode == 0
    done = group("reach", port, GROUP_LEADER="127.0.0.1")
    assert done.returncode == 1
    assert f"127.0.0.1, does not accept connections on port {port}" in done.stderr


def test_other_pods_outlast_the_first(group):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        closing = threading.Timer(1.5, server.close)
        closing.start()
        start = time.monotonic()
        assert group("outlast", port, GROUP_LEADER="127.0.0.1").returncode == 0
        assert time.monotonic() - start > 1.4
