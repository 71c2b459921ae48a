"""Runs Go on the modules in gotools/, which pin the tools and where CRDs come from."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ..paths import GOTOOLS
from ..problem import Say, ToolError

EVERY = 10.0  # seconds between two lines of progress


def go(command: list[str], folder: Path, say: Say, what: str, **environment: str) -> str:
    """Run `go` on a copy of a folder of gotools (it may be read-only) and return what it prints on standard output.

    `what` is said at once, and again with the seconds gone by. ToolError with Go's own words where it fails.
    """
    import shutil
    import tempfile

    program = shutil.which("go")
    if program is None:
        raise ToolError(f"{what}: Go is not on the PATH; install Go {oldest()} or newer from https://go.dev/dl")
    with tempfile.TemporaryDirectory(prefix="chartgen-go-") as place:
        for file in ("go.mod", "go.sum"):
            shutil.copyfile(folder / file, Path(place) / file)
        for sources in (Path(package) for package in command if package.startswith("./")):
            shutil.copytree(folder / sources, Path(place) / sources)
        kept = {key: value for key, value in os.environ.items() if key not in ("GOOS", "GOARCH", "GOEXPERIMENT")}
        kept |= {"GOFLAGS": "-mod=readonly", "GOWORK": "off", "GO111MODULE": "on", "CGO_ENABLED": "0", **environment}
        code, output, errors = _watched([program, *command], Path(place), kept, what, say)
    if code:
        last = "\n".join(errors.strip().splitlines()[-8:]) or f"exit code {code}"
        remedy = "Go needs access to a module proxy (GOPROXY) once, or a module cache that has these modules"
        raise ToolError(f"{what} failed: {last}\n{remedy}")
    return output


def oldest() -> str:
    """The oldest Go that builds the tools, `1.26`."""
    lines = (GOTOOLS / "go.mod").read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix("go ").rpartition(".")[0] for line in lines if line.startswith("go "))


def _watched(command: list[str], folder: Path, env: dict[str, str], what: str, say: Say) -> tuple[int, str, str]:
    """Run a command to its end: exit code, standard output and error; `say` what is going on every EVERY seconds."""
    import subprocess

    say(what)
    start = time.monotonic()
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        try:
            while True:
                try:
                    process.wait(EVERY)
                    break
                except subprocess.TimeoutExpired:
                    say(f"{what} … {time.monotonic() - start:.0f} s")
        finally:
            process.kill()
            process.wait()
        out.seek(0)
        err.seek(0)
        return process.returncode, out.read(), err.read()
