"""`chartgen images`: every image of a render, and whether registries have them, asked of real ones."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
import urllib.request
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from click.testing import CliRunner
from conftest import CHART

from chartgen import cli
from chartgen.needs import images
from chartgen.remote import registries, web
from tests import registry as servers

QUICK = (0.01, 0.01)
DIGEST = "sha256:" + "a" * 64
CHART_OF_ALL = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          initContainers: [{name: first, image: registry.example.com/a/init:1}]
          containers: [{name: main, image: plain}]
          volumes: [{name: model, image: {reference: registry.example.com/a/model:2}}]
---
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: wide}
spec:
  leaderWorkerTemplate:
    leaderTemplate: {spec: {containers: [{name: leader, image: registry.example.com/a/leader:3}]}}
    workerTemplate: {spec: {containers: [{name: worker, image: registry.example.com/a/worker:4}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: asks, annotations: {helm.sh/hook: test}}
spec: {containers: [{name: test, image: registry.example.com/a/test:5}]}
"""


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """No login of whoever runs the tests."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture
def login(tmp_path):
    """`login(host, user, password)`, as docker login leaves it."""

    def made(host: str, user: str, password: str) -> None:
        (tmp_path / "docker").mkdir(exist_ok=True)
        auth = b64encode(f"{user}:{password}".encode()).decode()
        (tmp_path / "docker/config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))

    return made


@pytest.fixture
def chart(write):
    """A chart of one template, in a folder: `chart(text)`."""

    def made(text: str):
        about = {"apiVersion": "v2", "name": "tiny", "version": "1.0.0"}
        return write({"tiny/Chart.yaml": about, "tiny/values.yaml": "", "tiny/templates/all.yaml": text}) / "tiny"

    return made


def run(*arguments: object):
    result = CliRunner().invoke(cli.main, ["images", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def push(host: str, name: str, tag: str, who: str = "") -> str:
    """A little image in a registry, by its own API; the digest of its manifest."""
    config = b"{}"
    sent = {"Authorization": f"Basic {b64encode(who.encode()).decode()}"} if who else {}

    def ask(method: str, url: str, body: bytes = b"", kind: str = "application/octet-stream"):
        request = urllib.request.Request(url, body, sent | {"Content-Type": kind}, method=method)
        return urllib.request.urlopen(request, timeout=10)

    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    upload = ask("POST", f"http://{host}/v2/{name}/blobs/uploads/").headers["Location"]
    ask("PUT", f"{upload}&digest={digest}", config)
    kind = "application/vnd.oci.image.manifest.v1+json"
    layer = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": layer, "layers": []}).encode()
    return ask("PUT", f"http://{host}/v2/{name}/manifests/{tag}", manifest, kind).headers["Docker-Content-Digest"]


def pod(*names: str) -> str:
    containers = [{"name": f"c{n}", "image": name} for n, name in enumerate(names)]
    return json.dumps(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers}}
    )


# --- what there is --------------------------------------------------------------------------------------------------


def test_every_kind_of_pod_and_every_place_of_an_image_is_looked_at(chart):
    told = json.loads(run(chart(CHART_OF_ALL), "--json").stdout)["images"]
    assert {each["image"]: each["users"] for each in told} == {
        "plain": ["CronJob/nightly: main"],
        "registry.example.com/a/init:1": ["CronJob/nightly: first"],
        "registry.example.com/a/model:2": ["CronJob/nightly: volume model"],
        "registry.example.com/a/leader:3": ["LeaderWorkerSet/wide: leader"],
        "registry.example.com/a/worker:4": ["LeaderWorkerSet/wide: worker"],
        "registry.example.com/a/test:5": ["Pod/asks: test"],
    }


def test_defaults_need_three_images_and_each_user_is_named():
    told = json.loads(run(CHART, "--json").stdout)["images"]
    assert [each["image"].rpartition(":")[0] for each in told] == [
        "curlimages/curl",
        "ghcr.io/open-webui/open-webui",
        "ollama/ollama",
    ]
    assert told[2]["users"] == ["Deployment/llm-server: bring-models", "Deployment/llm-server: server"]
    assert "Pod/llm-server-test: test" in told[0]["users"]


def test_lines_for_a_mirror_say_where_each_image_comes_from(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text("global: {imageRegistry: {ghcr.io: mirror.example.com/ghcr}}\nopenWebui: {enabled: true}\n")
    pairs = [line.split(" ") for line in run(CHART, "-f", file, "--plain").stdout.splitlines()]
    origins = {source.rpartition(":")[0]: image.rpartition(":")[0] for source, image in pairs}
    assert origins == {
        "ghcr.io/open-webui/open-webui": "mirror.example.com/ghcr/open-webui/open-webui",
        "curlimages/curl": "curlimages/curl",
        "ollama/ollama": "ollama/ollama",
    }


@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_one_mirror_under_each_of_its_hosts(tmp_path, host):
    file = tmp_path / "values.yaml"
    file.write_text(
        "global: {imageRegistry: {docker.io: mirror.example.com}}\n"
        f"images: {{ollama: {{repository: {host}/ollama/ollama}}, curl: {{repository: {host}/library/curl}}}}\n"
    )
    told = json.loads(run(CHART, "-f", file, "--json").stdout)["images"]
    names = [each["image"].rpartition(":")[0] for each in told]
    assert sorted(names)[1:] == ["mirror.example.com/library/curl", "mirror.example.com/ollama/ollama"]


def test_package_is_looked_at_as_its_folder_is(chart, helm, tmp_path):
    subprocess.run([helm, "package", chart(pod("a:1")), "-d", tmp_path], check=True, capture_output=True)
    assert run(tmp_path / "tiny-1.0.0.tgz", "--plain").stdout == "a:1 a:1\n"


@pytest.mark.slow
def test_values_that_are_refused_are_told_with_their_file(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text("modle: {}\n")
    said = run(CHART, "-f", file)
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr == f"{file}:1: modle: no such key; did you mean 'model'?\n"
    file.write_text("engine: custom\nimage: {repository: a/b, tag: c}\nmodel: {delivery: none}\n")
    assert f"{file}:3: model.delivery: none downloads no model" in run(CHART, "-f", file).stderr
    said = run(CHART, "-f", file, "--set", "modle=1")
    assert (said.exit_code, said.stderr) == (1, "--set: modle: no such key; did you mean 'model'?\n")
    assert run(CHART, "--set", "modle=1").stderr == said.stderr
    assert "no such file; check the path of the values file" in run(CHART, "-f", tmp_path / "none.yaml").stderr
    assert "is not a chart" in run(tmp_path).stderr


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("busybox", ("docker.io", "library/busybox", "latest")),
        ("ollama/ollama:0.35.1", ("docker.io", "ollama/ollama", "0.35.1")),
        ("docker.io/busybox:1", ("docker.io", "library/busybox", "1")),
        ("localhost/x:1", ("localhost", "x", "1")),
        ("localhost:5000/x", ("localhost:5000", "x", "latest")),
        (f"ghcr.io/a/b/c:v1@{DIGEST}", ("ghcr.io", "a/b/c", DIGEST)),
        (f"registry.example.com:5000/a@{DIGEST}", ("registry.example.com:5000", "a", DIGEST)),
    ],
)
def test_reference_is_read_as_docker_reads_it(image, parts):
    assert registries.parse(image) == registries.Reference(*parts)


# --- whether it is there --------------------------------------------------------------------------------------------


def test_image_that_is_there_is_told_with_its_digest(chart):
    with servers.registry() as server:
        digest = push(server.host, "a/b", "1")
        by_tag, by_digest = f"{server.host}/a/b:1", f"{server.host}/a/b@{digest}"
        said = run(chart(pod(by_tag, by_digest)), "--check", "--json", "--plain-http", server.host)
        assert said.exit_code == 0
        assert {each["image"]: each["digest"] for each in json.loads(said.stdout)["images"]} == {
            by_tag: digest,
            by_digest: digest,
        }


def test_image_that_is_missing_is_told_with_who_wants_it(chart):
    with servers.registry() as server:
        push(server.host, "a/b", "1")
        said = run(chart(pod(f"{server.host}/a/b:2", f"{server.host}/c:1")), "--check", "--plain-http", server.host)
    assert said.exit_code == 1
    assert f"tiny: Pod/p: c0: {server.host}/a/b:2 not found: {server.host} has no 2 of a/b; correct" in said.stderr
    assert "has no 1 of c; correct the repository, the tag or the digest, or push the image" in said.stderr


@pytest.mark.slow
def test_registry_that_wants_to_know_who_one_is_is_told_what_docker_login_left(chart, login):
    with servers.registry(authentication=True) as server:
        push(server.host, "a", "1", f"{servers.USER}:{servers.PASSWORD}")
        folder = chart(pod(f"{server.host}/a:1"))
        refused = run(folder, "--check", "--plain-http", server.host)
        assert refused.exit_code == 1
        assert f"not found, or access denied: {server.host} answers HTTP 401 without a login" in refused.stderr
        assert f"'docker login {server.host}'" in refused.stderr
        login(server.host, servers.USER, "wrong")
        assert f"answers HTTP 401 as {servers.USER}" in run(folder, "--check", "--plain-http", server.host).stderr
        login(server.host, servers.USER, servers.PASSWORD)
        assert run(folder, "--check", "--plain-http", server.host).exit_code == 0


@pytest.mark.slow
def test_registry_that_hands_out_tokens_is_asked_for_one_a_repository(login):
    with token_server() as server:
        asking = registries.Registries((server.host,), pauses=QUICK)
        assert asking.look(f"{server.host}/public/a:1").digest == DIGEST
        assert asking.look(f"{server.host}/public/a:2").digest == DIGEST
        assert server.asked == [("", "repository:public/a:pull", "tokens")]
        assert "access denied" in asking.look(f"{server.host}/private/a:1").fault
        login(server.host, "u", "p")
        assert registries.Registries((server.host,)).look(f"{server.host}/private/a:1").digest == DIGEST


@pytest.fixture
def answered(monkeypatch):
    """Registries that want a token of `realm`: what they and it are asked, (method, URL, how one says who one is)."""

    def made(realm: str) -> list[tuple[str, str, str]]:
        asked = []

        def answer(method, url, headers, **_):
            asked.append((method, url, headers.get("Authorization", "").partition(" ")[0]))
            if url.startswith(realm):
                return registries.web.Answer(200, {}, b'{"token": "t"}')
            known = headers.get("Authorization") == "Bearer t"
            challenge = {"www-authenticate": f'Bearer realm="{realm}",service="registry.docker.io"'}
            told = {"content-type": registries.MANIFESTS[0], "docker-content-digest": DIGEST}
            return registries.web.Answer(200 if known else 401, challenge | told, b"")

        monkeypatch.setattr(registries.web, "ask", answer)
        return asked

    return made


def test_docker_hub_is_asked_where_it_answers_and_by_its_own_login(answered, login):
    login("https://index.docker.io/v1/", "u", "p")
    asked = answered("https://auth.docker.io/token")
    registries.Registries().look("ollama/ollama:1")
    manifest = "https://registry-1.docker.io/v2/ollama/ollama/manifests/1"
    token = "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aollama%2Follama%3Apull"
    assert asked == [("HEAD", manifest, ""), ("GET", token, "Basic"), ("HEAD", manifest, "Bearer")]


def test_password_goes_to_nobody_who_listens_without_encryption(answered, login):
    login("registry.example.com", "u", "p")
    asked = answered("http://tokens.example.com/token")
    registries.Registries().look("registry.example.com/a:1")
    assert [who for _, url, who in asked if url.startswith("http://")] == [""]


def test_registry_that_does_not_answer_is_exit_code_2_and_asked_once(chart):
    host = f"127.0.0.1:{servers.free_port()}"
    listed = images.images(chart(pod(f"{host}/a:1", f"{host}/b:1")), [], [], print)
    heard: list[str] = []
    asking = registries.Registries((host,), pauses=QUICK, say=heard.append)
    told, problems, silent = images.check(listed, "values.yaml", asking)
    assert (told, problems) == ([], [])
    assert len(silent) == 1
    assert "no answer: Connection refused" in silent[0]
    assert len(heard) == len(QUICK)


def test_missing_image_and_silent_registry_are_both_told(chart, monkeypatch):
    silent = f"127.0.0.1:{servers.free_port()}"
    with servers.registry() as server:
        folder = chart(pod(f"{server.host}/a:1", f"{silent}/b:1"))
        monkeypatch.setattr(web.time, "sleep", lambda seconds: None)
        said = run(folder, "--check", "--plain-http", server.host, "--plain-http", silent)
    assert said.exit_code == 2
    assert "has no 1 of a" in said.stderr
    assert f"chartgen: {silent}: no answer" in said.stderr


def test_registry_without_encryption_is_told_as_such(chart):
    with servers.registry() as server:
        said = run(chart(pod(f"{server.host}/a:1", f"{server.host}/b:1")), "--check")
    assert said.exit_code == 1
    assert (
        said.stderr == f"{server.host}: does not use TLS; correct the address, or allow plain HTTP with --plain-http\n"
    )


def test_certificate_of_ones_own_authority_is_trusted_where_it_is_named(chart, tmp_path):
    ca = trustme.CA()
    issued = ca.issue_cert("127.0.0.1")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    (tmp_path / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    with servers.registry(certificate=(tmp_path / "cert.pem", tmp_path / "key.pem")) as server:
        folder = chart(pod(f"{server.host}/a:1"))
        assert "has an untrusted certificate" in run(folder, "--check").stderr
        trusted = run(folder, "--check", "--ca-file", tmp_path / "ca.pem")
    assert "has no 1 of a" in trusted.stderr


@contextmanager
def token_server():
    """A registry that lets one in by tokens alone, as Docker Hub and ghcr.io do; private/… wants u with p."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            repository = self.path.removeprefix("/v2/").partition("/manifests/")[0]
            if self.headers.get("Authorization") == f"Bearer {repository}":
                self._say(200, {"Docker-Content-Digest": DIGEST, "Content-Type": registries.MANIFESTS[0]})
                return
            realm = f'Bearer realm="http://{server.host}/token",service="tokens",scope="repository:{repository}:pull"'
            self._say(401, {"WWW-Authenticate": realm})

        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            who = self.headers.get("Authorization", "")
            server.asked.append((who, query["scope"][0], query["service"][0]))
            repository = query["scope"][0].split(":")[1]
            if repository.startswith("private") and who != f"Basic {b64encode(b'u:p').decode()}":
                self._say(401, {})
                return
            self._say(200, {}, json.dumps({"access_token": repository}).encode())

        def _say(self, status, headers, body=b""):
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.host, server.asked = f"127.0.0.1:{server.server_port}", []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
