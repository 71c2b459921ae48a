"""Helm 3 and 4 against the cluster under test, without anybody's settings, plugins or caches."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chartgen.programs.helm import sentence
from chartgen.programs.run import hermetic

EVERY = 1.0  # seconds between two looks at whether waiting is in vain
GRACE = 30  # seconds that Helm gets beyond its own --timeout


class Failed(Exception):
    """Helm ended with an error, was alarmed, or did not end: what it said."""


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


@dataclass(frozen=True)
class Helm:
    """`label` is what reports call it (helm 4), `timeout` the seconds that a command may take, `stop` ends them all."""

    label: str
    path: Path
    environment: dict[str, str]
    timeout: int
    stop: threading.Event


def environment(folder: Path, kubeconfig: str) -> dict[str, str]:
    """What Helm finds: empty folders, where it also keeps what it learns of the cluster's kinds, and the cluster."""
    # A command is over before collecting its garbage often would pay: a fifth of its processor time.
    return hermetic(folder) | {"KUBECONFIG": kubeconfig, "KUBECACHEDIR": str(folder / "kube"), "GOGC": "400"}


def run(helm: Helm, arguments: list[str], alarm: Callable[[], bool] = lambda: False) -> str:
    """Run a command to its end and return what it prints; `alarm` is asked whether waiting is in vain."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
        process = subprocess.Popen(
            [str(helm.path), *arguments],
            env=helm.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            why = _wait(helm, process, alarm)
        finally:
            process.kill()
            process.wait()
        out.seek(0)
        said = out.read()
    if why or process.returncode:
        raise Failed(why or sentence(said) or "helm failed without an error message")
    return said


def _wait(helm: Helm, process: subprocess.Popen[bytes], alarm: Callable[[], bool]) -> str:
    """Wait for the end; why it was not waited for, empty where it was."""
    end = time.monotonic() + helm.timeout + GRACE
    while True:
        try:
            process.wait(EVERY)
            return ""
        except subprocess.TimeoutExpired:
            if helm.stop.is_set():
                raise Stopped from None
            if alarm():
                return "given up: it cannot become ready"
            if time.monotonic() > end:
                return f"helm did not end within {helm.timeout + GRACE} s"
