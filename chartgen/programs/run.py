"""One way to run a program that others wrote: to its end, without a terminal, its output as text."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..problem import ToolError

MEMORY = 4 << 30  # bytes that a program may use
NO_MEMORY = re.compile(r"fatal error: .*(out of memory|cannot allocate memory)")


@dataclass(frozen=True)
class Ended:
    """A program that ran to its end: its exit code, and what it printed."""

    code: int
    output: str
    errors: str

    @property
    def last(self) -> str:
        """The last line of what it printed on standard error."""
        lines = self.errors.strip().splitlines()
        return lines[-1] if lines else f"exit code {self.code}"


class Endless(Exception):
    """A program that did not end in its time; it was killed."""


def run(command: list[str], timeout: float, environment: dict[str, str] | None = None, given: bytes = b"") -> Ended:
    """Run a command to its end, `given` on its standard input.

    ToolError where it cannot be started, Endless where it takes more than `timeout` seconds.
    """
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    try:
        with subprocess.Popen(command, env=environment, **pipes) as process:
            bounded(process.pid)
            try:
                streams = process.communicate(given, timeout)
            except BaseException:
                process.kill()
                raise
    except subprocess.TimeoutExpired:
        raise Endless(f"{Path(command[0]).name} did not end within {timeout:g} s") from None
    except OSError as error:
        raise ToolError(f"{command[0]}: {error.strerror}; run 'chartgen tools'") from None
    return Ended(process.returncode, *(stream.decode("utf-8", "replace") for stream in streams))


def bounded(process: int) -> None:
    """Let a process have so much memory and no more, where the system can do that: a template can ask for any."""
    with suppress(ImportError, AttributeError, OSError):
        import resource

        resource.prlimit(process, resource.RLIMIT_DATA, (MEMORY, MEMORY))


def hermetic(folder: Path) -> dict[str, str]:
    """An environment in which helm sees no settings, plugins, logins or cluster of the user's, only `folder`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HELM_")}
    places = {f"HELM_{kind}_HOME": str(folder / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    places |= {"HELM_PLUGINS": str(folder / "plugins"), "DOCKER_CONFIG": str(folder / "docker")}
    return kept | places | {"KUBECONFIG": os.devnull}
