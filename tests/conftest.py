"""What several tests need: little fragments and stacks made on the spot, and the chart rendered as Helm renders it."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
CHART = ROOT / "charts/llm-stack"
CASE = re.compile(r"(.*/test_importing[.]py)::test_\w+\[([a-z0-9-]*[a-z])")  # a test of a case, which other tests share


def outcome(make: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[Any, list[Any]]:
    """What `make` returns and no problems, or None and the problems that it raises."""
    from chartgen.problem import Faults

    try:
        return make(*arguments, **named), []
    except Faults as faults:
        return None, faults.problems


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Of several processes, one has all tests of a case: it is imported once.

    xdist's own marker for this, xdist_group, does nothing with pytest 9.2: it sets a name that pytest does not read.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByCase(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            found = CASE.match(nodeid)
            return "::".join(found.groups()) if found else nodeid

    return ByCase(config, log)


@pytest.fixture(scope="session", autouse=True)
def hermetic_helm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Helm without the plugins and repositories of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("helm")
    for name in ("CACHE", "CONFIG", "DATA"):
        os.environ[f"HELM_{name}_HOME"] = str(folder / name.lower())


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test proves what it proves: nothing is remembered from another."""
    from chartgen.proofs import memory

    place: list[Path] = []
    monkeypatch.setattr(
        memory, "folder", lambda: (place or place.append(tmp_path_factory.mktemp("proved")) or place)[0]
    )


@pytest.fixture(autouse=True)
def no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command prints does not depend on how long it takes: progress that waits for some seconds never comes."""
    from chartgen import terminal

    monkeypatch.setattr(terminal, "HELD", math.inf)


@pytest.fixture(scope="session")
def helm() -> str:
    """The path of the real Helm."""
    from chartgen.programs import tools

    return str(tools.ensure(["helm"], print)["helm"].path)


@pytest.fixture(scope="session")
def prover() -> Iterator[Any]:
    """The program that renders and checks as Helm and kubeconform do; None where it is not built."""
    from chartgen.programs import prover, tools

    with prover.started(tools.ensure(["helm", "kubeconform"], print)) as (process, _):
        yield process


@pytest.fixture(scope="session")
def template(helm: str, prover: Any) -> Callable[..., Any]:
    """What Helm makes of the chart: `template(values_file, "key=value", chart=…, release=…)` -> its text and its error.

    The prover renders the project's own chart, which no test changes; the command renders any other.
    """
    from chartgen.programs.helm import Request, render

    def made(*arguments: str | Path, chart: Path = CHART, release: str = "llm", **request: Any) -> Any:
        files = tuple(argument for argument in arguments if isinstance(argument, Path))
        sets = tuple(argument for argument in arguments if isinstance(argument, str))
        wanted = Request(chart, files, release=release, sets=sets, **request)
        return render([wanted], Path(helm), prover=prover if chart == CHART else None)[0]

    return made


@pytest.fixture(scope="session")
def manifests(template: Callable[..., Any]) -> Callable[..., Any]:
    """Render the chart: `manifests(values_file, "key=value", chart=…, release=…)` -> pytest-helm's index."""
    from pytest_helm import parse_manifest_documents

    def render(*arguments: str | Path, chart: Path = CHART, release: str = "llm") -> Any:
        made = template(*arguments, chart=chart, release=release)
        assert not made.error, made.error
        return parse_manifest_documents(made.text)

    return render


@pytest.fixture
def rendered(manifests: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Render the chart with values as keywords: `rendered(engine="vllm")`."""

    def render(**values: Any) -> Any:
        file = tmp_path / "values.yaml"
        file.write_text(json.dumps(values))
        return manifests(file)

    return render


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Write files below a new folder: path -> text, or data that becomes JSON (which YAML reads)."""

    def into(files: dict[str, Any]) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return tmp_path

    return into


@pytest.fixture
def stack(write: Callable[[dict[str, Any]], Path]) -> Callable[..., tuple[Any, list[Any]]]:
    """Write a stack of little fragments and read it: `stack({"a": {...fragment.yaml...}}, files…)`.

    `fragments/ID/fragment.yaml` gets a summary, and is left out where its data is None; other files are given by
    their path below fragments/.
    """
    from chartgen.sources import stack as stacks

    def made(fragments: dict[str, dict[str, Any]], files: dict[str, Any] | None = None, **recipe: Any) -> Any:
        chart = {"name": "little", "version": "1.0.0", "description": "A little chart."}
        whole = {"chart": chart, "fragmentPaths": ["fragments"], "fragments": list(fragments), **recipe}
        folder = write(
            {"stack.yaml": whole}
            | {
                f"fragments/{id}/fragment.yaml": {"summary": id, **data}
                for id, data in fragments.items()
                if data is not None
            }
            | {f"fragments/{path}": content for path, content in (files or {}).items()}
        )
        return outcome(stacks.read, folder / "stack.yaml")

    return made
