"""Whole processes, measured in turn: A B A B …, so that what else the machine does falls on each of them alike."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from chartgen.problem import ToolError

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Run:
    """A process from its start to its end: `seconds` by the clock, `cpu` seconds of it and all its children.

    `busy` are the seconds of CPU that the whole machine spent meanwhile, 0 where it does not say.
    """

    seconds: float
    cpu: float
    output: str = ""
    busy: float = 0.0


@dataclass(frozen=True)
class Ratio:
    """One command by another: the median of the pairs' ratios, the lowest, the highest, the number of pairs."""

    middle: float
    low: float
    high: float
    pairs: int

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f}, {self.pairs} pairs)"


def once(command: Command, environment: Mapping[str, str], folder: Path) -> Run:
    """Run a command in `folder` to its end; ToolError with its last words where it fails."""
    with tempfile.TemporaryFile("w+", errors="replace") as out, tempfile.TemporaryFile("w+", errors="replace") as err:
        start, before = time.monotonic(), _busy()
        process = subprocess.Popen(
            list(map(str, command)), cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds, busy = time.monotonic() - start, _busy() - before
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            said = "\n".join((err.read() or out.read()).strip().splitlines()[-8:])
            raise ToolError(f"{Path(command[0]).name} ended with exit code {process.returncode}: {said}")
        return Run(seconds, usage.ru_utime + usage.ru_stime, out.read(), busy)


def _busy() -> float:
    """Seconds of CPU spent since the machine started: proc(5), /proc/stat, all but idle and iowait."""
    try:
        _, *ticks = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0].split()
    except OSError:
        return 0.0
    return sum(int(tick) for place, tick in enumerate(ticks[:8]) if place not in (3, 4)) / os.sysconf("SC_CLK_TCK")


def alternate(
    commands: Sequence[Command], rounds: int, environment: Mapping[str, str], folder: Path, say: Callable[[str], None]
) -> list[list[Run]]:
    """Run each command once a round; the runs of each command, in the order of the commands."""
    found: list[list[Run]] = [[] for _ in commands]
    said = time.monotonic()
    for done in range(rounds):
        for runs, command in zip(found, commands, strict=True):
            runs.append(once(command, environment, folder))
        if time.monotonic() - said > 2:
            said = time.monotonic()
            say(f"  {done + 1} of {rounds} rounds")
    return found


def ratio(ones: Sequence[float], others: Sequence[float]) -> Ratio:
    """The ratio of two commands that ran in turn, pair by pair."""
    each = [one / other for one, other in zip(ones, others, strict=True)]
    return Ratio(median(each), min(each), max(each), len(each))


def disturbance(runs: Sequence[Sequence[Run]]) -> str:
    """How much of the machine others had while these ran: a sentence, empty where the machine does not say."""
    everything = [run for each in runs for run in each]
    if not any(run.busy for run in everything):
        return ""
    others = sum(run.busy - run.cpu for run in everything) / sum(run.seconds for run in everything)
    return f"Other processes used {max(others, 0):.1f} cores during the measurement."


def seconds(runs: Sequence[Run]) -> list[float]:
    """What each run took by the clock."""
    return [run.seconds for run in runs]
