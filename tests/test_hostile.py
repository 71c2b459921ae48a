"""What the command line is given by others: pipes, links, servers and settings that do what they should not."""

from __future__ import annotations

import errno
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
import unicodedata
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT

from chartgen import cli
from chartgen.chart import disk
from chartgen.chart.disk import Chart
from chartgen.problem import Faults, Problem, ToolError, escaped
from chartgen.programs import lock
from chartgen.reading import shape
from chartgen.release import package as packages
from chartgen.remote import credentials, registries, web
from chartgen.terminal import printable
from tests import hostile_server

LONG = 10  # seconds: more than any request may take here, less than one may take otherwise
ABOUT = "apiVersion: v2\nname: tiny\nversion: 1.0.0\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty folder: (exit code, standard error)."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments, **more):
        done = CliRunner().invoke(cli.main, arguments, **more)
        assert isinstance(done.exception, SystemExit | None)
        return done.exit_code, done.stderr

    return command


@pytest.fixture
def package(tmp_path):
    """A package, in the folder of `run`."""
    data = packages.zipped(packages.archive({"tiny/Chart.yaml": ABOUT.encode()}))
    (tmp_path / "tiny-1.0.0.tgz").write_bytes(data)
    return "tiny-1.0.0.tgz"


@contextmanager
def server(location: str):
    """A server that redirects everything to `location`: its URL, and the Authorization headers that it saw."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers.get("Authorization"))
            self.send_response(302 if location else 200)
            self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/", seen
        listening.shutdown()


# --- URLs and servers ---


@pytest.mark.parametrize("url", ["https://[::1", "https://", "https://h:99999/x", "https://a b/", "https://é.example/"])
def test_what_is_no_url_is_a_sentence(run, package, url):
    code, said = run("publish", url, package)
    assert (code, "is not an http:// or https:// URL; write it as https://HOST/PATH" in said) == (1, True)


@pytest.mark.parametrize("url", ["https://ada:s3cret@h/x", "oci://ada:s3cret@h/x", "ftp://ada:s3c@ret@h/x"])
def test_the_password_of_a_url_is_never_printed(run, package, url):
    code, said = run("publish", url, package)
    assert (code, "s3c" in said, "…@h" in said) == (1, False, True)


def test_passwords_and_tokens_are_never_printed():
    token = "hf_" + "a1B2" * 8
    said = printable(f'"u:pw@reg.example.com/x" {token} sk-{"x" * 20} (ghp_{"a" * 36}) x://u:p@h')
    assert said == '"…@reg.example.com/x" hf_… sk-… (ghp_…) x://…@h'
    for fine in (
        f"reg:5000/a:1.2@sha256:{'0' * 64}",
        "task-force-and-more-words sk-8 eyJ",
        "a@b.example.com a.yaml:3: x@y",
    ):
        assert printable(fine) == fine


def test_an_index_never_publishes_a_password(run, package):
    assert run("publish", "site", package, "--site-url=https://a:b@h/x")[0] == 1
    assert not Path("site").exists()


def test_what_moves_a_cursor_is_printed_as_an_escape():
    assert printable("a\x1b[2Jb\r\u202ec\udcff") == "a\\x1b[2Jb\\r\\u202ec\\udcff"
    assert printable("é: 日本\n\tb") == "é: 日本\n\tb"


def test_every_character_that_is_a_command_is_printed_as_an_escape_on_terminals_and_in_pictures():
    moves = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for each in map(chr, range(sys.maxunicode + 1)):
        command = unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(each) in moves
        if command:
            assert each in "\n\t" or printable(each).startswith("\\"), ascii(each)
            assert escaped(each, lines=False).startswith("\\"), ascii(each)
    assert escaped("é: 日本\u3000👩\u200d🔬", lines=False) == "é: 日本\u3000👩\u200d🔬"


def test_a_redirect_from_https_to_http_is_refused():
    request = web.urllib.request.Request("https://h/x", headers={"Authorization": "Basic x"})
    with pytest.raises(Faults, match="redirects from HTTPS to plain HTTP"):
        web._Redirects().redirect_request(request, None, 302, "", {}, "http://h/x")


@pytest.mark.parametrize("to", ["https://h:8443/x", "https://other/x"])
def test_a_login_is_not_sent_to_another_origin(to):
    request = web.urllib.request.Request("https://h/x", headers={"Authorization": "Basic x"})
    made = web._Redirects().redirect_request(request, None, 302, "", {}, to)
    assert not made.has_header("Authorization")
    made = web._Redirects().redirect_request(request, None, 302, "", {}, "https://h/y")
    assert made.has_header("Authorization")


@pytest.mark.slow
def test_a_login_does_not_follow_a_redirect_to_another_port():
    with server("") as (there, seen), server(there) as (url, first):
        web.ask("GET", url, {"Authorization": "Basic x"})
    assert (first, seen) == (["Basic x"], [None])


@pytest.mark.slow
@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "http://[::1"])
def test_a_redirect_leads_only_to_a_web_server(location):
    with server(location) as (url, _), pytest.raises(Faults):
        web.ask("GET", url)


@pytest.mark.slow
@pytest.mark.parametrize("location", ["file:///etc/passwd", "data:,x"])
def test_a_redirect_opens_no_file(location):
    with server(location) as (url, _):
        answer = web.ask("GET", url)
    assert (answer.status, answer.body) == (302, b"")


@pytest.mark.parametrize(
    "config",
    [
        *([], 1, {"auths": []}, {"auths": {"h": 1}}, {"auths": {"h": {"auth": 1}}}, {"auths": {"h": {"auth": "a"}}}),
        *({"credsStore": 1}, {"credsStore": "../../x"}, {"credHelpers": []}),
    ],
    ids=json.dumps,
)
def test_a_docker_configuration_of_another_form_is_a_sentence(tmp_path, monkeypatch, config):
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(Faults, match="correct the file, or run 'docker login' again"):
        credentials.docker("h")


def test_a_token_is_what_a_header_can_hold(monkeypatch):
    monkeypatch.setenv("CHARTGEN_TOKEN", "a\nb")
    with pytest.raises(Faults, match="CHARTGEN_TOKEN: is not a token"):
        credentials.given(None)


@pytest.fixture
def impatient(monkeypatch):
    """A request may take half a second, and is not tried again."""
    monkeypatch.setattr(web, "TIMEOUT", 0.5)
    monkeypatch.setattr(web, "PATIENCE", 0)


@pytest.mark.slow
@pytest.mark.parametrize("way", hostile_server.WAYS)
@pytest.mark.parametrize("start", hostile_server.STARTS)
def test_every_request_ends_in_its_time_wherever_a_server_stops_and_however_it_goes_on(impatient, start, way):
    with hostile_server.server(hostile_server.STARTS[start], hostile_server.WAYS[way]) as host:
        began = time.monotonic()
        with suppress(Faults, ToolError, web.Passing):
            web.ask("GET", f"http://{host}/x", most=1 << 20)
    assert time.monotonic() - began < web.TIMEOUT + (1 << 20) / web.SLOWEST + LONG


@pytest.mark.slow
@pytest.mark.parametrize("way", ["silence", "a byte at a time", "with one more of these"])
@pytest.mark.parametrize("start", ["nothing", "half a header", "a redirect", "a refusal"])
def test_no_command_waits_longer_than_its_requests_may_take(run, package, impatient, monkeypatch, tmp_path, start, way):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    with hostile_server.server(hostile_server.STARTS[start], hostile_server.WAYS[way]) as host:
        for target in (f"http://{host}/charts", f"oci://{host}/charts"):
            began = time.monotonic()
            code, said = run("publish", target, package, "--plain-http")
            assert (code in (1, 2), len(said.splitlines())) == (True, 1)
            assert time.monotonic() - began < LONG
        asking = registries.Registries((host,), say=print)
        with suppress(ToolError):
            assert asking.look(f"{host}/a:1").fault
        assert time.monotonic() - began < LONG


@pytest.mark.slow
def test_an_answer_that_takes_long_is_waited_for_while_it_comes(monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT", 0.2)
    monkeypatch.setattr(web, "SLOWEST", 1 << 16)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    with hostile_server.server(head, (b"a" * 20_000, 0.02)) as host:
        assert len(web.ask("GET", f"http://{host}/x").body) == 1_000_000


PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>Log in</html>"


@pytest.mark.parametrize("page", [PORTAL, PORTAL.replace(b"text/html", b"application/json"), PORTAL[:19] + b"\r\n"])
def test_a_server_that_says_yes_to_everything_has_no_image(page):
    with hostile_server.server(page, None) as host, pytest.raises(ToolError, match="that is not the manifest of a"):
        registries.Registries((host,), say=print).look(f"{host}/a:1")


@pytest.mark.parametrize("page", [PORTAL, PORTAL.replace(b"200 OK", b"202 Accepted").partition(b"<")[0]])
def test_a_server_that_says_yes_to_everything_has_no_package(run, package, page):
    with hostile_server.server(page, None) as host:
        code, said = run("publish", f"http://{host}/charts", package, "--plain-http")
    assert (code, "with something that is not tiny-1.0.0.tgz; check the URL" in said) == (2, True)


# --- a folder of packages ---


@pytest.mark.parametrize("entries", ["1", "[1]", "{tiny: 1}", "{tiny: [1]}", "{tiny: {a: b}}"])
def test_an_index_of_another_form_is_a_sentence(run, package, entries):
    Path("site").mkdir()
    Path("site/index.yaml").write_text(f"entries: {entries}\n")
    code, said = run("publish", "site", package)
    assert (code, "entries: is not a map of charts to lists of versions" in said) == (1, True)


@pytest.mark.slow
def test_of_two_publishes_at_once_one_waits(tmp_path):
    said, order, file = [], [], tmp_path / "site/.lock"
    with lock.held(file, said.append):
        waiting = threading.Thread(target=lambda: other(file, said, order))
        waiting.start()
        waiting.join(0.5)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]
    assert len(said) == 1
    assert not file.exists()


def other(file, said, order):
    with lock.held(file, said.append):
        order.append("second")


# --- values ---


@pytest.mark.slow
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(run, monkeypatch):
    monkeypatch.setattr("chartgen.files.PATIENCE", 0.1)
    os.mkfifo("pipe")
    code, said = run("validate", "-f", "pipe")
    assert (code, said) == (
        1,
        "pipe: nothing was written to this pipe in 0.1 s; write to it, or name a file\n",
    )


@pytest.mark.slow
def test_credentials_are_read_from_a_pipe_that_somebody_writes_to(tmp_path, monkeypatch):
    monkeypatch.setattr("chartgen.files.PATIENCE", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Faults, match="nothing was written to this pipe"):
        credentials.given(tmp_path / "pipe")
    with subprocess.Popen(["sh", "-c", f"echo me:secret > {tmp_path}/pipe"]):
        monkeypatch.setattr("chartgen.files.PATIENCE", 10)
        assert credentials.given(tmp_path / "pipe") == credentials.Login("me", "secret")


def test_what_helm_says_of_a_foreign_chart_has_a_remedy(run, tmp_path):
    for file, text in {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "values.yaml": "{}\n"}.items():
        (tmp_path / "c/templates").mkdir(parents=True, exist_ok=True)
        (tmp_path / "c" / file).write_text(text)
    (tmp_path / "c/templates/a.yaml").write_text("kind: {a\n")
    (tmp_path / "v.yaml").write_text("a: 1\n")
    for words in (["-f", str(tmp_path / "v.yaml")], []):
        code, said = run("images", str(tmp_path / "c"), *words)
        assert code == 1
        assert "YAML parse error on c/templates/a.yaml" in said
        assert said.endswith("; correct the values, or this file of the chart\n")


def test_a_device_without_an_end_is_read_up_to_a_limit(run, monkeypatch):
    monkeypatch.setattr("chartgen.files.LARGEST", 1 << 20)
    assert run("validate", "-f", "/dev/zero") == (1, "/dev/zero: is larger than 1 MiB; name a smaller file\n")


@pytest.mark.parametrize("command", ["plan", "validate", "images", "diff x y", "diagram"])
@pytest.mark.parametrize("given", ["a=/dev/zero", "a=small,b.c=/dev/zero", "a=pipe", "a=with\\,comma", "a=large"])
def test_a_file_of_a_single_value_is_a_regular_file_of_a_size(run, monkeypatch, command, given):
    monkeypatch.setattr("chartgen.files.data.__defaults__", (None, 1 << 20))
    os.mkfifo("pipe")
    os.mkfifo("with,comma")
    Path("small").write_text("a", encoding="utf-8")
    Path("large").write_bytes(b"a" * (2 << 20))
    code, said = run(*command.split(), "--set-file", given)
    kinds = ("is a device", "is a named pipe", "is larger than 1 MiB")
    assert (code, said.count("\n"), any(kind in said for kind in kinds)) == (1, 1, True)


def test_a_pattern_that_takes_for_ever_ends(monkeypatch):
    monkeypatch.setattr(shape, "LONGEST", 0.2)
    (problem,) = shape.check({"a": "a" * 60 + "b"}, {}, {"properties": {"a": {"pattern": "^(a+)+$"}}}, "x")
    assert problem == Problem("x", 0, "", "checking the values against the schema takes more than 0.2 s", shape.SIMPLER)


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"properties": {"a": {"$ref": "#/properties/a"}}}])
def test_a_schema_that_refers_to_itself_ends(schema):
    assert "refers to itself" in shape.check({"a": 1}, {}, schema, "x")[0].message


@pytest.mark.slow
def test_a_template_that_asks_for_all_memory_is_a_sentence(run):
    Path("c/templates").mkdir(parents=True)
    Path("c/Chart.yaml").write_text(ABOUT, encoding="utf-8")
    Path("c/templates/a.yaml").write_text("{{ range until 2000000000 }}{{ end }}\n", encoding="utf-8")
    code, said = run("images", "c")
    assert (code, "helm needs more than 4 GiB of memory for these templates" in said) == (1, True)


# --- a chart's folder ---


def test_a_build_into_a_link_leaves_the_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    disk.write(Chart("c", {"Chart.yaml": f"{disk.MARK}\n"}), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in (tmp_path / "real").iterdir()) == ["Chart.yaml"]


def test_a_build_removes_no_repository(tmp_path):
    chart = Chart("c", {"Chart.yaml": f"{disk.MARK}\n"})
    disk.write(chart, tmp_path / "c")
    (tmp_path / "c/.git").mkdir()
    with pytest.raises(Faults, match="is the top folder of a Git repository, which a build would remove"):
        disk.write(Chart("c", {"Chart.yaml": f"{disk.MARK}\nname: c\n"}), tmp_path / "c")
    assert (tmp_path / "c/.git").is_dir()


STACK = "chart: {name: tiny, version: 1.0.0, description: Tiny.}\nfragmentPaths: [fragments]\nfragments: [g/a]\n"
OLLAMA = "replicaCount: 2\nollama: {models: {pull: [phi4]}}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b/c:1}]}\n"
WRITERS = {
    "build": "build stack.yaml -o out/chart",
    "new stack": "new stack little --in out/little",
    "new fragment": "new fragment engine/little --in out/fragments",
    "new fragment of a stack": "new fragment engine/little --stack stack.yaml",
    "import": "import mine.yaml -o out/values.yaml --report out/report.txt",
    "diagram": "diagram pod.yaml -o out/o.svg",
    "package": "package stack.yaml -d out --no-proof",
    "publish": "publish out/site tiny-1.0.0.tgz",
    "publish --force": "publish site tiny-1.0.0.tgz --force",
    "validate": "validate chart -q --sarif out/b.sarif",
}


@pytest.fixture
def workplace(run, package):
    """A folder with something to read for each of WRITERS."""
    for name, text in {"stack.yaml": STACK, "mine.yaml": OLLAMA, "pod.yaml": POD}.items():
        Path(name).write_text(text, encoding="utf-8")
    Path("CHANGELOG.md").write_text("# Changelog\n\n## 1.0.0\n\n- First.\n", encoding="utf-8")
    Path("fragments/g/a").mkdir(parents=True)
    Path("fragments/g/a/fragment.yaml").write_text("summary: A little fragment.\n", encoding="utf-8")
    Path("chart/templates").mkdir(parents=True)
    Path("chart/Chart.yaml").write_text(ABOUT, encoding="utf-8")
    Path("chart/templates/a.yaml").write_text(POD, encoding="utf-8")
    Path("site").mkdir()
    Path("site/tiny-1.0.0.tgz").write_bytes(packages.zipped(packages.archive({"tiny/Chart.yaml": b"old"})))
    return run


def tree() -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(Path().rglob("*"))}


@pytest.mark.slow
@pytest.mark.parametrize("command", WRITERS.values(), ids=WRITERS.keys())
def test_a_full_disk_leaves_every_file_as_it_was_or_whole_and_is_named(workplace, monkeypatch, tmp_path, command):
    before, written, halves = tree(), 0, []
    while True:
        with monkeypatch.context() as disk_, full_after(disk_, tmp_path, written) as failed:
            code, said = workplace(*command.split())
        if not failed:
            break
        left, written = tree(), written + 1
        assert code == 2
        last = said.splitlines(keepends=True)[-1]
        named = last.removeprefix("chartgen: ").removesuffix(f": {os.strerror(errno.ENOSPC)}; free some space there\n")
        assert Path(named).resolve().is_relative_to(tmp_path)
        assert not Path(named).exists() or before.get(named) == left[named]
        halves.append(left)
    assert written > 0
    assert code in (0, 1)
    after = tree()
    for left in halves:
        assert before.keys() <= left.keys()
        for path, content in left.items():
            assert path in before or path in after
            assert content in [known[path] for known in (before, after) if path in known]
            assert path in before or any(content for other, content in left.items() if other.startswith(path))


@contextmanager
def full_after(monkeypatch, place: Path, writes: int):
    """A disk that takes so many files more below `place`, and of the next one half; what failed is in the list."""
    failed, count = [], 0

    def written(keep):
        def write(path, content, *arguments, **named):
            nonlocal count
            if not path.resolve().is_relative_to(place):
                return keep(path, content, *arguments, **named)
            count += 1
            if count <= writes:
                return keep(path, content, *arguments, **named)
            keep(path, content[: len(content) // 2], *arguments, **named)
            failed.append(path)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as a write says it: without a name

        return write

    for name in ("write_text", "write_bytes"):
        monkeypatch.setattr(Path, name, written(getattr(Path, name)))
    yield failed


# What writes by itself: into folders that exist only while a command runs, or into memory.
OWN_WRITERS = {
    "chart/asking.py": "the copy of a chart that is asked",
    "chart/disk.py": "below files.whole",
    "chart/given.py": "copies of pipes",
    "chart/loaded.py": "a package, unpacked",
    "chart/valuesfile.py": "values for Helm",
    "configure/look.py": "the page's values",
    "configure/pagepython.py": "Python for a page, in a folder that is renamed once it is whole",
    "files.py": "the writer",
    "importing/settle.py": "values that are tried",
    "kubernetes/prepare.py": "schemas, in a folder that is renamed once it is whole",
    "programs/gorun.py": "what Go prints",
    "programs/helm.py": "a chart that prints values",
    "programs/kubeconform.py": "documents to check",
    "programs/renderer.py": "what a page renders with, in a folder that is renamed once it is whole",
    "programs/lock.py": "locks",
    "programs/toolversion.py": "a schema to try a program with",
    "proofs/runs.py": "values for Helm",
    "release/oci.py": "a login, for one command",
    "release/package.py": "memory",
    "release/provenance.py": "what is signed",
    "release/releasing.py": "the package that is proved",
    "release/site.py": "the package, for Helm's index",
    "sources/scaffold.py": "below files.whole",
}


def test_nothing_else_writes_a_file():
    writes = re.compile(r"""\.write_(text|bytes)\(|open\([^)\n]*["'][wax]b?\+?["']|O_WRONLY|O_RDWR|open\("w""")
    folder = ROOT / "chartgen"
    files = [file for file in folder.rglob("*.py") if "fragments" not in file.parts and "skeletons" not in file.parts]
    found = {str(file.relative_to(folder)) for file in files if writes.search(file.read_text(encoding="utf-8"))}
    assert found == OWN_WRITERS.keys()


# --- links where others can write ---


@pytest.mark.parametrize("name", ["tiny-1.0.0.tgz", "index.yaml", "tiny-1.0.0.tgz.prov"])
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("more", [(), ("--force",), ("--dry-run",)])
def test_no_link_in_a_folder_of_packages_is_followed(run, package, name, there, more):
    Path("site").mkdir()
    if there:
        Path("outside").write_bytes(b"{}")
    Path("site", name).symlink_to("../outside")
    code, said = run("publish", "site", package, *more)
    assert (code, said) == (1, f"site/{name}: is a symbolic link; put a copy of what it points to in its place\n")
    assert Path("site", name).is_symlink()
    assert [path.read_bytes() for path in Path().glob("outside")] == [b"{}"] * there


def test_an_index_that_helm_cannot_read_leaves_no_package(run, package):
    Path("site").mkdir()
    Path("site/index.yaml").write_text(f"apiVersion: v1\nentries: {{}}\ngenerated: {'9' * 5000}\n", encoding="utf-8")
    code, said = run("publish", "site", package)
    assert (code, said.startswith("site/index.yaml: "), said.count("\n")) == (1, True, 1)
    assert [path.name for path in Path("site").iterdir()] == ["index.yaml"]
