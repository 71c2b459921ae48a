"""The commands, as a person types them: what they print, where, and their exit codes."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from conftest import CHART, ROOT

from chartgen import cli
from chartgen.problem import ToolError
from chartgen.programs import tools
from chartgen.proofs import validate as proving

RECIPE = "chart: {name: little, version: 1.0.0, description: Little.}\nfragmentPaths: [fragments]\nfragments: [a]\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty folder: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        result = CliRunner().invoke(cli.main, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return command


@pytest.fixture
def little(write):
    """A stack of one fragment, here."""
    return write(
        {
            "stack.yaml": RECIPE,
            "fragments/a/fragment.yaml": {"summary": "A little fragment."},
            "fragments/a/templates/a.yaml": "# {{ quote .Release.Name }}\n",
        }
    )


@pytest.fixture
def one_version(monkeypatch):
    monkeypatch.setattr(proving, "definitions", SimpleNamespace(versions=lambda: ["1.37.0"]))


def test_build_writes_once_and_check_agrees(run, little):
    assert run("build")[:2] == (0, "charts/little: 7 files, 7 added\n")
    assert run("build")[:2] == (0, "charts/little: 7 files, nothing changed\n")
    assert run("build", "--check")[:2] == (0, "charts/little: up to date\n")


def test_check_tells_every_difference_and_writes_nothing(run, little):
    run("build")
    Path("charts/little/extra.yaml").write_text("")
    Path("charts/little/README.md").unlink()
    code, _, said = run("build", "--check")
    assert code == 1
    assert said.splitlines() == [
        "charts/little/README.md: is missing; run 'chartgen build'",
        "charts/little/extra.yaml: is not made by its sources; run 'chartgen build'",
    ]
    assert Path("charts/little/extra.yaml").exists()


def test_faults_are_lines_on_standard_error_and_exit_code_1(run, little):
    Path("stack.yaml").write_text(RECIPE.replace("[a]", "[a, b, aa]"))
    code, output, said = run("build")
    assert (code, output) == (1, "")
    assert [line.partition("; ")[0] for line in said.splitlines()] == [
        "stack.yaml:3: fragments[1]: no such fragment: 'b'",
        "stack.yaml:3: fragments[2]: no such fragment: 'aa'",
    ]


def test_broken_tool_is_exit_code_2(run, monkeypatch):
    def broken(names, say):
        raise ToolError("helm: is broken")

    monkeypatch.setattr(tools, "ensure", broken)
    assert run("tools") == (2, "", "chartgen: helm: is broken\n")
    assert run("validate", str(CHART))[0] == 2


def test_validate_tells_problems_and_a_line_at_the_end(run, little, one_version):
    run("build")
    Path("mine.yaml").write_text("x: 1\n")
    code, output, said = run("validate", "-f", "mine.yaml")
    assert code == 1
    assert re.fullmatch(r"charts/little: 1 example . 1 Kubernetes version, 0 renders, .*, 1 problem in .* s\n", output)
    assert said.startswith("mine.yaml:1: the chart has none of its keys at the top level")


def test_validate_as_json_prints_nothing_else(run, little, one_version):
    run("build")
    code, output, said = run("validate", "--json", "--quiet")
    data = json.loads(output)
    assert (code, said, data["kubernetes_versions"]) == (1, "", ["1.37.0"])
    assert data["renders"] == 5
    assert all(problem.keys() == {"path", "line", "key", "message", "remedy"} for problem in data["problems"])
    assert data["problems"]


def test_validate_of_no_chart_is_a_line_and_no_summary(run):
    code, output, said = run("validate", "nothing")
    assert (code, output) == (1, "")
    assert said.startswith("nothing: is not a chart; ")
    code, output, _ = run("validate", "nothing", "--json")
    assert (code, json.loads(output)["problems"][0]["message"]) == (1, "is not a chart")


@pytest.mark.slow
def test_quiet_validation_without_a_problem_prints_nothing(run, little, one_version):
    (little / "mine.yaml").write_text("model: {name: qwen2.5, tag: 0.5b}\n")
    assert run("validate", "-q", str(CHART), "-f", "mine.yaml") == (0, "", "")
    _, _, said = run("validate", str(CHART), "-f", "mine.yaml")
    assert "open to every pod" in said
    assert "nothing has changed" in said
    assert run("validate", "-q", str(CHART), "-f", "mine.yaml") == (0, "", "")


def test_fragment_cannot_be_validated_with_values(run, little):
    code, output, said = run("validate", "--only", "a", "-f", "values.yaml")
    assert (code, output) == (2, "")
    assert "--only composes the chart from the stack; leave CHART, -f and --set out, or --only" in said


def test_validate_says_that_it_knows_no_stack(run, little, one_version):
    run("build")
    Path("stack.yaml").rename("other.yaml")
    assert "the stack of this chart is not known" in run("validate", "charts/little")[2]


def test_tools_are_shown(run):
    code, output, _ = run("tools")
    assert code == 0
    assert re.match(
        r"helm +v4\.\S+ +/\S+ \(.*\)\nkubeconform +\S+ +/\S+ \(.*\)\n(prover +v4\.\S+ +/\S+ \(.*\)\n)?"
        r"kubernetes +1\.29\.0 to 1\.\d+\.0, ",
        output,
    )
    data = json.loads(run("tools", "--json")[1])
    assert [tool["name"] for tool in data["tools"]][:2] == ["helm", "kubeconform"]
    assert data["kubernetes_versions"][0] == "1.29.0"
    assert len(data["schema_locations"]) == 3


def test_fragments_are_listed_and_shown(run):
    assert re.search(r"^engine/vllm +vLLM serves", run("fragments")[1], re.M)
    assert run("fragments", "gpu")[1].startswith("gpu\n  GPUs and other accelerators")
    assert run("fragments", "llm-stack", "-v")[1].startswith("base\n")
    assert [each["id"] for each in json.loads(run("fragments", "gpu", "--json")[1])] == ["gpu"]
    assert run("fragments", "none")[0] == 1


def test_new_fragment_is_made_where_the_stack_finds_it(run, little):
    code, output, _ = run("new", "fragment", "observe/mine", "--stack", "stack.yaml")
    assert (code, output.splitlines()[0]) == (0, "fragments/observe/mine: 7 files")
    assert "fragments: [a, base, observe/mine]" in Path("stack.yaml").read_text()
    assert run("new", "fragment", "observe/mine")[0] == 1


@pytest.mark.parametrize("words", [["build"], ["build", "--check"], ["package"], ["new", "fragment", "observe/mine"]])
def test_nothing_is_written_in_a_folder_that_is_no_stack(run, words):
    said = "stack.yaml: no such file in this folder; change to the folder of your stack, or name the stack"
    code, output, problems = run(*words)
    assert (code, output, problems.startswith(said), os.listdir()) == (1, "", True, [])


def test_stack_of_chartgens_own_gets_no_fragment_outside_of_the_checkout(run):
    code, _, said = run("new", "fragment", "observe/mine", "--stack", "llm-stack")
    assert (code, os.listdir()) == (1, [])
    assert said.startswith("llm-stack: is a stack that chartgen includes")


def commands(group=cli.main, words=()):
    """Every command with the words that call it, groups left out."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield pytest.param((*words, name), command, id=" ".join((*words, name)))


@pytest.mark.parametrize(("words", "command"), list(commands()))
def test_help_of_every_command_has_examples_that_it_takes(words, command):
    result = CliRunner().invoke(cli.main, [*words, "--help"])
    assert result.exit_code == 0
    assert command.examples
    for example in command.examples:
        assert f"\n  {example}\n" in result.output
        typed = shlex.split(example.rpartition("| ")[2])
        assert typed[: 1 + len(words)] == ["chartgen", *words]
        context = command.make_context(words[-1], typed[1 + len(words) :], resilient_parsing=False)
        assert context.command is command


def test_list_of_commands_shows_every_summary_in_full():
    output = " ".join(CliRunner().invoke(cli.main, ["--help"], terminal_width=60).output.split())
    for name, command in cli.main.commands.items():
        assert f"{name} {' '.join(command.help.partition(chr(10) * 2)[0].split())}" in output


def test_build_as_json_names_what_changed(run, little):
    data = json.loads(run("build", "--json")[1])
    assert (data["chart"], data["files"], len(data["changes"])) == ("charts/little", 7, 7)
    Path("charts/little/README.md").unlink()
    code, output, _ = run("build", "--check", "--json")
    assert (code, json.loads(output)["changes"]) == (1, [{"change": "missing", "file": "README.md"}])


@pytest.mark.parametrize("words", [["build"], ["plan"], ["images"], ["package"]])
def test_errors_are_json_where_json_is_requested(run, little, words):
    Path("stack.yaml").write_text(RECIPE.replace("[a]", "[b]"))
    code, output, said = run(*words, "--json")
    assert (code, said) == (1, "")
    assert json.loads(output)["problems"][0]["path"] in ("stack.yaml", "charts/little")


def test_a_broken_tool_is_json_where_json_is_requested(run, monkeypatch):
    def broken(names, say):
        raise ToolError("helm: is broken")

    monkeypatch.setattr(tools, "ensure", broken)
    assert run("tools", "--json") == (2, '{\n "errors": [\n  "helm: is broken"\n ]\n}\n', "")
    code, output, said = run("validate", str(CHART), "--json")
    assert (code, said, json.loads(output)) == (2, "", {"errors": ["helm: is broken"]})


def test_an_error_of_the_system_is_json_where_json_is_requested(run, little):
    code, output, said = run("build", "-o", "/proc/nothing/here", "--json")
    assert (code, said) == (2, "")
    assert "/proc" in json.loads(output)["errors"][0]


@pytest.mark.parametrize("words", [["bild"], ["plan", "--flies"], ["new", "frag"], ["build", "a", "b"]])
def test_a_wrong_command_line_is_json_where_json_is_requested(run, words):
    plain = run(*words)
    code, output, said = run(*words, "--json")
    assert (plain[0], plain[1], code, said) == (2, "", 2, "")
    assert json.loads(output)["errors"][0] in plain[2]


@pytest.mark.slow
def test_registries_that_do_not_answer_are_json_where_json_is_requested(run):
    values = ["--set", "global.imageRegistry=127.0.0.1:9", "--plain-http", "127.0.0.1:9"]
    code, output, said = run("images", str(CHART), *values, "--check", "--json")
    data = json.loads(output)
    assert (code, said, data["problems"]) == (2, "", [])
    assert data["errors"][0].startswith("127.0.0.1:9: no answer: ")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["chartgen", "chartgen.cli"])
def test_the_command_can_be_run_as_a_module(module):
    command = [sys.executable, "-m", module, "build", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "charts/llm-stack: up to date\n"


@pytest.mark.parametrize("output", [[], ["--json"]])
def test_an_interrupt_is_exit_code_130_and_no_traceback(tmp_path, output):
    os.mkfifo(tmp_path / "pipe")
    command = [Path(sys.executable).with_name("chartgen"), "plan", CHART, "-f", tmp_path / "pipe", *output]
    # What a shell starts in the background ignores the signal, and so would the command.
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heard)
    with open(tmp_path / "pipe", "w"):  # it is read as soon as the command runs
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 130


def test_quiet_prints_nothing_where_something_is_made(run, little):
    assert run("new", "fragment", "observe/b", "--stack", "stack.yaml", "-q") == (0, "", "")
    assert run("new", "stack", "c", "--quiet") == (0, "", "")
    assert Path("fragments/observe/b/fragment.yaml").exists()
    assert Path("c/stack.yaml").exists()


def test_quiet_prints_errors_alone(run, little):
    assert run("build", "-q") == (0, "", "")
    Path("charts/little/README.md").unlink()
    assert run("build", "-q", "--check") == (1, "", "charts/little/README.md: is missing; run 'chartgen build'\n")


@pytest.mark.slow
def test_values_are_read_from_standard_input_and_from_a_pipe(tmp_path):
    command = [Path(sys.executable).with_name("chartgen"), "plan", CHART, "-f"]
    done = subprocess.run([*command, "-"], input="gpu:\n  cuont: 1\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "standard input:2: gpu.cuont: no such key; did you mean 'count'?\n"
    os.mkfifo(tmp_path / "pipe")
    line = f"echo 'gpu: {{cuont: 1}}' > {tmp_path}/pipe & exec {' '.join(map(str, command))} {tmp_path}/pipe"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == f"{tmp_path}/pipe:1: gpu.cuont: no such key; did you mean 'count'?\n"


@pytest.mark.slow
def test_what_is_compared_or_drawn_can_come_from_a_pipe(tmp_path):
    """As from `helm template` or `kustomize build`. An empty one is a command that failed."""
    chartgen = str(Path(sys.executable).with_name("chartgen"))
    made = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: %s}\n"
    (tmp_path / "old.yaml").write_text(made % "old")

    def said(line: str, given: str = "") -> tuple[int, str]:
        command = ["bash", "-c", line.replace("chartgen", chartgen)]
        done = subprocess.run(command, input=given, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    code, text = said("chartgen diff old.yaml - --fail-on change", made % "new")
    assert (code, text.splitlines()[0]) == (1, "old.yaml → standard input: 1 object differs")
    assert said("chartgen diff <(cat old.yaml) <(cat old.yaml)")[1].endswith(": nothing differs\n")
    assert said("chartgen diagram -", made % "new")[1].startswith("standard input: has no pods to draw")
    assert said("chartgen diff old.yaml -")[1].startswith("standard input: is empty; ")
    assert said("chartgen diff - -", made % "new")[1].startswith("standard input: is named twice")
    assert said("chartgen diff - old.yaml", "a: [")[1].startswith("standard input:2: ")


@pytest.mark.slow
def test_single_values_are_validated_with_the_files(run, little, one_version):
    """What a flag changed is at the flag, the rest on its line."""
    Path("mine.yaml").write_text("gpu: {count: x}\nmodel:\n  nmae: b\n")
    flags = ["--set", "gpu.count=-1", "--set-string", "modle.tag=7", "--set-json", 'env={"A b": {}}']
    code, _, said = run("validate", str(CHART), "-f", "mine.yaml", *flags)
    places = [line.split(": ")[:2] for line in said.splitlines()]
    assert code == 1
    assert ["mine.yaml:3", "model.nmae"] in places
    assert ["--set", "gpu.count"] in places
    assert ["--set", "modle"] in places
    assert not [place for place in places if place[0] == "mine.yaml:1"]


@pytest.mark.slow
def test_flag_that_helm_cannot_read_is_told(run, little, one_version):
    code, _, said = run("validate", str(CHART), "--set", "a", "-q")
    assert code == 1
    assert said.startswith("--set: ")
    assert "has no value; write KEY=VALUE" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--set-file", "none", '--set-file: key "none" has no value; write KEY=FILE, as for Helm\'s own --set-file\n'),
        ("--set-file", "model.tag=none", "--set-file: none: no such file or directory; check the path\n"),
        ("--set-json", "none", "--set-json: 'none' cannot be read; write KEY=JSON, as for Helm's own --set-json\n"),
    ],
)
def test_flag_that_helm_cannot_read_is_reported_at_the_flag_with_its_form(run, flag, value, said):
    assert run("plan", str(CHART), flag, value) == (1, "", said)


@pytest.mark.slow
def test_text_of_a_file_is_a_value(run, one_version):
    Path("tag").write_text("7b")
    plain = json.loads(run("plan", str(CHART), "--set-file", "model.tag=tag", "--json")[1])
    assert plain["servers"][0]["models"][0]["reference"] == "deepseek-r1:7b"


def test_shell_completes_commands_and_options():
    def completed(*words):
        environment = os.environ | {"_CHARTGEN_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words)}
        environment["COMP_CWORD"] = str(len(words) - 1)
        command = [Path(sys.executable).with_name("chartgen")]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        return done.stdout.splitlines()

    assert completed("chartgen", "va") == ["plain,validate"]
    assert "plain,--set-string" in completed("chartgen", "plan", "--set")


def test_build_loads_nothing_that_is_slow():
    """jsonschema and ruamel take longer to load than a build takes, yaml a fifth of it."""
    script = """
import sys
sys.argv = ["chartgen", "build", "--check"]
import chartgen.cli
try:
    chartgen.cli.main()
except SystemExit:
    print([name for name in ("jsonschema", "ruamel", "importlib.resources", "yaml", "hashlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, env=os.environ)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["validate", "--only", "engine/vl"], ["engine/vllm"]),
        (["fragments", "engine/vl"], ["engine/vllm"]),
        (["fragments", "llm"], ["llm-stack"]),
        (["new", "fragment", "eng"], ["engine/"]),
    ],
)
def test_names_of_fragments_are_completed(monkeypatch, words, wanted):
    monkeypatch.chdir(ROOT)
    completion = ShellComplete(cli.main, {}, "chartgen", "_CHARTGEN_COMPLETE")
    assert [item.value for item in completion.get_completions(words[:-1], words[-1])] == wanted


def test_names_are_not_completed_from_a_stack_that_cannot_be_read(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stack.yaml").write_text("- broken\n")
    completion = ShellComplete(cli.main, {}, "chartgen", "_CHARTGEN_COMPLETE")
    assert completion.get_completions(["validate", "--only"], "engine/vl") == []
