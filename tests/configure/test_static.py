"""The static page: its folder, and the page in a real Chromium, served by a plain server below a path."""

from __future__ import annotations

import ast
import functools
import http.server
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from configure.browser import PROGRAM, Page, browser
from configure.test_page import FINE, OFFERED, accept, answer, drop_an_example, settled, write
from conftest import CHART

from chartgen import cli
from chartgen.chart import loaded
from chartgen.configure import look, pagepython, static
from chartgen.problem import Faults, ToolError
from chartgen.programs import prover, tools

NODE = shutil.which("node") and shutil.which("npm")
browsed = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on PATH"),
    pytest.mark.skipif(not NODE, reason="no node on PATH"),
]
# The first that the page itself renders, or why it cannot.
READY = "document.querySelector('#manifests pre')?.textContent || document.querySelector('#engine.bad')?.textContent"
START = 120.0  # seconds, where many others use the processors
LOADED = "document.getElementById('engine').hidden"


class Server(http.server.ThreadingHTTPServer):
    """A plain server of a folder, which knows nothing of the page; what was asked of it is in `asked`."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), functools.partial(Plain, directory=str(folder)))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self) -> None:
        self.shutdown()
        self.server_close()


class Plain(http.server.SimpleHTTPRequestHandler):
    def guess_type(self, path: Any) -> str:
        known = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
        return known.get(str(path).rpartition(".")[2], "application/octet-stream")

    def log_message(self, format: str, *arguments: Any) -> None:
        assert isinstance(self.server, Server)
        self.server.asked.append(self.path)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the page of llm-stack is below a path."""
    top = tmp_path_factory.mktemp("site")
    made = CliRunner().invoke(cli.main, ["configure", str(CHART), "-o", str(top / "charts/page")])
    assert made.exit_code == 0, made.output
    return top


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[Server]:
    made = Server(site)
    yield made
    made.end()


@pytest.fixture(scope="module")
def tab(server: Server) -> Iterator[Page]:
    with browser() as page:
        page.open(f"http://127.0.0.1:{server.server_address[1]}/charts/page/")
        assert "kind: Deployment" in page.wait(READY, START)
        yield page


@pytest.fixture
def page(tab: Page) -> Page:
    """The page with nothing set, and all that it loads loaded."""
    put(tab, "")
    return tab


def put(page: Page, text: str) -> None:
    """Write a values file, and wait until the page says what it means."""
    write(page, text)
    page.wait("document.querySelector('#state').className !== ''", START)


class TestPage:
    pytestmark = browsed

    def test_a_first_visit_shows_what_the_defaults_mean_and_requests_nothing_outside(
        self, tab: Page, server: Server
    ) -> None:
        tab.wait(FINE)
        assert "weights" in tab.run("document.querySelector('#plan pre').textContent")
        assert tab.run("document.querySelector('#picture svg') !== null")
        tab.wait("document.querySelector('#manifests pre').textContent.includes('kind: Deployment')")
        own = f"http://127.0.0.1:{server.server_address[1]}/charts/page/"
        assert {each for each in tab.requested if not each.startswith((own, "data:", "about:"))} == set()
        assert any(each.endswith("renderer.wasm.packed") for each in tab.requested)
        assert tab.logged == []

    def test_the_manifests_of_the_defaults_are_there_before_values_can_be_answered(self, server: Server) -> None:
        with browser() as page:
            page.open(f"http://127.0.0.1:{server.server_address[1]}/charts/page/")
            page.run(f"""window.early = new Promise((done) => {{
              const look = () => ({READY} ? done([{LOADED}, {READY}]) : requestAnimationFrame(look));
              look();
            }})""")
            answers, manifests = page.run("window.early")
            assert not answers
            assert "kind: Deployment" in manifests

    def test_a_question_is_answered_with_a_values_file_a_plan_and_manifests(self, page: Page) -> None:
        answer(page, "gpu.vendor", "nvidia")
        page.wait("document.getElementById('text').value === 'gpu:\\n  vendor: nvidia\\n'")
        settled(page)
        assert "nvidia.com/gpu" in page.run("document.querySelector('#manifests pre').textContent")
        assert "1 × nvidia" in page.run("document.querySelector('#plan pre').textContent")

    def test_a_refusal_is_at_the_question_that_it_concerns(self, page: Page) -> None:
        answer(page, "model.contextLength", "many")
        page.wait("document.querySelector('#state.bad') !== null")
        assert "expected an integer" in page.run("document.getElementById('q-model.contextLength-error').textContent")
        answer(page, "model.contextLength", "")
        page.wait(FINE)

    def test_the_editor_completes_what_is_typed_and_marks_what_is_refused(self, page: Page) -> None:
        page.run("document.querySelector('.cm-content').focus()")
        page.type("gpu:\nven")
        page.wait(f"{OFFERED}.join() === 'vendor'")
        accept(page)
        page.type("nobody")
        # Until its answer is there, the marks are those of what was typed before.
        page.wait("document.querySelector('.cm-lintRange-error')?.innerText === 'vendor: nobody'")
        assert page.run("document.querySelector('.cm-lint-marker-error') !== null")
        assert page.logged == []

    def test_a_dropped_file_fills_the_questions(self, page: Page) -> None:
        drop_an_example(page)

    def test_once_it_is_loaded_the_page_needs_no_network(self, page: Page, server: Server) -> None:
        before = list(server.asked)
        put(page, "gpu: {vendor: amd}\n")
        assert "amd.com/gpu" in page.run("document.querySelector('#manifests pre').textContent")
        assert server.asked == before

    def test_after_values_that_are_too_much_for_it_the_page_goes_on(self, page: Page) -> None:
        page.run("""(() => {
          const own = Worker.prototype.postMessage;
          Worker.prototype.postMessage = function (message) {
            Worker.prototype.postMessage = own;
            this.onmessage({ data: { id: message.id, ended: true, answer: { error: "the stack is too small" } } });
          };
        })()""")
        put(page, "gpu: {vendor: tpu}\n")
        assert "the stack is too small" in page.run("document.getElementById('state').textContent")
        assert not page.run(LOADED)
        put(page, "gpu: {vendor: amd}\n")
        assert page.run(LOADED)
        assert "amd.com/gpu" in page.run("document.querySelector('#manifests pre').textContent")

    def test_the_worker_says_of_every_example_and_of_refused_values_what_chartgen_says(self, tab: Page) -> None:
        texts = [file.read_text(encoding="utf-8") for file in sorted((CHART / "examples").glob("*.yaml"))]
        tab.run("""new Promise((done) => {
          const { parts } = document.documentElement.dataset;
          window.other = new Worker(`${parts}worker.js`, { type: "module" });
          other.onmessage = ({ data }) => done(data.ready);
        })""")
        found = loaded.load(CHART, CHART.name)
        with (
            tempfile.TemporaryDirectory() as place,
            prover.started(tools.ensure(["helm", "kubeconform"], print)) as (own, _),
        ):
            shown = look.Shown.of(found, Path(place))
            for text in [*texts, *REFUSED]:
                expected = look.look(shown, text, print, own)
                asked = asking(tab, {"text": text})["answer"]
                assert fixed(asked) == fixed({"text": text, **expected})
                assert bool(expected["problems"]) == (text in REFUSED)
        assert asking(tab, {"nothing": 1})["ended"]


def asking(tab: Page, body: object) -> dict[str, Any]:
    """What the other worker answers."""
    return json.loads(
        tab.run(f"""new Promise((done) => {{
      other.onmessage = ({{ data }}) => {{ if (data.id) done(JSON.stringify(data)); }};
      other.postMessage({{ id: 1, body: {json.dumps(body)} }});
    }})""")
    )


def fixed(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is made at random: the data of Secrets, and the hashes of them."""
    return answer | {"manifests": re.sub(r"(?m)^(\s+\S+: \"?)\S{30,}\"?$", r"\1random", answer.get("manifests", ""))}


REFUSED = [
    *(
        "gpu: {cuont: 1}\n",
        "model: {contextLength: many}\n",
        "a: [\n",
        "- a\n",
        "model: {tag: y}\n",
        "{" * 450 + "}" * 450,
    ),
    *(
        "gpu: null\n",
        "replicas: 2\nmodelCache: {type: none}\n",
        "model:\n  name: x\n  name: y\n",
        "servers: {a: {engine: no}}\n",
    ),
    *(
        "engine: vllm\nmodel: {name: meta/x}\nsource: ollama\n",
        "openWebui: {enabled: maybe}\n",
        "\ta: 1\n",
        "a: &a [*a]\n",
    ),
]


class TestFolder:
    def test_the_folder_is_the_same_for_the_same_chart_and_others_are_left_alone(
        self, site: Path, tmp_path: Path
    ) -> None:
        again = CliRunner().invoke(cli.main, ["configure", str(CHART), "-o", str(site / "charts/page")])
        assert again.output.startswith("unchanged: ")
        (tmp_path / "mine.txt").touch()
        refused = CliRunner().invoke(cli.main, ["configure", str(CHART), "-o", str(tmp_path)])
        assert refused.exit_code == 1
        assert "was not made by chartgen" in refused.output
        assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]

    pytestmark = browsed[:1] + browsed[2:]

    def test_the_page_names_no_other_host(self, site: Path) -> None:
        index = (site / "charts/page/index.html").read_text(encoding="utf-8")
        assert "http" not in index.replace("http-equiv", "")
        assert "default-src 'none'" in index
        assert "wasm-unsafe-eval" in index
        assert json.loads((site / "charts/page/page.json").read_text(encoding="utf-8"))["first"]["manifests"] == ""

    def test_the_page_carries_the_licenses_of_what_it_is_made_of(self, site: Path) -> None:
        text = (site / "charts/page/licenses.txt").read_text(encoding="utf-8")
        _, *parts = re.split(r"(?m)^(\S+)\n=+\n\n", text)
        found = dict(zip(parts[::2], parts[1::2], strict=True))
        assert {
            "Pyodide",
            "Python",
            "Go",
            "PyYAML",
            "@codemirror/view",
            "jsonschema",
            "helm.sh/helm/v4",
            "go.yaml.in/yaml/v2",
        } <= found.keys()
        assert [name for name, part in found.items() if len(part.strip()) < 30] == []

    def test_a_chart_with_subcharts_is_refused(self, tmp_path: Path) -> None:
        lines = "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: b, version: 1.0.0}]\n"
        (tmp_path / "Chart.yaml").write_text(lines)
        with pytest.raises(Faults, match="subcharts"):
            static.write(loaded.load(tmp_path, "a"), tmp_path / "out", print)


@pytest.mark.slow
def test_no_module_of_the_page_imports_what_is_left_out() -> None:
    known = "import sys, jsonschema, chartgen.configure.look; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", known], capture_output=True, text=True, check=True).stdout.split()
    unused, found = pagepython._unused(), set()
    for name, data in pagepython._sources():
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if module in run:
            tree = ast.parse(data)
            # What libraries import inside functions is for fetching what a schema refers to.
            for node in ast.walk(tree) if module.startswith("chartgen.") else tree.body:
                imported = [each.name for each in node.names] if isinstance(node, ast.Import) else []
                imported += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                found |= {(module, each) for each in imported if f"{each.replace('.', '/')}.".startswith(unused)}
    assert len(run) > 100
    assert found == {("chartgen.chart.disk", "ctypes")}, "the page writes no chart"


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for program in ("go", "node", "npm"):
        monkeypatch.setattr(static.shutil, "which", lambda name, gone=program: None if name == gone else "/there")
        with pytest.raises(ToolError, match=f"needs {program}, which is not on the PATH; install "):
            static.write(loaded.load(CHART, "llm-stack"), tmp_path / "out", print)
    assert not (tmp_path / "out").exists()


def test_what_npm_brings_must_have_the_pinned_checksum(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pagepython, "run", lambda command, place, what, say: (place / "a.tgz").write_bytes(b"other"))
    with pytest.raises(ToolError, match="does not have the pinned checksum"):
        pagepython._fetch(tmp_path, print)


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"trying failed: no way"):
        pagepython.run(["sh", "-c", "echo no way >&2; exit 3"], tmp_path, "trying", print)
    with pytest.raises(ToolError, match=r"trying failed: there-is-no-such: No such file"):
        pagepython.run(["there-is-no-such"], tmp_path, "trying", print)


def test_a_page_is_written_or_served() -> None:
    both = CliRunner().invoke(cli.main, ["configure", "-o", "x", "--serve"])
    assert both.exit_code == 2
    assert "leave out --serve" in both.output
