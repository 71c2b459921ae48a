"""Which values the templates read, by Go's own parser: the builder finds all of it, and every value is read.

tests/gotools/reads follows what each template is given to the end of the chart, the builder to the end of a fragment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from conftest import CHART

from chartgen.compose import merge, owners, reads, rules
from chartgen.compose.reads import ANY
from chartgen.reading import gotemplate
from chartgen.sources import stack as stacks

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).parents[1] / "gotools/reads"
GENERATED = "_slots.tpl"  # the builder writes it, from choices that it checks
# It goes along paths that the builder has from the schema; the reader takes any key of one for one of another.
ALONG = "llm-stack.data.keyAlone"


class ByGo(NamedTuple):
    """What Go finds; `given` where it is of what another template handed over."""

    file: str
    template: str
    line: int
    path: tuple[str, ...]
    whole: bool
    given: bool


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = shutil.which("go")
    assert go, "Go builds the program"
    made = tmp_path_factory.mktemp("reads") / "reads"
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    subprocess.run([go, "build", "-o", str(made), "."], cwd=PROGRAM, env=environment, check=True)
    return made


def by_go(program: Path, folder: Path) -> list[ByGo]:
    done = subprocess.run([str(program), str(folder)], capture_output=True, text=True, check=True, timeout=60)
    found = map(json.loads, done.stdout.splitlines())
    return [ByGo(**{**each, "path": tuple(each["path"])}) for each in found]


@pytest.fixture(scope="module")
def found(program: Path) -> list[ByGo]:
    return [each for each in by_go(program, CHART / "templates") if each.template != ALONG]


@pytest.fixture(scope="module")
def stack() -> Any:
    return stacks.read(stacks.find("llm-stack"))


@pytest.fixture(scope="module")
def values(stack: Any) -> Any:
    return merge.gather(stack)


@pytest.fixture(scope="module")
def by_builder(stack: Any) -> dict[str, list[Any]]:
    """File of the chart -> what the builder says that its templates read."""
    sources, notes, _ = rules._parsed(stack)
    named = {}
    for use in owners.uses(stack, sources, notes):
        name = use.path.rpartition("/templates/")[2]
        named[f"{use.fragment.id}/{name}" if use.fragment else "NOTES.txt"] = list(use.found.reads)
    return named


def covers(read: Any, path: tuple[str, ...], whole: bool) -> bool:
    """Whether the builder's read is of the path, or of all that the path is a part of."""
    same = all(own in (key, ANY) or key == ANY for own, key in zip(read.path, path, strict=False))
    if read.whole and len(read.path) <= len(path):
        return same
    # That a map is looked at says no more than that something in it is.
    return same and len(read.path) >= len(path) and (read.whole or not whole)


def test_the_builder_finds_every_read_that_go_finds(found, by_builder):
    missing = [
        each
        for each in found
        if each.file != GENERATED
        and not each.given
        and not any(covers(read, each.path, each.whole) for read in by_builder[each.file])
    ]
    assert missing == []


def test_what_a_template_is_given_was_read_where_it_was_given(found, by_builder):
    every = [read for reads in by_builder.values() for read in reads]
    assert [each for each in found if each.given and not any(covers(read, each.path, False) for read in every)] == []


def test_no_read_is_of_a_value_that_is_not_declared(found, values):
    # Any key is also any character of a text.
    named = [(each, _before_any(each.path)) for each in found]
    assert [each for each, path in named if path and owners.undeclared(values, path)] == []


def _before_any(path: tuple[str, ...]) -> tuple[str, ...]:
    while path[-1:] == (ANY,):
        path = path[:-1]
    return () if path[:1] == (ANY,) else path


def declared(stack: Any, values: Any) -> set[tuple[str, ...]]:
    """Every value of the stack."""
    return {path for fragment in stack.fragments for path in owners._leaves(fragment, values)}


def test_every_value_that_is_declared_is_read(found, stack, values):
    unread = [path for path in declared(stack, values) if not any(_reads(each, path) for each in found)]
    assert sorted(unread) == []


def _reads(read: ByGo, path: tuple[str, ...]) -> bool:
    """Whether it is a read of the value, or of something in it."""
    same = all(own in (key, ANY) for own, key in zip(read.path, path, strict=False))
    return same and read.path[0] != ANY and (read.whole or len(read.path) >= len(path))


# What a template reads, by both: a path with * for any key, with ! where all below it may be read.
SNIPPETS: dict[str, str] = {
    "{{ .Values.a.b }}": "a.b!",
    "{{ $x := .Values.a }}{{ $x.b }}": "a a.b!",
    "{{ with .Values.a }}{{ .b }}{{ $.Values.c }}{{ end }}": "a a.b! c!",
    "{{ if .Values.a.b }}x{{ else if .Values.c }}y{{ end }}": "a.b c",
    "{{ range .Values.a }}{{ .b }}{{ end }}": "a a.* a.*.b!",
    "{{ range $k, $v := .Values.a }}{{ $k }}{{ $v.b }}{{ end }}": "a a.* a.*.b!",
    '{{ get .Values.a "b" }}': "a a.b!",
    '{{ index .Values.a "b" "c" }}': "a a.b.c!",
    '{{ (index .Values "a").b }}': "a a.b!",
    '{{ dig "b" "c" 1 .Values.a }}': "a a.b.c!",
    "{{ .Values.a.b | default .Values.c }}": "a.b! c!",
    "{{ (.Values.a | default dict).b }}": "a a.b!",
    '{{ if hasKey .Values.a "b" }}x{{ end }}': "a a.b",
    '{{ (pick .Values.a "b").b }}': "a a.b!",
    "{{ toYaml .Values.a }}": "a!",
    '{{ (dict "x" .Values.a).x.b }}': "a a.b!",
    '{{ $d := dict }}{{ $_ := set $d "x" .Values.a }}{{ toJson $d }}': "a!",
    "{{ $d := dict }}{{ range list 1 2 }}{{ $_ := set $d (toString .) $.Values.a }}{{ end }}{{ toJson $d }}": "a!",
    '{{ $l := list }}{{ range .Values.a }}{{ $l = append $l (dict "y" .b) }}{{ end }}{{ toJson $l }}': "a a.* a.*.b!",
    '{{ range $k, $m := .Values.a | default (dict "one" .Values.c) }}{{ $m.b }}{{ end }}': "a a.* a.*.b! c c.b!",
    "{{ range $k, $m := .Values.a | default (dict .Values.c .Values.d) }}{{ $m.b }}{{ end }}": "a a.* a.*.b! c d d.b!",
    '{{ define "t" }}{{ .x.b }}{{ end }}{{ include "t" (dict "x" .Values.a) }}': "a a.b!",
    '{{ define "t" }}{{ .Values.a }}{{ end }}{{ template "t" . }}': "a!",
    "{{ (ternary .Values.a .Values.c true).b }}": "a c a.b! c.b!",
    "{{ $x := .Values.a }}{{ if .Values.c }}{{ $x = .Values.d }}{{ end }}{{ $x.b }}": "a c d a.b! d.b!",
    "{{ (mergeOverwrite (deepCopy .Values.a) .Values.c).b }}": "a c a.b! c.b!",
    "{{ (first .Values.a).b }}": "a a.* a.*.b!",
    "{{ (.Values.a).b }}": "a a.b!",
    '{{- /* .Values.a */}}{{ ".Values.b" }}{{ .Values.c -}} ': "c!",
    '{{ eq .Values.a "x" | ternary 1 2 }}': "a!",
    "{{ tpl .Values.a . }}": "a!",
}


@pytest.mark.parametrize(("text", "expected"), SNIPPETS.items(), ids=SNIPPETS)
def test_both_find_the_same_in(text: str, expected: str, program: Path, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    wanted = {each.removesuffix("!"): each.endswith("!") for each in expected.split()}
    go = _widest((".".join(each.path), each.whole) for each in by_go(program, tmp_path))
    template = gotemplate.parse(text)
    source = reads.Source(SimpleNamespace(id="a"), "a.yaml", "a.yaml", template)
    others = {define.name: ("a.yaml", define) for define in template.defines}
    builder = _widest((".".join(each.path), each.whole) for each in reads.run(source, others, {}, "")["a.yaml"].reads)
    # Looking at a map whose keys are read says nothing more.
    for each in (wanted, go, builder):
        for path in [path for path in each if any(other.startswith(f"{path}.") for other in each) and not each[path]]:
            del each[path]
    assert go == wanted
    assert builder == wanted


def _widest(found: Iterable[tuple[str, bool]]) -> dict[str, bool]:
    widest: dict[str, bool] = {}
    for path, whole in found:
        widest[path] = whole or widest.get(path, False)
    return widest
