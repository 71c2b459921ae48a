"""One process that answers for helm and kubeconform: their own libraries, in the program of gotools/prover.

Where the program is not built, or does not answer a request, the commands run. The results are the same; they only take
longer. What the API server refuses of custom resources (kubernetes/served.py) is known to this program alone.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ..problem import ToolError
from . import carried, limits, tools
from .run import MEMORY, bounded, hermetic
from .tools import Tool

TIMEOUT = 120.0  # seconds without an answer
Data = dict[str, Any]
RESOURCE = ("filename", "kind", "name", "version", "status", "msg")  # what kubeconform says of each document


@dataclass(frozen=True)
class Answer:
    """What the program says to a request, in the fields of its kind; the others are as they are here.

    A render has `text` or `error`, and `ran`, None where it depends on more than templates. A check has `resources`, as
    kubeconform prints them. Custom resources have `refusals`: name of the document -> what the API server refuses, each
    with field, message and rule. `unfit` are the names of documents that do not fit a schema. A chart has `frame` and
    `providers`, none where it has no templates.
    """

    text: str = ""
    error: str | None = None
    ran: list[str] | None = None
    resources: list[dict[str, Any]] = field(default_factory=list)
    refusals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    unfit: list[str] = field(default_factory=list)
    frame: str = ""
    providers: dict[str, str] = field(default_factory=dict)


def read(line: bytes) -> tuple[int, Answer | None]:
    """The number of a request and its answer, None where the program leaves it to the command; ValueError otherwise."""
    found = json.loads(line)
    if not isinstance(found, dict) or not isinstance(found.get("id"), int):
        raise ValueError("is not an answer")
    if "uncovered" in found:
        return found["id"], None
    if isinstance(inner := found.get("answers"), dict):
        named = {name: each or [] for name, each in inner.items()}
        found |= inner if inner.keys() & {"resources", "unfit"} else {"refusals": named}
    answer = Answer(**{each.name: found[each.name] for each in fields(Answer) if found.get(each.name) is not None})
    texts = [answer.text, answer.error or "", answer.frame, *(answer.ran or ()), *answer.unfit]
    texts += [text for pair in answer.providers.items() for text in pair]
    texts += [each[key] for each in answer.resources for key in RESOURCE]
    texts += [each[key] for refused in answer.refusals.values() for each in refused for key in ("field", "message")]
    if set(map(type, texts)) - {str}:
        raise ValueError("has something that is not a text")
    return found["id"], answer


class Prover:
    """A process of the program. `version` is what `.Capabilities.HelmVersion` says in templates, empty for its own.

    `alone` says that no command can run for what it does not answer.
    """

    alone = False

    def __init__(self, program: Path, environment: dict[str, str], version: str = "") -> None:
        self.version = version
        self._turn = threading.Lock()
        self._said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with suppress(OSError):
            self._process = subprocess.Popen([str(program)], env=environment, **pipes)
            bounded(self._process.pid)
            threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def answers(self, requests: Sequence[Data]) -> Iterator[tuple[int, Answer]]:
        """(number of the request, answer) as they come; a request that gets no answer is for the command."""
        with self._turn:
            if self._process is None or not requests:
                return
            threading.Thread(target=self._tell, args=(self._process.stdin, requests), daemon=True).start()
            for _ in requests:
                try:
                    number, answer = read(self._next())
                # Nothing, or nothing that is meant.
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                    self.end()
                    return
                if answer:
                    yield number, answer

    def chart(self, folder: Path) -> tuple[str, dict[str, str]] | None:
        """What renders of a chart depend on: a hash of its frame, and template -> hash of its file; None if unknown."""
        for _, answer in self.answers([{"chart": str(folder)}]):
            return answer.frame, answer.providers
        return None

    def unfit(self, schema: str, documents: dict[str, str]) -> set[str]:
        """The names of the documents that do not fit a schema (draft-07, without formats), or that are not answered.

        Both are texts of JSON. `$` in a pattern is the end of the text, as JSON Schema has it.
        """
        if not documents:
            return set()
        for _, answer in self.answers([{"fit": {"schema": schema, "documents": documents}}]):
            return set(answer.unfit)
        return set(documents)

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _next(self) -> bytes:
        try:
            return self._said.get(timeout=TIMEOUT)
        except queue.Empty:
            return b""

    def _listen(self, stdout: Any) -> None:
        for line in stdout:
            self._said.put(line)
        self._said.put(b"")

    @staticmethod
    def _tell(stdin: Any, requests: Sequence[Data]) -> None:
        with suppress(OSError, ValueError):  # the process ended; whoever waits for its answers notices
            for number, request in enumerate(requests):
                stdin.write(json.dumps({"id": number, **request}).encode() + b"\n")
            stdin.flush()


class Called(Prover):
    """The program inside this process, as a function from the line of a request to that of its answer."""

    alone = True

    def __init__(self, call: Callable[[str], str]) -> None:
        self.version = ""
        self._call = call

    def answers(self, requests: Sequence[Data]) -> Iterator[tuple[int, Answer]]:
        for number, request in enumerate(requests):
            _, answer = read(self._call(json.dumps({"id": number, **request})).encode())
            if answer is None:
                raise ToolError("this page cannot render the chart with these values; 'chartgen configure --serve' can")
            yield number, answer

    def end(self) -> None:
        """Nothing runs."""


@contextmanager
def started(programs: dict[str, Tool]) -> Iterator[tuple[Prover | None, str]]:
    """The program for as long as it is used; None, and a sentence, where the commands have to run."""
    import tempfile

    program = tools.find("prover")
    lacking = lacks(program, programs)
    if program is None or lacking:
        yield None, f"helm and kubeconform run for each render, which can take 30 times as long: {lacking}"
        return
    with tempfile.TemporaryDirectory(prefix="chartgen-prover-") as place:
        environment = hermetic(Path(place)) | collector()
        version = programs["helm"].version if programs["helm"].path.parent != program.path.parent else ""
        prover = Prover(program.path, environment, version)
        try:
            yield prover, ""
        finally:
            prover.end()


def collector() -> dict[str, str]:
    """Settings of Go: its collector runs seldom, until half of the memory is in use, 2 GiB where there is enough."""
    return {"GOMEMLIMIT": str(limits.memory(MEMORY) // 2), "GOGC": "800"}


def lacks(program: Tool | None, programs: dict[str, Tool]) -> str:
    """Why the program cannot answer for these tools; empty where it can. Their versions differ in what they refuse."""
    if program is None and carried.others("prover", tools.pins("prover")):
        return "chartgen-prover has another version than chartgen; install chartgen's own"
    if program is None:
        import shutil

        why = "the faster program was built from other sources" if tools.outdated("prover") else "it is not built"
        return f"{why}; {'run' if shutil.which('go') else 'install Go and run'} 'chartgen tools'"
    for name, tool in programs.items():
        inside = tools.pinned(name)
        if inside.split(".")[:2] != tool.version.split(".")[:2]:
            return f"{tool.path} is {name} {tool.version}, and the faster program contains {name} {inside}"
    return ""


def files(paths: Sequence[Path]) -> bool:
    """Whether all of them are files of this machine: Helm also reads URLs and standard input."""
    return all("://" not in os.fspath(path) and os.fspath(path).strip() != "-" for path in paths)
