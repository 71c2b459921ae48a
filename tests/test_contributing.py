"""CONTRIBUTING.md's example is followed to the letter, and keeps what it promises."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLE = TEXT.partition("## An engine in ten minutes")[2].partition("\n## ")[0]
BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```", re.M | re.S)
FOLDER = "chartgen/fragments/engine/tei"
STACK = "chartgen/stacks/llm-stack/stack.yaml"


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository in which the example was followed; what its commands printed."""

    folder: Path
    printed: list[str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder),
            "CHARTGEN_HOME": str(ROOT / ".tools"),
        }
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The example, block by block: files are written, shell blocks are run, and each command must succeed."""
    folder = tmp_path_factory.mktemp("checkout") / "repository"
    ignored = shutil.ignore_patterns(".git", ".venv", ".tools", "__pycache__", ".pytest_cache", ".ruff_cache")
    shutil.copytree(ROOT, folder, ignore=ignored)
    program = folder / "bin/chartgen"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from chartgen.cli import main; main()' \"$@\"\n")
    program.chmod(0o755)
    checkout = Checkout(folder, [])
    for command in ("git init -q", "git add .", "git -c user.name=a -c user.email=a@example.com commit -qm first"):
        assert checkout.run(*command.split()).returncode == 0
    for path, language, text in BLOCK.findall(EXAMPLE):
        if language == "sh":
            done = checkout.run("sh", "-euc", text)
            assert done.returncode == 0, done.stdout + done.stderr
            checkout.printed.append(done.stdout)
        else:
            file = folder / path
            assert file.parent.is_dir(), path
            file.write_text(text, encoding="utf-8")
    return checkout


def test_every_block_of_the_example_is_a_command_or_a_file():
    found = BLOCK.findall(EXAMPLE)
    assert len(found) == EXAMPLE.count("```") // 2
    assert {bool(path) == (language != "sh") for path, language, _ in found} == {True}
    assert len([path for path, _, _ in found if path]) >= 5


def test_the_skeleton_and_the_finished_fragment_validate(followed):
    first, last = followed.printed
    assert re.search(r"engine/tei: 2 cases, \d+ rejections?, .* 0 problems", first)
    assert re.search(r"engine/tei: 2 cases, \d+ rejections?, .* 0 problems", last)


def test_only_the_folder_and_a_line_of_the_stack_change(followed):
    changed = [line[3:] for line in followed.printed[-1].splitlines() if re.match(r"( M|\?\?) ", line)]
    sources = {path for path in changed if not path.startswith("charts/llm-stack/")}
    assert sources == {f"{FOLDER}/", STACK}
    diff = followed.run("git", "diff", "--numstat", STACK).stdout.split()
    assert diff[:2] == ["1", "0"]


@pytest.mark.parametrize(
    "tests",
    ["tests/compose/test_values_read.py", "tests/llm_stack", "tests/compose tests/sources"],
    ids=["values", "chart", "sources"],
)
def test_no_test_has_to_know_of_the_new_engine(followed, tests):
    slow = ["-m", "not slow"] if tests != "tests/compose/test_values_read.py" else []
    done = followed.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *slow, *tests.split())
    assert done.returncode == 0, done.stdout[-3000:]
