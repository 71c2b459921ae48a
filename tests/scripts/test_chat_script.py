"""What `helm test` runs, in real shells, with the real curl, against a server that answers as the engines do."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow

SCRIPTS = ROOT / "chartgen/fragments/verify/helm-test/files"
MODEL = "deepseek-r1:1.5b"
# The image has busybox; wherever there is one, its shell and its programs are tried as well.
SHELLS = ["sh", *(["busybox"] if shutil.which("busybox") else [])]

Reply = tuple[int, str]


@pytest.fixture(params=SHELLS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script: `run("chat.sh", SERVER_URL=…)`; it fails where it leaves anything behind."""
    curl = shutil.which("curl")
    assert curl, "curl is not on PATH: install it, the scripts of helm test ask with it"
    shell, path = shutil.which(request.param), os.environ["PATH"]
    if request.param == "busybox":
        path = str(tmp_path / "bin")
        os.mkdir(path)
        subprocess.run([shell, "--install", "-s", path], check=True)
        os.symlink(curl, f"{path}/curl")
    scratch = tmp_path / "tmp"
    scratch.mkdir()

    def ran(script: str, **settings: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": path, "TMPDIR": str(scratch), "MODEL": MODEL, "TIMEOUT": "20", "PAUSE": "0.1", **settings}
        words = [shell, "sh"] if request.param == "busybox" else [shell]
        done = subprocess.run([*words, str(SCRIPTS / script)], env=env, capture_output=True, text=True, timeout=30)
        assert not list(scratch.iterdir())
        return done

    return ran


@contextmanager
def serving(
    reply: Callable[[str, dict[str, Any]], Reply], port: int = 0, missing: int = 0, key: str = ""
) -> Iterator[str]:
    """A server that answers with what `reply(path, question)` says, to whoever has the key where there is one;
    `missing` bytes of the answer never come."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            question = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, text = 401, '{"error":"Unauthorized"}'
            if self.headers.get("Authorization") == (f"Bearer {key}" if key else None):
                status, text = reply(self.path, json.loads(question or "{}"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode()) + missing))
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(message: dict[str, Any], model: str = MODEL, **style: Any) -> str:
    """An answer as both engines give it."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "length"}
    return json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "model": model, "choices": [choice]}, **style)


def stream(*deltas: dict[str, Any], end: str = "data: [DONE]\n\n", model: str = MODEL, **style: Any) -> str:
    """The same in pieces."""
    pieces = [
        json.dumps(
            {"object": "chat.completion.chunk", "model": model, "choices": [{"index": 0, "delta": delta}]}, **style
        )
        for delta in deltas
    ]
    return "".join(f"data: {piece}\n\n" for piece in pieces) + end


def chatting(whole: str, streamed: str) -> Callable[[str, dict[str, Any]], Reply]:
    def reply(path: str, question: dict[str, Any]) -> Reply:
        assert path == "/v1/chat/completions"
        return 200, streamed if question["stream"] else whole

    return reply


WHOLE = answer({"content": "Hello!"})
STREAM = stream({"role": "assistant", "content": "Hel"}, {"content": "lo!"}, {"content": ""})
GOOD = chatting(WHOLE, STREAM)


@pytest.mark.parametrize("style", [{}, {"separators": (",", ":")}], ids=["blanks", "compact"])
def test_good_answer_and_stream_pass(run, style):
    asked = []
    whole, streamed = answer({"content": "Hi"}, **style), stream({"content": "H"}, {"content": "i"}, **style)

    def reply(path: str, question: dict[str, Any]) -> Reply:
        asked.append(question)
        return chatting(whole, streamed)(path, question)

    with serving(reply) as url:
        done = run("chat.sh", SERVER_URL=url)
    assert done.returncode == 0, done.stderr
    assert "the streamed answer has 2 chunks" in done.stdout
    assert [question.pop("stream") for question in asked] == [False, True]
    assert asked[0] == asked[1]
    assert (asked[0]["model"], asked[0]["temperature"]) == (MODEL, 0)


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_thoughts_without_an_answer_pass(run, name):
    thoughts = {"content": "", name: "Okay, so"}
    with serving(chatting(answer(thoughts), stream(thoughts, thoughts))) as url:
        done = run("chat.sh", SERVER_URL=url)
    assert done.returncode == 0, done.stderr


def test_model_with_quotes_in_its_name_is_asked_by_that_name(run):
    name = 'my "best" \\ model & more'
    with serving(
        chatting(answer({"content": "Hi"}, name), stream({"content": "H"}, {"content": "i"}, model=name))
    ) as url:
        done = run("chat.sh", SERVER_URL=url, MODEL=name)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("whole", "streamed", "said"),
    [
        (answer({"content": ""}), STREAM, "the answer is empty"),
        (answer({"content": None}), STREAM, "the answer is empty"),
        (answer({"content": "Hi"}, "llama3:8b"), STREAM, f"the answer is from another model than {MODEL}"),
        ("<html>Hello</html>", STREAM, f"the answer is from another model than {MODEL}"),
        (WHOLE, stream({"content": "a"}, {"content": "b"}, end=""), "the stream ended without [DONE]"),
        (WHOLE, stream({"content": "Hello!"}), "the streamed answer has 1 chunks"),
        (WHOLE, WHOLE, "the streamed answer has 0 chunks"),
        (WHOLE, stream({"content": ""}, {"content": ""}), "the answer is empty"),
    ],
    ids=["empty", "null", "other-model", "page", "no-done", "one-piece", "not-streamed", "empty-stream"],
)
def test_answer_that_is_none_fails_with_what_is_wrong(run, whole, streamed, said):
    with serving(chatting(whole, streamed)) as url:
        done = run("chat.sh", SERVER_URL=url)
    assert done.returncode == 1
    assert said in done.stderr


def test_missing_model_fails_at_once_with_what_the_server_says(run):
    with serving(lambda *_: (404, '{"error":{"message":"model \\"x\\" not found"}}')) as url:
        done = run("chat.sh", SERVER_URL=url)
    assert done.returncode == 1
    assert f'HTTP 404 instead of an answer of {MODEL}: {{"error":{{"message":"model \\"x\\" not found"' in done.stderr


def test_answer_that_is_cut_fails_at_once(run):
    with serving(GOOD, missing=10) as url:
        done = run("chat.sh", SERVER_URL=url)
    assert done.returncode == 1
    assert "the connection broke during the answer" in done.stderr


def test_server_that_comes_up_late_is_waited_for(run):
    port = free_port()

    def later() -> None:
        time.sleep(0.7)
        with serving(GOOD, port):
            ended.wait(20)

    ended = threading.Event()
    threading.Thread(target=later, daemon=True).start()
    done = run("chat.sh", SERVER_URL=f"http://127.0.0.1:{port}")
    ended.set()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not ready yet: ") == 1


def test_proxy_with_nobody_behind_it_is_waited_for(run):
    replies = iter([(503, "no endpoints"), (502, ""), (504, "")])
    with serving(lambda path, question: next(replies, None) or GOOD(path, question)) as url:
        done = run("chat.sh", SERVER_URL=url)
    assert done.returncode == 0, done.stderr
    assert "not ready yet: HTTP 503 no endpoints" in done.stdout


def test_server_that_never_comes_up_fails_in_time(run):
    done = run("chat.sh", SERVER_URL=f"http://127.0.0.1:{free_port()}", TIMEOUT="1")
    assert done.returncode == 2
    assert "no complete answer within 1 seconds" in done.stderr
    assert "increase tests.timeoutSeconds" in done.stderr


def test_answer_that_takes_too_long_fails_in_time(run):
    ended = threading.Event()

    def reply(*_: Any) -> Reply:
        ended.wait(20)
        return 200, WHOLE

    with serving(reply) as url:
        done = run("chat.sh", SERVER_URL=url, TIMEOUT="1")
        ended.set()
    assert done.returncode == 2
    assert "no complete answer within 1 seconds" in done.stderr


# As ollama refuses, vLLM, and a vLLM that does not offer what its model cannot do.
REFUSALS = {
    "ollama": (400, '{"error":{"message":"\\"bge-m3\\" does not support chat","type":"invalid_request_error"}}'),
    "vllm": (501, '{"error": {"message": "The model does not support Chat Completions API"}}'),
    "vllm-without-path": (404, '{"detail":"Not Found"}'),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_model_that_only_embeds_is_asked_for_an_embedding(run, refusal):
    given = json.dumps({"object": "list", "data": [{"index": 0, "embedding": [-0.01, 0.2]}], "model": MODEL})
    with serving(lambda path, _: (200, given) if path == "/v1/embeddings" else refusal) as url:
        done = run("chat.sh", SERVER_URL=url)
    assert done.returncode == 0, done.stderr
    assert "the answer is an embedding" in done.stdout


def test_server_that_only_embeds_is_asked_for_nothing_else(run):
    given = json.dumps({"object": "list", "data": [{"embedding": [0.5], "index": 0}], "model": MODEL})
    asked = []

    def reply(path: str, _: dict[str, Any]) -> Reply:
        asked.append(path)
        return 200, given

    with serving(reply) as url:
        done = run("chat.sh", SERVER_URL=url, EMBEDS="true")
    assert done.returncode == 0, done.stderr
    assert asked == ["/v1/embeddings"]


@pytest.mark.parametrize("embeds", ["true", "false"])
def test_model_that_only_scores_documents_is_asked_for_scores(run, embeds):
    given = json.dumps({"id": "rerank-1", "model": MODEL, "results": [{"index": 0, "relevance_score": -1.5}]})
    missing = REFUSALS["vllm-without-path"]
    with serving(lambda path, _: (200, given) if path == "/v1/rerank" else missing) as url:
        done = run("chat.sh", SERVER_URL=url, EMBEDS=embeds)
    assert done.returncode == 0, done.stderr
    assert "the answer is scores" in done.stdout


def test_server_that_answers_nothing_that_a_model_can_do_fails(run):
    with serving(lambda *_: REFUSALS["vllm-without-path"]) as url:
        done = run("chat.sh", SERVER_URL=url)
    assert done.returncode == 1
    assert "/v1/rerank: HTTP 404" in done.stderr


def test_embedding_without_numbers_fails(run):
    given = json.dumps({"data": [{"embedding": []}], "model": MODEL})
    with serving(lambda path, _: (200, given) if path == "/v1/embeddings" else REFUSALS["ollama"]) as url:
        done = run("chat.sh", SERVER_URL=url)
    assert done.returncode == 1
    assert "the answer contains no embedding" in done.stderr


def test_setting_that_is_missing_is_named(run):
    done = run("chat.sh")
    assert done.returncode != 0
    assert "SERVER_URL" in done.stderr


@pytest.mark.parametrize(
    ("reply", "code", "said"),
    [
        ((200, "<!doctype html>\n<HTML lang=en>"), 0, ""),
        ((500, "<html>"), 1, "HTTP 500 instead of a page"),
        ((200, "{}"), 1, "the answer is not an HTML page: {}"),
    ],
    ids=["page", "error", "no-page"],
)
def test_page_of_the_ui(run, reply, code, said):
    with serving(lambda *_: reply) as url:
        done = run("page.sh", PAGE_URL=url)
    assert done.returncode == code, done.stderr
    assert said in done.stderr


def test_every_path_of_a_server_that_does_not_chat_is_asked(run):
    asked = []
    with serving(lambda path, _: (asked.append(path) or 200, "")) as url:
        done = run("ready.sh", SERVER_URL=url, PATHS="/v2/models/a/ready /v2/models/b/ready")
    assert done.returncode == 0, done.stderr
    assert asked == ["/v2/models/a/ready", "/v2/models/b/ready"]


def test_path_that_answers_with_an_error_fails(run):
    with serving(lambda path, _: (400 if path == "/b" else 200, "unknown model")) as url:
        done = run("ready.sh", SERVER_URL=url, PATHS="/a /b")
    assert done.returncode == 1
    assert "/b: the server is not ready: HTTP 400: unknown model" in done.stderr


def test_server_without_a_path_has_to_listen(run):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes the connection and hangs up, as what speaks no HTTP does.
        threading.Thread(target=lambda: silent.accept()[0].close(), daemon=True).start()
        done = run("ready.sh", SERVER_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert done.returncode == 0, done.stderr
    assert "the server listens" in done.stdout


def test_nobody_who_listens_fails_in_time(run):
    done = run("ready.sh", SERVER_URL=f"http://127.0.0.1:{free_port()}", TIMEOUT="1")
    assert done.returncode == 2
    assert "no connection within 1 seconds" in done.stderr


def test_server_that_asks_for_a_key_is_given_it(run):
    with serving(GOOD, key="s3cret$'\"") as url:
        done = run("chat.sh", SERVER_URL=url, API_KEY="s3cret$'\"")
    assert done.returncode == 0, done.stderr


def test_wrong_key_fails(run):
    with serving(GOOD, key="s3cret") as url:
        done = run("chat.sh", SERVER_URL=url, API_KEY="other")
    assert done.returncode == 1
    assert "HTTP 401 instead of an answer" in done.stderr
