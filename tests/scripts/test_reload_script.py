"""The script that tells a running server that its models changed, run in real shells against real servers of HTTP."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from scripts.workshop import FRAGMENTS, PLACES, SHELLS, Ended, each_shell, free_port, wait_for

pytestmark = pytest.mark.slow

SCRIPT = FRAGMENTS / "reload/files/reload.sh"
ANNOTATION = "reload/models"


class Asked(ThreadingHTTPServer):
    """A server that notes down what it is asked, and answers with the codes of `answers`, then with 200."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        self.requests: list[tuple[str, str, dict[str, str], str]] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def asked(self) -> list[str]:
        return [f"{method} {path}" for method, path, _, _ in self.requests]


class Handler(BaseHTTPRequestHandler):
    server: Asked

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        code = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(code)
        self.end_headers()
        self.wfile.write(b"so it\nis")

    do_GET = do_POST = do_PATCH = do_PUT = answer

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(server: Asked) -> Iterator[Asked]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def engine() -> Iterator[Asked]:
    with serving(Asked()) as server:
        yield server


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Asked]:
    """What answers as the API server of Kubernetes does: by TLS, with a certificate that ca.crt vouches for."""
    access = tmp_path / "access"
    access.mkdir()
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=kubernetes"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "key"), "-out", str(access / "ca.crt")]
    subprocess.run(made, check=True, capture_output=True)
    (access / "namespace").write_text("models")
    (access / "token").write_text("first")
    server = Asked()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(access / "ca.crt", tmp_path / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        yield server


@pytest.fixture
def models(tmp_path: Path) -> Callable[..., None]:
    """Lays models down as a loader does: `models(bert="one")` is one folder and what it is."""
    target = tmp_path / "models"
    target.mkdir()

    def lay(**models: str) -> None:
        for name, text in ((".digest", "".join(f"{key}\t{what}\n" for key, what in models.items())), (".updated", "")):
            text = text or f"{'-'.join(models.values())} 2026-01-01T00:00:00Z\n"
            (target / f"{name}.new").write_text(text)
            os.replace(target / f"{name}.new", target / name)

    lay(bert="one", resnet="one")
    (tmp_path / "list").write_text("bert\tregistry/bert:v1\t\nresnet\tregistry/resnet:v1\tmodel\n")
    return lay


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the script: `start(WAY="http", …)`, in the first shell unless another is given."""
    env = PLACES | {"MODELS_FILE": str(tmp_path / "list")}
    env |= {"TARGET": str(tmp_path / "models"), "STATE": str(tmp_path / "state"), "EVERY": "0.05"}
    env |= {"BACKOFF": "0", "PATIENCE": "5", "REQUESTS": str(tmp_path / "requests"), "ACCESS": str(tmp_path / "access")}
    started = []

    def run(shell: list[str] | None = None, **more: str) -> subprocess.Popen[str]:
        command = [*(shell or SHELLS[0]), str(SCRIPT)]
        process = subprocess.Popen(command, env=env | more, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        if more.get("WAY") in ("http", "rollout"):
            wait_for((Path(more.get("STATE", env["STATE"])) / "known").exists)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def by_http(engine: Asked, tmp_path: Path, *requests: tuple[str, str, str, str]) -> dict[str, str]:
    rows = requests or (("-", "POST", "/reload", ""),)
    (tmp_path / "requests").write_text("".join("\t".join(row) + "\n" for row in rows))
    return {"WAY": "http", "SERVER": f"http://127.0.0.1:{engine.server_port}"}


def by_rollout(api: Asked) -> dict[str, str]:
    place = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.server_port)}
    return {"WAY": "rollout", "WORKLOAD": "deployments/llm-server", **place}


def annotation(body: str) -> str:
    return json.loads(body)["spec"]["template"]["metadata"]["annotations"][ANNOTATION]


def known(tmp_path: Path) -> dict[str, str]:
    """What the script remembers: folder -> what it is."""
    return dict(line.split("\t") for line in (tmp_path / "state/known").read_text().splitlines())


def stopped(process: subprocess.Popen[str]) -> Ended:
    process.terminate()
    ended = Ended(process)
    assert ended.code == 143, ended
    return ended


# --- the engine is asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS[:2])  # some builds of busybox prefer their own programs
@pytest.mark.parametrize("name", ["head", "awk"])
def test_what_a_killed_program_has_not_read_has_not_changed(engine, models, start, tmp_path, shell, name) -> None:
    program = tmp_path / "bin" / name
    program.parent.mkdir()
    usual = f'[ -e {tmp_path}/kill ] || exec {shutil.which(name)} "$@"'
    program.write_text(f"#!/bin/sh\n{usual}\n: >{tmp_path}/was-killed\nkill -KILL $$\n")
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    process = start(shell, **by_http(engine, tmp_path, ("-", "PUT", "/v1/models", "{}")), PATH=path)
    (tmp_path / "kill").touch()
    wait_for((tmp_path / "was-killed").exists)
    time.sleep(0.3)
    (tmp_path / "kill").unlink()
    time.sleep(0.3)
    assert engine.requests == []
    models(bert="two", resnet="one")
    wait_for(lambda: engine.requests)
    stopped(process)


@each_shell
def test_an_engine_is_asked_when_a_model_changed_and_not_before(engine, models, start, tmp_path, shell) -> None:
    process = start(shell, **by_http(engine, tmp_path, ("-", "PUT", "/v1/models", '{"all": "of them"}')))
    assert engine.requests == []
    models(bert="two", resnet="one")
    wait_for(lambda: engine.requests)
    wait_for(lambda: known(tmp_path) == {"bert": "two", "resnet": "one"})
    ended = stopped(process)
    (method, path, headers, body) = engine.requests[0]
    assert (method, path, body) == ("PUT", "/v1/models", '{"all": "of them"}')
    assert headers["Content-Type"] == "application/json"
    assert engine.asked == ["PUT /v1/models"]
    assert ended.out == "the models changed\nPUT /v1/models: done\n"
    assert ended.err == ""


@each_shell
def test_only_what_concerns_a_changed_model_is_asked(engine, models, start, tmp_path, shell) -> None:
    rows = [(name, "POST", f"/load/{name}", "") for name in ("bert", "resnet")]
    start(shell, **by_http(engine, tmp_path, *rows, ("-", "GET", "/any", "")))
    models(bert="one", resnet="two")
    wait_for(lambda: len(engine.asked) == 2)
    models(bert="two", resnet="three")
    wait_for(lambda: len(engine.asked) == 5)
    assert engine.asked[:2] == ["POST /load/resnet", "GET /any"]
    assert engine.asked[2:] == ["POST /load/bert", "POST /load/resnet", "GET /any"]


@each_shell
def test_an_engine_that_has_to_be_prepared_is_asked_afterwards(engine, models, start, tmp_path, shell) -> None:
    (tmp_path / "prepare").write_text(
        f'echo "$@" >>{tmp_path}/prepared; test -e {tmp_path}/can || {{ echo full; exit 1; }}\n'
    )
    (tmp_path / "header").write_text("repository-key: 0123\n")
    rows = [("bert", "POST", "/load/bert", ""), ("-", "POST", "/any", "")]
    more = {"PREPARE": f"sh {tmp_path}/prepare link", "HEADER": str(tmp_path / "header")}
    process = start(shell, **by_http(engine, tmp_path, *rows), **more)
    models(bert="two", resnet="one")
    assert [process.stdout.readline() for _ in range(3)][1:] == ["bert: full \n", "next attempt in 0 s\n"]
    assert engine.asked == []
    (tmp_path / "can").touch()
    wait_for(lambda: engine.asked == ["POST /load/bert", "POST /any"])
    assert {headers["repository-key"] for _, _, headers, _ in engine.requests} == {"0123"}
    assert set((tmp_path / "prepared").read_text().splitlines()) == {"link bert"}


def test_an_engine_that_refuses_is_asked_until_it_does_not(engine, models, start, tmp_path) -> None:
    engine.answers = [503, 404]
    process = start(**by_http(engine, tmp_path))
    models(bert="two")
    wait_for(lambda: len(engine.asked) == 3)
    wait_for(lambda: known(tmp_path) == {"bert": "two"})
    assert "POST /reload: refused with HTTP 503: so it is\nnext attempt in 0 s\n" in stopped(process).out


def test_an_engine_that_still_starts_is_waited_for(models, start, tmp_path) -> None:
    late = Asked(free_port())
    late.server_close()
    process = start(**by_http(late, tmp_path))
    models(bert="two")
    assert "curl: (7)" in "".join(process.stdout.readline() for _ in range(2))
    with serving(Asked(late.server_port)) as engine:
        wait_for(lambda: engine.asked == ["POST /reload"])


def test_a_version_that_comes_while_an_engine_refuses_is_told_instead(engine, models, start, tmp_path) -> None:
    engine.answers = [503] * 5
    start(**by_http(engine, tmp_path))
    models(bert="two")
    wait_for(lambda: engine.requests)
    models(bert="three")
    wait_for(lambda: known(tmp_path) == {"bert": "three"})


def test_a_sidecar_that_begins_again_remembers_what_its_server_started_with(engine, models, start, tmp_path) -> None:
    process = start(**by_http(engine, tmp_path))
    process.kill()
    process.wait()
    models(bert="two")
    start(**by_http(engine, tmp_path))
    wait_for(lambda: engine.asked == ["POST /reload"])


def test_models_of_others_in_the_same_place_are_none_of_its_business(engine, models, start, tmp_path) -> None:
    start(**by_http(engine, tmp_path))
    models(bert="one", resnet="one", llama="one")
    models(bert="one", resnet="two", llama="two")
    wait_for(lambda: engine.requests)
    wait_for(lambda: known(tmp_path) == {"bert": "one", "resnet": "two"})
    assert engine.asked == ["POST /reload"]


def test_a_store_without_folders_is_known_by_its_hash(engine, models, start, tmp_path) -> None:
    (tmp_path / "list").write_text("deepseek-r1\tdeepseek-r1:1.5b\t\n")
    start(**by_http(engine, tmp_path))
    models(bert="two")
    wait_for(lambda: engine.asked == ["POST /reload"])
    wait_for(lambda: (tmp_path / "state/known").read_text() == "two\n")


def test_a_pod_that_an_upgrade_replaces_tells_nobody(api, models, start, tmp_path) -> None:
    process = start(**by_rollout(api))
    before = (tmp_path / "list").read_text()
    (tmp_path / "list").write_text(before.replace("v1", "v2"))
    models(bert="two", resnet="two")
    time.sleep(0.5)
    assert api.requests == []
    assert process.poll() is None
    (tmp_path / "list").write_text(before)
    wait_for(lambda: api.requests)


def test_models_that_come_late_are_told_of(engine, models, start, tmp_path) -> None:
    for name in (".updated", ".digest"):
        (tmp_path / "models" / name).unlink()
    start(**by_http(engine, tmp_path))
    models(bert="one")
    wait_for(lambda: engine.asked == ["POST /reload"])


def test_a_way_that_nobody_knows_is_refused(start) -> None:
    ended = Ended(start(WAY="signal"))
    assert (ended.code, ended.err) == (64, "WAY must be http or rollout, not 'signal'\n")


# --- Kubernetes is asked for new pods -------------------------------------------------------------------------------


@each_shell
def test_kubernetes_is_asked_for_new_pods_by_an_annotation(api, models, start, tmp_path, shell) -> None:
    process = start(shell, **by_rollout(api))
    models(bert="two")
    wait_for(lambda: api.requests)
    (method, path, headers, body) = api.requests[0]
    assert method == "PATCH"
    assert path == "/apis/apps/v1/namespaces/models/deployments/llm-server?fieldManager=reload"
    assert headers["Content-Type"] == "application/merge-patch+json"
    assert headers["Authorization"] == "Bearer first"
    value = sha256(b"\nbert\ttwo\n").hexdigest()[:16]
    assert json.loads(body) == {"spec": {"template": {"metadata": {"annotations": {ANNOTATION: value}}}}}
    wait_for(lambda: known(tmp_path) == {"bert": "two"})
    assert "a rollout of deployments/llm-server: done" in stopped(process).out
    assert len(api.requests) == 1


def test_pods_that_see_the_same_change_ask_for_the_same(api, models, start, tmp_path) -> None:
    for number in range(3):
        start(**by_rollout(api), STATE=str(tmp_path / f"state-{number}"))
    models(bert="two")
    wait_for(lambda: len(api.requests) == 3)
    assert len({body for *_, body in api.requests}) == 1


def test_a_pod_that_was_made_for_a_version_before_that_came_to_it_asks_for_others(api, models, start, tmp_path) -> None:
    """Its models lie on a claim, or a node, of its own: it started with the version before."""
    start(**by_rollout(api))
    models(bert="two")
    wait_for(lambda: api.requests)
    made_for = annotation(api.requests[0][3])
    models(bert="one")
    wait_for(lambda: len(api.requests) == 2)
    start(**by_rollout(api), MADE_FOR=made_for, STATE=str(tmp_path / "its-own"))
    models(bert="two")
    wait_for(lambda: len(api.requests) == 4)
    asked = {annotation(body) for *_, body in api.requests[2:]}
    assert made_for in asked
    assert len(asked) == 2


def test_a_token_that_was_renewed_is_read_again(api, models, start, tmp_path) -> None:
    api.answers = [401] * 1000
    process = start(**by_rollout(api))
    models(bert="two")
    wait_for(lambda: api.requests)
    (tmp_path / "access/token").write_text("second")
    wait_for(lambda: api.requests[-1][2]["Authorization"] == "Bearer second")
    assert api.requests[0][2]["Authorization"] == "Bearer first"
    assert "refused with HTTP 401" in stopped(process).out


def test_an_api_server_that_nobody_vouches_for_gets_no_token(api, models, start, tmp_path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=other"]
    made += ["-keyout", "/dev/null", "-out", str(tmp_path / "access/ca.crt")]
    subprocess.run(made, check=True, capture_output=True)
    process = start(**by_rollout(api))
    models(bert="two")
    assert "curl: (60)" in "".join(process.stdout.readline() for _ in range(2))
    assert api.requests == []
