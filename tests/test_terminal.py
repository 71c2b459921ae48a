"""What a person at a terminal sees, and what a file or a pipe gets instead."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from conftest import CHART, ROOT

from chartgen import cli, terminal
from chartgen.problem import Problem

CHARTGEN = str(Path(sys.executable).with_name("chartgen"))
PROBLEM = Problem("values.yaml", 3, "gpu.cuont", "no such key", "did you mean 'count'?")
REPORTS = """
import time
from chartgen.terminal import Terminal
shown = Terminal(quiet={quiet})
say = shown.progress()
for n in range(200):
    say(f"helm: {{n}} of 200 rendered")
say("x" * 500)
shown.out("done")
"""


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch):
    """The environment says nothing about colour."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def on_a_terminal(*command: str) -> str:
    """What a command writes where standard output and standard error are one terminal of 80 columns."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, stdout=follower, stderr=follower, stdin=subprocess.DEVNULL, cwd=ROOT)
    os.close(follower)
    text = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:  # Linux: the other side is closed
            break
        if not part:
            break
        text += part
    os.close(leader)
    process.wait()
    return text.decode()


def test_progress_is_one_line_on_a_terminal_and_goes_at_the_end():
    text = on_a_terminal(sys.executable, "-c", REPORTS.format(quiet=False))
    assert text.count("\n") == 1
    assert text.endswith(f"{terminal.CLEAR}done\r\n")
    shown = [line for line in text.split(terminal.CLEAR) if line]
    assert shown[199] == "helm: 199 of 200 rendered"
    assert len(shown[200]) == 79
    assert shown[200].endswith("…")


def test_quiet_shows_no_progress():
    assert on_a_terminal(sys.executable, "-c", REPORTS.format(quiet=True)) == "done\r\n"


def test_progress_is_lines_where_there_is_no_terminal(capsys):
    say = terminal.Terminal().progress(after=-1)
    for n in range(200):
        say(f"helm: {n} of 200 rendered")
    say("renders: 200")
    say("renders: done")
    assert capsys.readouterr().err == "helm: 0 of 200 rendered\nrenders: 200\n"


def test_progress_is_held_back_in_the_first_seconds(capsys):
    say = terminal.Terminal().progress(after=1000)
    say("one")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, None),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"CLICOLOR_FORCE": "1", "CLICOLOR": "0"}, True),
        ({"CLICOLOR": "0"}, False),
        ({"CLICOLOR": "1"}, None),
        ({"TERM": "dumb"}, False),
    ],
)
def test_environment_decides_on_colour(monkeypatch, environment, expected):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert terminal.colour() is expected


def test_colour_marks_an_error_and_changes_no_letter():
    assert click.unstyle(terminal.marked(PROBLEM)) == str(PROBLEM) != terminal.marked(PROBLEM)
    bare = Problem("a", 0, "", "is wrong")
    assert click.unstyle(terminal.marked(bare)) == "a: is wrong"


@pytest.mark.slow
@pytest.mark.parametrize(("wish", "coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True), ({"NO_COLOR": "1"}, False)])
def test_what_is_piped_has_colour_only_where_it_is_forced(wish, coloured):
    command = ["plan", str(CHART), "--set", "gpu.cuont=1"]
    said = CliRunner().invoke(cli.main, command, env=wish, color=None).stderr
    done = subprocess.run([CHARTGEN, *command], capture_output=True, text=True, env=os.environ | wish, check=False)
    assert ("\x1b[" in done.stderr) is coloured
    assert click.unstyle(done.stderr) == click.unstyle(said) == "--set: gpu.cuont: no such key; did you mean 'count'?\n"


def test_terminal_gets_colour_and_no_color_takes_it_away(monkeypatch):
    command = (CHARTGEN, "--help")
    assert "\x1b[1mUsage: \x1b[0m" in on_a_terminal(*command)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in on_a_terminal(*command)
