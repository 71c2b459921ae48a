"""The parts of the benchmarks that measure nothing themselves."""

import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import arrivals, loop, pairs, report, rows, secret
from chartgen.chart.valuesfile import Example
from chartgen.problem import ToolError
from chartgen.proofs.run import Run

ROOT = Path(__file__).parent.parent
PLACES = ["schemas/{{.Group}}.json", "crds/{{.Group}}.json"]


def test_ratio_is_the_median_of_pairs_and_not_of_sums():
    assert pairs.ratio([1.0, 20.0, 3.0], [1.0, 10.0, 1.0]) == pairs.Ratio(2.0, 1.0, 3.0, 3)
    assert str(pairs.ratio([1.0, 3.0], [1.0, 1.0])) == "2.00 (1.00 to 3.00, 2 pairs)"


def test_commands_run_in_turn(tmp_path):
    commands = [["sh", "-c", f"echo {name} | tee -a order"] for name in "ab"]
    found = pairs.alternate(commands, 3, os.environ, tmp_path, print)
    assert (tmp_path / "order").read_text().split() == list("ababab")
    assert [[run.output for run in runs] for runs in found] == [["a\n"] * 3, ["b\n"] * 3]


@pytest.mark.slow
def test_run_counts_the_work_of_a_process_and_its_children():
    work = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(3_000_000))'])"
    run = pairs.once([sys.executable, "-c", work], os.environ, ROOT)
    idle = pairs.once([sys.executable, "-c", "import time; time.sleep(0.2)"], os.environ, ROOT)
    assert run.cpu > idle.cpu
    assert idle.seconds > 0.2 > idle.cpu


def test_what_others_do_meanwhile_is_said_where_the_machine_says_it():
    runs = [[pairs.Run(2.0, 1.0, busy=3.0)], [pairs.Run(2.0, 2.0, busy=2.0)]]
    assert pairs.disturbance(runs) == "Other processes used 0.5 cores during the measurement."
    assert pairs.disturbance([[pairs.Run(2.0, 1.0)]]) == ""


def test_command_that_fails_is_an_error_with_its_last_words():
    with pytest.raises(ToolError, match="sh ended with exit code 3: no disk"):
        pairs.once(["sh", "-c", "echo fine; echo no disk >&2; exit 3"], os.environ, ROOT)


def program(folder: Path, name: str, body: str) -> Path:
    """A program of our own in place of helm or kubeconform."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def looped(folder: Path, helm: str, kubeconform: str, refusals: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the loop with these programs over a render for each of `refusals`; an empty one must render."""
    wanted = [Run(Example("one", "one.yaml", (folder / "a file,x.yaml",)), "1.37.0", "rel", word) for word in refusals]
    programs = program(folder, "helm", helm), program(folder, "kubeconform", kubeconform)
    text = loop.script(wanted, folder / "chart", PLACES, *programs)
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)


def test_loop_renders_all_and_checks_what_must_render(tmp_path):
    helm = 'echo "helm $*" >> "$0.log"; echo kind: Pod; case "$*" in *llm-refused*) exit 1;; esac'
    done = looped(tmp_path, helm, 'cat; echo "kubeconform $*"; echo "Summary - Valid: 2, Invalid: 0"', ["", ""])
    assert done.returncode == 0
    assert loop.valid(done.stdout) == 4
    assert "-strict" in done.stdout
    assert all(f"-schema-location={place}" in done.stdout for place in PLACES)
    line = (tmp_path / "helm.log").read_text().splitlines()[0]
    assert line.startswith("helm template rel ")
    assert line.endswith(f"/chart --namespace=default --values={tmp_path}/a file,x.yaml --kube-version=1.37.0")


@pytest.mark.parametrize(
    ("helm", "kubeconform", "refusals", "code"),
    [
        ("exit 0", "exit 0", [""], 0),
        ("exit 1", "exit 0", [""], 1),
        ("exit 0", "exit 1", ["", ""], 1),
        ("exit 1", "exit 1", ["no"], 0),
        ("exit 0", "exit 0", ["no"], 1),
    ],
)
def test_loop_fails_where_a_render_a_check_or_a_refusal_does(tmp_path, helm, kubeconform, refusals, code):
    assert looped(tmp_path, helm, kubeconform, refusals).returncode == code


@pytest.mark.thorough
@pytest.mark.slow
def test_every_row_but_the_loop_is_measured_in_one_round(tmp_path, monkeypatch):
    """A row that ends in an error loses all that was measured before it."""
    monkeypatch.setattr(rows, "BUILD_PAIRS", 1)
    monkeypatch.setattr(rows, "TEMPLATE_PAIRS", 1)
    monkeypatch.setattr(command, "say", lambda text: None)
    two = [change for change in rows.changes() if change.fragment in (rows.MOST, "scale/keda")]
    monkeypatch.setattr(rows, "changes", lambda: two)
    bench = command.prepared(tmp_path)
    peer = rows._empty(tmp_path / "peer")
    made = [
        *rows.build(bench),
        *rows.again(bench, "the loop", [pairs.Run(90.0, 90.0)]),
        *rows.template(bench, rows.largest(bench), [peer]),
        *rows.kept(bench),
        *arrivals.rows(bench),
    ]
    assert len({row.what for row in made}) == len(made) >= 12
    assert not [row for row in made if "not measured" in row.measured]


@pytest.mark.parametrize("change", rows.changes(), ids=lambda change: change.fragment)
def test_each_line_that_is_changed_is_in_its_template(change):
    made = {change.changed(ROOT, number) for number in (1, 2)}
    assert len(made) == 2
    assert change.text(ROOT) not in made


@pytest.mark.slow
def test_loop_has_as_many_renders_as_the_matrix_the_cases_and_the_rejections(tmp_path):
    from chartgen.chart import loaded

    found = loaded.load(ROOT / "charts/llm-stack", "charts/llm-stack")
    wanted = loop.wanted(found, ["1.36.0", "1.37.0"], tmp_path)
    examples = {run.example.name for run in wanted if run.shipped}
    files = [file for folder in ("examples", "ci") for file in (found.folder / folder).iterdir()]
    assert {"defaults", *(file.stem for file in files)} == examples
    rejected = list((ROOT / "chartgen/fragments").rglob("rejected/*.yaml"))
    assert len([run for run in wanted if run.refusal]) >= len(rejected)


def test_size_of_a_secret_is_that_of_what_helm_stores():
    noise = "".join(sha256(str(n).encode()).hexdigest() for n in range(1000))  # 32,000 bytes that nothing compresses
    assert 32_000 * 4 / 3 < secret.size({"manifest": noise}) < 32_000 * 4 / 3 * 1.2
    assert secret.size({"manifest": "a" * 64_000}) < 300


def test_parts_of_a_release_are_named():
    chart = {"templates": ["x" * 10], "schema": "y" * 20, "files": []}
    release = {"chart": chart, "manifest": "z" * 30}
    assert secret.parts(release) == {"templates": 14, "schema": 22, "files": 2, "manifests": 40}


def test_objects_are_counted_without_documents_of_comments():
    text = "---\n# Source: c/templates/a.yaml\nkind: Pod\n---\n# Source: c/templates/b.yaml\n# nothing\n"
    assert rows.count(text) == 1


def test_no_other_chart_is_said_and_not_left_out():
    bench, largest = None, Run(Example("big", "big.yaml"), "1.37.0")
    [row] = rows.template(bench, largest, [])
    assert (row.measured, row.met) == ("not measured: set PEER to the folder of a chart", None)


def test_report_has_a_row_for_each_with_its_verdict():
    made = [
        rows.Row("`a | b` : `c`", "2.50", "at least 2.4", True, ("Ten by four.",)),
        rows.Row("d", "2.50", "at most 2", False),
        rows.Row("e", "1.00"),
    ]
    text = report.document(made, ["Today, here."])
    assert "| `a \\| b` : `c` | 2.50 | at least 2.4 | target met |\n| d | 2.50 | at most 2 | target missed |\n" in text
    assert "| e | 1.00 |  |  |\n" in text
    assert "- `a | b` : `c`: Ten by four.\n" in text
    assert report.lines(made)[1] == "d: 2.50; at most 2: target missed"


def test_report_as_committed_has_no_path_of_a_machine():
    text = (ROOT / "docs/bench.md").read_text(encoding="utf-8")
    assert not re.search(r"(^|[\s`'\"(])/\w+/", text)
    assert "chartgen validate --json" in text


def test_empty_chart_for_helms_own_start_renders(tmp_path, helm):
    chart = rows._empty(tmp_path)
    output = subprocess.run([helm, "template", "x", chart], capture_output=True, text=True, check=True).stdout
    assert rows.count(output) == 1
