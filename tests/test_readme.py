"""Every block of the READMEs works as printed.

The blocks of README.md run in order, as a reader would type them, in one copy of the chart. `<!-- file: NAME -->`
before a block makes it that file. What cannot run here is changed by SUBSTITUTES, or is in INSTEAD with the reason. In
a transcript, `…` is any text: a line of it alone is any number of lines.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from conftest import CHART, ROOT

from chartgen import cli

README = ROOT / "README.md"
CHARTS = ROOT / "chartgen/stacks/llm-stack/README.md"
WHEEL = "chartgen-0.1.0-py3-none-any.whl"
PLACEHOLDERS = ("<release>", "<server>")

# A command -> what runs in its place, each for its reason.
SUBSTITUTES = (
    # There is no cluster here; `make e2e` installs on one.
    (r"^helm (?:install|upgrade --install) (.*)", r"helm install \1 --dry-run=client"),
    # The tests are what `make test` runs; that the targets exist and can be planned is what is left to check.
    (r"^make( \w+)?\b.*", r"make --dry-run -C {root}\1 > /dev/null"),
    # skopeo copies between registries; what it would copy is printed.
    (r"\bskopeo copy\b", "echo skopeo copy"),
    # pip installs what pipx would, without the network.
    (r"^pipx install (.*\.whl)", r"{python} -m pip install -q --no-deps --no-index --target installed \1"),
    # A shell of another kind reads what is evaluated here.
    (r'^eval "\$\(_CHARTGEN_COMPLETE=zsh_source chartgen\)"', "_CHARTGEN_COMPLETE=zsh_source chartgen > zsh"),
    (r"~/\.config/fish/completions/", ""),
)
# A command that cannot run here -> the reason. Its options are checked against the command's own help.
INSTEAD = {
    "helm install llm oci://ghcr.io/OWNER/charts/llm-stack": "needs a release of the project in a public registry",
    "pipx install git+file://$PWD": "would download build tools; the wheel is what it builds",
    "chartgen images -f values.yaml --set global.imageRegistry=registry.example.com/llm --check": "asks a registry",
    "chartgen package --sign ada@example.com": "needs a secret key; tests/release signs with one",
    "chartgen publish oci://registry.example.com/charts": "needs a registry; tests/release publishes to one",
    "chartgen publish https://charts.example.com/team": "needs a ChartMuseum; tests/release publishes to one",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line of the text, and the file that it is, if it is one."""

    language: str
    text: str
    line: int
    file: str


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    found = re.finditer(r"(?:^<!-- file: (\S+) -->\n)?^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(m[2], m[3], text.count("\n", 0, m.start(3)) + 1, m[1] or "") for m in found]


def commands(script: str) -> list[str]:
    """The commands of a shell script, continued lines and here-documents as one."""
    found: list[str] = []
    end = ""
    for line in script.splitlines():
        bare = re.sub(r"\s+# .*", "", line)
        if end or (found and found[-1].endswith(("|", "\\"))) or line.startswith(" "):
            found[-1] += f"\n{line}"
            end = "" if line == end else end
        elif bare.strip():
            found.append(bare)
            end = match[1] if (match := re.search(r"<< (\w+)$", bare)) else ""
    return found


def substituted(command: str) -> str:
    for pattern, instead in SUBSTITUTES:
        instead = instead.replace("{root}", str(ROOT)).replace("{python}", sys.executable)
        command = re.sub(pattern, instead, command, flags=re.MULTILINE)
    return command


class Reader:
    """Somebody with a shell who types what the README prints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = os.pathsep.join([str(Path(sys.executable).parent), str(ROOT / ".tools/bin"), os.environ["PATH"]])
        self.environment = os.environ | {"PATH": path, "HOME": str(folder), "PYTHONPATH": str(ROOT)}

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder that the ones before it left; what it prints, errors with it."""
        script = f"set -o pipefail\n{substituted(command)}\ncode=$?\npwd > {shlex.quote(str(self.mark))}\nexit $code"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if self.mark.exists():
            self.folder = Path(self.mark.read_text().strip())
        return done

    @property
    def mark(self) -> Path:
        return Path(self.environment["HOME"], ".pwd")


def known(command: str) -> None:
    """A command that does not run here has at least the options that chartgen's own help names."""
    words = shlex.split(command)
    if words[0] == "chartgen":
        said = CliRunner().invoke(cli.main, [words[1], "--help"]).output
        assert all(word in said for word in words if word.startswith("-")), command


def matches(pattern: str, text: str) -> bool:
    """Whether an output is what a transcript shows."""
    lines = ["(?:[^\n]*\n)*" if line == "…" else _line(line) for line in pattern.strip("\n").split("\n")]
    return re.fullmatch("".join(lines), text.strip("\n") + "\n") is not None


def _line(line: str) -> str:
    return "[^\n]*".join(re.escape(part) for part in line.split("…")) + "\n"


@pytest.mark.slow
def test_every_block_of_the_readme_works_as_printed(tmp_path, helm):
    shutil.copytree(ROOT / "charts", tmp_path / "charts")
    wheel = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(wheel, cwd=ROOT, check=True, capture_output=True)
    assert (tmp_path / WHEEL).is_file()
    reader, left = Reader(tmp_path), dict(INSTEAD)
    for block in blocks(README):
        where = f"README.md:{block.line}"
        if block.file:
            (reader.folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            for command in commands(block.text):
                if left.pop(command, None):
                    known(command)
                    continue
                done = reader.run(command)
                assert done.returncode == 0, f"{where}: {command}\n{done.stdout}"
        elif block.language == "console":
            for typed, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
                done = reader.run(f"{typed} 2> .errors; code=$?; cat .errors >&2; (exit $code)")
                assert matches(printed, without_progress(done.stdout)), f"{where}: {typed}\n{done.stdout}"
        else:
            pytest.fail(f"{where}: a block of '{block.language}' that is neither a file nor a command")
    assert not left, "INSTEAD names commands that the README no longer has"
    assert (tmp_path / "installed/chartgen/cli.py").is_file()


def without_progress(text: str) -> str:
    """What a command prints without its reports of progress, and without the summary of validate."""
    progress = r"(sources|values|helm|renders|manifests|wiring|kubeconform|charts/\S+): .*\b(rendered|checked|s)\n"
    return re.sub(rf"(?m)^{progress}", "", text)


def snippets() -> list[Block]:
    return [block for block in blocks(CHARTS) if block.language == "yaml"]


@pytest.mark.slow
@pytest.mark.parametrize("block", snippets(), ids=lambda block: f"line-{block.line}")
def test_every_values_snippet_of_the_charts_readme_renders_alone(tmp_path, helm, block):
    file = tmp_path / "values.yaml"
    file.write_text(block.text, encoding="utf-8")
    command = [helm, "template", "llm", CHART, "-f", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{CHARTS.relative_to(ROOT)}:{block.line}\n{done.stderr}"
    assert [each for each in yaml.safe_load_all(done.stdout) if each]


@pytest.mark.slow
@pytest.mark.parametrize("block", [b for b in blocks(CHARTS) if b.language == "sh"], ids=lambda b: f"line-{b.line}")
def test_every_command_of_the_charts_readme_works(tmp_path, helm, block):
    shutil.copytree(ROOT / "charts", tmp_path / "charts")
    (tmp_path / "values.yaml").write_text(snippets()[0].text, encoding="utf-8")
    reader = Reader(tmp_path)
    for command in commands(block.text):
        done = reader.run(command)
        assert done.returncode == 0, f"{CHARTS.relative_to(ROOT)}:{block.line}: {command}\n{done.stdout}"


def test_every_value_that_the_charts_readme_names_exists():
    properties = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))["properties"]
    prose = CHARTS.read_text(encoding="utf-8").partition("## Examples")[0]
    named = set(re.findall(r"`([a-z][A-Za-z]*(?:\.[A-Za-z]+)+)", prose))
    named = {name for name in named if name.split(".")[0] in properties}
    assert len(named) > 25
    for name in named:
        inner = {"properties": properties}
        for key in name.split("."):
            inner = inner.get("properties", {}).get(key)
            assert inner is not None, name


def test_blocks_of_the_charts_readme_are_values_or_commands():
    assert {block.language for block in blocks(CHARTS)} <= {"sh", "yaml"}
    assert len(snippets()) >= 6


def test_helm_that_is_needed_evaluates_no_more_of_and_than_it_must():
    """Helm 3.9 and older are built with a Go whose `and` evaluates all of its arguments."""
    for file in (README, CHARTS):
        assert re.findall(r"Helm (3\.\d+)", file.read_text(encoding="utf-8")) == ["3.10"]


def test_transcript_is_matched_line_by_line():
    assert matches("a\n…\nd: … s\n", "a\nb\nc\nd: 1.2 s")
    assert matches("a: …, c\n", "a: b, c\n")
    assert not matches("a: …\n", "a: b\nc")
    assert not matches("a\n", "a\nb")


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8")))))
def test_every_link_of_the_readme_leads_to_a_file(link):
    assert (ROOT / link).exists()


@pytest.mark.slow
def test_what_make_prints_next_works_as_printed(tmp_path, helm):
    """The last lines of `make`: every command in them runs, from the top of the repository."""
    done = subprocess.run(["make", "--silent", "next"], cwd=ROOT, capture_output=True, text=True, check=True)
    printed = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert len(printed) >= 3
    for command in printed:
        command = re.sub(r"\s+# .*", "", command)
        instead = f"{command} --dry-run=client" if " install " in command else command
        ran = subprocess.run(["bash", "-c", instead], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{command}\n{ran.stderr}"
