"""The renderer of the static page renders and refuses as the prover does, and reads YAML as libyaml does."""

from __future__ import annotations

import importlib.util
import json
import random
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CHART
from llm_stack.rendering import all_requests
from programs.test_prover import NOWHERE, ODD, _random, mutated, odd

from chartgen import problem
from chartgen.configure import pagepython
from chartgen.programs import helm as render
from chartgen.programs import prover, renderer, tools
from chartgen.programs.prover import Prover
from chartgen.reading import yamlfile

NODE = shutil.which("node")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(NODE is None, reason="no node on PATH")]


@pytest.fixture(scope="module")
def native() -> Iterator[Prover]:
    assert tools.built("prover", print), "Go builds the prover"
    made = Prover(tools.ensure(["prover"], print)["prover"].path, {"GOMAXPROCS": "2"})
    yield made
    made.end()


@pytest.fixture(scope="module")
def inside(native: Prover, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prover]:
    folder = renderer.ensure(native, print)
    lines = Path(__file__).with_name("renderer") / "lines.mjs"
    program = tmp_path_factory.mktemp("renderer") / "program"
    command = [str(NODE), str(lines), str(folder), str(pagepython.INSIDE / "files.js")]
    program.write_text(f"#!/bin/sh\nexec {shlex.join(command)}\n", encoding="utf-8")
    program.chmod(0o755)
    made = Prover(program, {})
    yield made
    made.end()


def different(requests: list[render.Request], native: Prover, inside: Prover) -> list[Any]:
    """What the two programs say of requests, where it is not the same."""
    by_prover, by_page = (render.render(requests, NOWHERE, prover=each) for each in (native, inside))
    # Go writes the errors of the system that js stands for with a capital.
    by_page = [replace(each, error=each.error.replace("No such file", "no such file")) for each in by_page]
    return [
        (one.request, one.error or one.text, other.error or other.text)
        for one, other in zip(by_prover, by_page, strict=True)
        if one != other and not _random(one, other)
    ]


# A browser's stack is not deep enough for Helm's own limit: there the page's worker ends, and begins anew.
COVERED = [case for case in ODD if not case.get("uncovered") and not case.get("deep")]


@pytest.mark.parametrize("case", COVERED, ids=[case["name"] for case in COVERED])
def test_an_odd_chart_renders_or_is_refused_as_by_the_prover(
    case: dict[str, Any], tmp_path: Path, native: Prover, inside: Prover
) -> None:
    assert different([odd(case, tmp_path)], native, inside) == []


def test_a_sample_of_the_validation_of_llm_stack_is_rendered_as_by_the_prover(
    tmp_path: Path, native: Prover, inside: Prover
) -> None:
    every = all_requests(tmp_path)
    sample = random.Random(17).sample(every, 20) + mutated(every, tmp_path, 10)
    assert different(sample, native, inside) == []
    assert {bool(each.error) for each in render.render(sample, NOWHERE, prover=native)} == {True, False}


def test_what_a_chart_is_made_of_is_the_same(native: Prover, inside: Prover) -> None:
    assert inside.chart(CHART) == native.chart(CHART)


def test_objects_are_not_checked(inside: Prover) -> None:
    assert list(inside.answers([{"check": {}}, {"serve": {}}, {}])) == []


@pytest.fixture(scope="module")
def parser(inside: Prover) -> type:
    """A loader like yamlfile's on the events of the renderer."""
    spec = importlib.util.spec_from_file_location("_yaml_inside", pagepython.INSIDE / "_yaml.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def events(text: str) -> str:
        assert inside._process
        assert inside._process.stdin
        inside._process.stdin.write(json.dumps({"yaml": text}).encode() + b"\n")
        inside._process.stdin.flush()
        return inside._next().decode()

    module.events = events

    class Loader(module.CParser, yaml.constructor.BaseConstructor, yaml.resolver.BaseResolver):
        def __init__(self, stream: str) -> None:
            module.CParser.__init__(self, stream)
            yaml.constructor.BaseConstructor.__init__(self)
            yaml.resolver.BaseResolver.__init__(self)

    return type("Nodes", (yamlfile._Rules, Loader), {})


TEXTS = [
    *(
        "",
        "\n",
        "# nothing\n",
        "a: 1",
        "a: 1\n---\nb: 2\n",
        "--- a\n...\n--- b\n",
        "%YAML 1.1\n--- {a: 1}\n",
        "- a\n- [b, {c: d}]\n",
    ),
    *(
        "a: |\n  x\n   y\n\nb: >-\n  x\n  y\n",
        "a: 'it''s'\nb: \"\\u00e9\\n\"\n",
        "é: ü\n日本: [語]\n",
        "a: &x {b: 1}\nc: *x\n<<: *x\n",
    ),
    *(
        "a: !!int '3'\nb: !mine x\nc: ! y\nd: !!binary aGk=\n",
        "? a\n: b\n? [c]\n: d\n",
        "a:\r\n  b: 1\r\n",
        "a: ~\nb:\nc: ''\n",
    ),
    *(
        "a: [",
        "a: {",
        "a: ]",
        "a: 'x",
        'a: "x',
        "a: b: c",
        "a: - b",
        "\ta: 1",
        "a:\n\t- b",
        "a\nb: 1",
        "a: @b",
        "a: *b",
    ),
    *(
        "a: &x 1\nb: &x 2",
        "a: 1\n b: 2",
        "a: 1\na: 2\n",
        'x: "\\q"',
        "a: `b`",
        "%X\na: 1",
        "- a\nb: c",
        "a: !<x",
        "a: [b\nc: d",
    ),
    *("a: \x01", "a: \x00b", "&a [*a]", "a: 'x' y", "{a: 1} b", "a: >x\n b", "{" * 3000, "a: " * 50, "- " * 600 + "x"),
    *(
        "a: |3\n x\n",
        "key: [a, b\n",
        "a: 1\n...\nb: 2\n",
        "!!map {a: 1}",
        "--- !<tag:x,1:y> a\n",
        "%TAG ! x\n--- a\n%TAG",
    ),
]


@pytest.mark.parametrize("text", TEXTS, ids=[repr(each)[:40] for each in TEXTS])
def test_a_text_is_read_as_by_libyaml(text: str, parser: type, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = yamlfile.parse_all(text, "a.yaml")
    monkeypatch.setattr(yamlfile, "Nodes", parser)
    assert yamlfile.parse_all(text, "a.yaml") == expected


def test_all_files_of_the_chart_and_their_broken_forms_are_read_as_by_libyaml(
    parser: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(17)
    texts = [file.read_text(encoding="utf-8") for file in sorted(CHART.rglob("*.yaml"))]
    texts += [_broken(text, chance) for text in texts]
    texts = chance.sample(texts, 120)
    expected = [yamlfile.parse_all(text, "a.yaml") for text in texts]
    monkeypatch.setattr(yamlfile, "Nodes", parser)
    assert [yamlfile.parse_all(text, "a.yaml") for text in texts] == expected
    assert any(problem for each in expected for parsed in each for problem in parsed.problems)


def _broken(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(["[", "{", "'", '"', ": ", "\n\t", "- ", "*", "&x ", "}"]) + text[at:]


def test_a_cut_that_does_not_fit_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "a.go"
    file.write_text("package a\n\nimport x\nimport x\n", encoding="utf-8")
    for cut in ({"from": "import x"}, {"from": "import y"}, {"from": "package a", "end": "nowhere"}):
        with pytest.raises(problem.ToolError, match=r"page.yaml: a.go of v1: .* is not there once"):
            renderer._change(file, {"cuts": [cut]}, "v1")
    renderer._change(file, {"cuts": [{"from": "package a", "end": "import x\nimport", "to": "package b\n"}]}, "v1")
    assert file.read_text(encoding="utf-8") == "package b\nimport x\nimport x\n"
    renderer._change(file, {"text": None}, "v1")
    assert not file.exists()


def test_the_answer_of_a_renderer_that_cannot_answer_is_an_error() -> None:
    called = prover.Called(lambda line: '{"id": 0, "uncovered": "a panic"}')
    with pytest.raises(problem.ToolError, match="cannot render"):
        list(called.answers([{"render": {}}]))
