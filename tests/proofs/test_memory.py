"""What was proved is not proved again, and nothing stale is believed: every input is changed so that it matters."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chartgen.chart import disk, loaded
from chartgen.chart.valuesfile import Example
from chartgen.compose import building
from chartgen.kubernetes import prepare
from chartgen.problem import Faults
from chartgen.programs import helm, prover, tools
from chartgen.programs.helm import Document, Request
from chartgen.proofs import checks, memory, runs
from chartgen.proofs import validate as module
from chartgen.proofs.run import Run
from chartgen.proofs.validate import Report, validate
from chartgen.sources import stack as stacks

VERSIONS = ["1.33.0", "1.37.0"]
LABELS = """\
{{- define "fragment.a.labels" -}}
app.kubernetes.io/name: little
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: greeting
app.kubernetes.io/version: "1"
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: little-1.0.0
{{- end }}
"""
MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ printf "%s-%s" (.Release.Name | trunc 50) (.Release.Name | sha256sum | trunc 4) | quote }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    {{- include "fragment.a.labels" . | nindent 4 }}
data:
  text: {{ .Values.text | quote }}
  file: {{ .Files.Get "files/a/note.txt" | quote }}
  {{- if eq .Values.text "loud" }}
  loud: {{ include "fragment.a.loud" . }}
  {{- end }}
  {{- if eq .Values.text "more" }}
  more: {{ include "fragment.a.more" . | quote }}
  {{- end }}
  {{- if eq .Values.text "stop" }}
  {{- fail "text: stop is no greeting; say hello" }}
  {{- end }}
"""
LOUD = """\
{{- define "fragment.a.loud" -}}{{ upper .Values.text | quote }}{{- end }}
{{- define "fragment.a.more" -}}and more{{- end }}
"""
SOURCES: dict[str, Any] = {
    "fragments/a/fragment.yaml": {"summary": "A greeting."},
    "fragments/a/values.schema.yaml": {
        "release": {"text": {"type": "string", "default": "hello", "description": "What it says."}},
    },
    "fragments/a/templates/_labels.tpl": LABELS,
    "fragments/a/templates/_loud.tpl": LOUD,
    "fragments/a/templates/map.yaml": MAP,
    "fragments/a/files/note.txt": "a note\n",
    "fragments/a/cases/long.yaml": "# A long one.\ntext: hello hello\n",
    "fragments/a/cases/loud.yaml": "# A loud one.\ntext: loud\n",
    "fragments/a/rejected/number.yaml": "# got number, want string\ntext: 1\n",
    "fragments/a/rejected/stop.yaml": "# stop is no greeting\ntext: stop\n",
    "stack.yaml": {
        "chart": {"name": "little", "version": "1.0.0", "description": "A little chart."},
        "fragmentPaths": ["fragments"],
        "fragments": ["a"],
    },
    "examples/new.yaml": "# For the newest alone.\n# kubernetes: >=1.37\ntext: hi\n",
}
ALL = 3 + 8 + 2 + 2  # renders: examples, under other names, cases, rejections


@pytest.fixture(autouse=True)
def few_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "definitions", SimpleNamespace(versions=lambda: VERSIONS))
    assert tools.built("prover", print)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Every request that is really rendered, in the order of the renders."""
    seen: list[Request] = []
    plain = runs.render

    def watched(requests: Any, *arguments: Any, **named: Any) -> Any:
        seen.extend(requests)
        return plain(requests, *arguments, **named)

    monkeypatch.setattr(runs, "render", watched)
    return seen


@pytest.fixture
def little(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write(SOURCES)
    monkeypatch.chdir(folder)
    build()
    return folder


def build() -> None:
    disk.write(building.composed(None).chart, Path("charts/little"))


def prove(*files: str, flags: tuple[str, ...] = ()) -> Report:
    return validate(loaded.default(None), [Path(file) for file in files], None, lambda text: None, flags)


def counts(report: Report) -> tuple[Any, ...]:
    return report.renders, report.documents, [(layer.name, layer.looked_at) for layer in report.layers]


@pytest.mark.slow
def test_what_did_not_change_is_not_rendered_and_is_reported_alike(little: Path, rendered: list[Request]) -> None:
    first = prove()
    assert first.problems == []
    assert (len(rendered), first.note) == (ALL, "")
    second = prove()
    assert len(rendered) == ALL
    assert counts(second) == counts(first)
    assert second.problems == []
    assert second.note == "nothing has changed since these checks ran last; their results are from then"


# What is changed -> how many renders it can reach. A change of the frame of the chart reaches all of them.
CHANGES = {
    "a comment in a template": ("templates/_loud.tpl", "{{-", "{{- /* Loud. */}}\n{{-", 0),
    "a template of the same file": ("templates/_loud.tpl", "and more", "and no more", 0),
    "a template that one case runs": ("templates/_loud.tpl", "upper", "lower", 1),
    "a template that all run": ("templates/_labels.tpl", "component: greeting", "component: other", ALL - 1),
    "an object": ("templates/map.yaml", "file:", "note:", ALL - 1),
    "a file": ("files/note.txt", "a note", "another", ALL),
    "a default": ("values.schema.yaml", "hello", "good day", ALL),
    "a schema": ("values.schema.yaml", "What it says", "What it does not say", ALL),
    "a case": ("cases/long.yaml", "hello hello", "hello you", 1),
    "a rejection": ("rejected/number.yaml", "text: 1", "text: 2", 1),
    "the message of a rejection": ("rejected/stop.yaml", "stop is no greeting", "say hello", 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_renders_what_it_can_reach(change: str, little: Path, rendered: list[Request]) -> None:
    name, old, new, reached = CHANGES[change]
    first = prove()
    file = little / "fragments/a" / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    build()
    del rendered[:]
    second = prove()
    assert second.problems == []
    assert len(rendered) == reached
    assert counts(second)[:2] == counts(first)[:2]
    del rendered[:]
    assert counts(prove()) == counts(second)
    assert rendered == []
    # Back again: it is known from before.
    file.write_text(text, encoding="utf-8")
    build()
    assert counts(prove()) == counts(first)
    assert rendered == []


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    """Every document that is looked at by itself, and as a part of its render."""
    seen: list[Document] = []
    plain = module.checks.objects

    def objects(manifests: Any, *arguments: Any) -> Any:
        seen.extend(document for _, found in manifests.made for document in found)
        return plain(manifests, *arguments)

    monkeypatch.setattr(module.checks, "objects", objects)
    return seen


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    build()


def test_what_renders_again_as_it_was_proved_is_not_proved_again(
    little: Path, rendered: list[Request], looked_at: list[Document]
) -> None:
    first = prove()
    assert len(looked_at) == first.documents
    del rendered[:], looked_at[:]
    rewrite(little / "fragments/a/templates/map.yaml", ".Values.text | quote", ".Values.text | toString | quote")
    second = prove()
    assert (len(rendered), looked_at) == (ALL - 1, [])
    assert counts(second) == counts(first)
    del rendered[:]
    assert counts(prove()) == counts(first)
    assert rendered == []


def test_of_what_renders_in_another_way_the_documents_that_changed_are_proved(
    little: Path, rendered: list[Request], looked_at: list[Document]
) -> None:
    (little / "fragments/a/templates/other.yaml").write_text(MAP.replace('printf "%s', 'printf "o%s'), encoding="utf-8")
    build()
    first = prove()
    assert first.problems == []
    del rendered[:], looked_at[:]
    rewrite(little / "fragments/a/templates/other.yaml", "text: {{", "words: {{")
    second = prove()
    assert second.problems == []
    assert len(rendered) == ALL - 1
    assert {document.source for document in looked_at} == {"templates/a/other.yaml"}
    assert len(looked_at) * 2 == second.documents
    rewrite(little / "fragments/a/templates/other.yaml", "kind: ConfigMap", "kind: ConfigMapp")
    assert "ConfigMapp" in str(prove().problems)


def test_a_document_is_known_for_the_rules_and_the_version_that_it_was_proved_by(little: Path) -> None:
    proved = memory.Proved("world", ("frame", {}))
    run = Run(Example("a", "a.yaml"), "1.37.0")
    document = Document("templates/a.yaml", 1, {"kind": "ConfigMap"}, "kind: ConfigMap\n")
    proved.given[id(run)] = "key"
    proved.keep([(run, helm.Rendered(Request(Path()), document.text, "", ()))], lambda text: [document], set())
    proved = memory.Proved.recalled("world", ("another frame", {}))
    known = [
        (run, document),
        (run, replace(document, text="kind: Secret\n")),
        (replace(run, version="1.36.0"), document),
        (replace(run, release="other"), document),
        (replace(run, shipped=True), document),
        (replace(run, example=replace(run.example, header=replace(run.example.header, security="baseline"))), document),
        (replace(run, example=replace(run.example, data={"extraObjects": {"a": document.data}})), document),
    ]
    assert [proved.fine(*each) for each in known] == [True, *[False] * 6]
    assert not memory.Proved.recalled("another world", ("frame", {})).fine(run, document)


def test_a_refusal_that_names_a_line_is_proved_again_where_the_line_can_be_another(
    little: Path, rendered: list[Request]
) -> None:
    """What `fail` says names none."""
    odd = '  {{- if eq .Values.text "odd" }}\n  x: {{ upper (list .Values.text) | quote }}\n  {{- end }}\n'
    with (little / "fragments/a/templates/map.yaml").open("a", encoding="utf-8") as file:
        file.write(odd)
    (little / "fragments/a/rejected/odd.yaml").write_text("# wrong type for value\ntext: odd\n", encoding="utf-8")
    build()
    assert prove().problems == []
    del rendered[:]
    rewrite(
        little / "fragments/a/templates/map.yaml", "apiVersion: v1\n", "{{- /* A line more. */ -}}\napiVersion: v1\n"
    )
    assert prove().problems == []
    assert [request.values[0].name for request in rendered] == ["odd.yaml"]


def test_templates_that_are_printed_alike_are_not_taken_for_each_other(little: Path, rendered: list[Request]) -> None:
    """Go's parser prints two texts beside a comment as it prints an action."""
    file = little / "fragments/a/templates/map.yaml"
    file.write_text(MAP + '  x: "{ {{- /* */ -}} {fail `no`}}"\n', encoding="utf-8")
    build()
    assert prove().problems == []
    del rendered[:]
    file.write_text(MAP + '  x: "{{fail `no`}}"\n', encoding="utf-8")
    build()
    assert prove().problems != []
    assert rendered


CLASS = (
    MAP.replace("v1\nkind: ConfigMap", "resource.k8s.io/v1\nkind: DeviceClass").partition("\ndata:")[0] + "\nspec: {}\n"
)


@pytest.mark.parametrize("of_values", [False, True])
def test_a_problem_names_the_versions_that_have_it_though_the_others_are_known(of_values: bool, little: Path) -> None:
    """An object that was proved for the newest Kubernetes comes to another that does not have its kind."""
    file, values = little / "fragments/a/templates/class.yaml", little / "mine.yaml"
    guarded = "{{- if semverCompare %s .Capabilities.KubeVersion.Version }}\n%s{{- end }}\n"
    file.write_text(CLASS if of_values else guarded % ('">=1.37"', CLASS), encoding="utf-8")
    values.write_text("# kubernetes: >=1.37\ntext: hi\n", encoding="utf-8")
    files = ("mine.yaml",) if of_values else ()
    build()
    assert prove(*files).problems == []
    if of_values:
        values.write_text("text: hi\n", encoding="utf-8")
    else:
        rewrite(file, ">=1.37", ">=1.30")
    said = [problem.message for problem in prove(*files).problems]
    assert said == ["found no schema of resource.k8s.io/v1 DeviceClass (Kubernetes 1.33.0)"]


def test_a_warning_names_the_versions_that_have_it_though_the_others_are_known(little: Path) -> None:
    """Of a user's own values there are warnings, for which nothing is proved again."""
    text = "---\n# Source: a/templates/a.yaml\napiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {name: a}\n"
    [document] = helm.documents(text + "spec: {}\n")
    own = Example("a", "a.yaml", data={"extraObjects": {"a": document.data}})
    made = checks.Manifests(tuple((Run(own, version), [document]) for version in VERSIONS))
    left = made.without(lambda run, document: run.version == VERSIONS[1])
    binary = tools.ensure(["kubeconform"], print)["kubeconform"].path
    for each in (made, left):
        [found] = checks.objects(each, prepare.schema_locations(), binary, print)
        assert found.advice
        assert found.message.endswith("no schema of resource.k8s.io/v1 DeviceClass (Kubernetes 1.33.0)")


def test_the_order_of_keys_is_no_chance(little: Path) -> None:
    keyed = '  {{- $map := dict "b" "1" "c" "2" "a" "3" "d" "4" "e" "5" "f" "6" }}\n'
    keyed += '  order: {{ keys $map (dict "0" "") | join "" | quote }}\n  values: {{ values $map | join "" | quote }}\n'
    (little / "fragments/a/templates/map.yaml").write_text(MAP + keyed, encoding="utf-8")
    build()
    with prover.started(tools.ensure(["helm", "kubeconform"], print)) as (process, _):
        [made] = helm.render([Request(Path("charts/little"))], Path("/nowhere"), prover=process)
    assert (made.error, made.text.count('order: "abcdef0"'), made.text.count('values: "312456"')) == ("", 1, 1)


# A text of a file -> what stands there after a random change: of what a template prints, of its form alone, of neither.
EDITS = [
    (r"\| quote", "| toString | quote"),
    (r"\| quote", "| upper | quote"),
    (r"\}\}\n", "}}\n{{- /* said */}}\n"),
    (r"\n", "\n\n"),
    (r"\n(  \w+: )", r"\n  more: \"1\"\n\1"),
    (r"(?m)^  \w+: .*\n", ""),
    (r'"(loud|stop|more)"', '"hello hello"'),
    (r"\b(hello|loud|text|note|greeting)\b", "say"),
    ("kind: ConfigMap", "kind: ConfigMapp"),
    ("upper", "lower"),
    ("trunc 50", "trunc 63"),
    ('version: "1"', "version: 1"),
]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_after_random_changes_a_report_is_as_if_everything_was_proved_again(
    seed: int, little: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    files = sorted(file for file in (little / "fragments/a").rglob("*") if file.is_file() and file.suffix != ".txt")
    compared = faulty = 0
    for _ in range(40):
        file, (old, new) = chance.choice(files), chance.choice(EDITS)
        before = file.read_text(encoding="utf-8")
        found = list(re.finditer(old, before))
        if not found:
            continue
        one = chance.choice(found)
        file.write_text(before[: one.start()] + one.expand(new) + before[one.end() :], encoding="utf-8")
        try:
            build()
        except Faults:
            file.write_text(before, encoding="utf-8")
            continue
        warm = prove()
        with monkeypatch.context() as patch:
            patch.setattr(memory, "recall", lambda kind, key: None)
            patch.setattr(memory, "keep", lambda kind, key, what: None)
            cold = prove()
        assert (warm.problems, warm.warnings, counts(warm)) == (cold.problems, cold.warnings, counts(cold)), one[0]
        compared += 1
        if warm.problems:
            faulty += 1
            file.write_text(before, encoding="utf-8")
            build()
    assert compared > 4
    assert faulty, "some changes are mistakes"


# What is broken -> a part of the problem that has to be found, though all was proved before.
BREAKS = {
    "templates/_loud.tpl": ("upper .Values.text", 'mustRegexFind "[" .Values.text', "missing closing"),
    "templates/_labels.tpl": ("app.kubernetes.io/component: greeting", "", "app.kubernetes.io/component"),
    "templates/map.yaml": ("kind: ConfigMap", "kind: ConfigMapp", "ConfigMapp"),
    "cases/loud.yaml": ("text: loud", "text: 3", "3 is a number"),
    "rejected/number.yaml": ("text: 1", "text: one", "must be rejected"),
    "values.schema.yaml": (
        '"string", "default": "hello"',
        '"integer", "default": 1',
        "got string, want integer|rejected",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_is_found_each_time_and_as_without_a_memory(
    name: str, little: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, part = BREAKS[name]
    assert prove().problems == []
    file = little / "fragments/a" / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    build()
    found = prove()
    assert re.search(part, "\n".join(map(str, found.problems)))
    again = prove()
    with monkeypatch.context() as patch:
        patch.setattr(memory, "recall", lambda kind, key: None)
        plain = prove()
    assert found.problems == again.problems == plain.problems
    assert counts(found) == counts(again) == counts(plain)
    file.write_text(text, encoding="utf-8")
    build()
    assert prove().problems == []


@pytest.mark.slow
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("name", ["fragments/a/cases/loud.yaml", "mine.yaml", "charts/little/values.yaml"])
def test_what_changes_while_it_is_proved_is_not_kept(
    name: str, single: bool, little: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if single and "cases" not in name:
        pytest.skip("of a fragment alone, its cases are read")
    file = little / name
    (little / "mine.yaml").write_text("# Mine.\ntext: mine\n", encoding="utf-8")
    good = file.read_bytes()
    bad = (
        good.replace(b"loud\n", b"stop\n").replace(b"text: mine", b"text: stop").replace(b"text: hello", b"text: stop")
    )
    assert good != bad
    plain = runs.go

    def between(*arguments: Any, **named: Any) -> Any:
        """Whatever is read before and after it is rendered is bad; what is rendered is good."""
        file.write_bytes(good)
        try:
            return plain(*arguments, **named)
        finally:
            file.write_bytes(bad)

    def told() -> list[str]:
        stack = little / "stack.yaml"
        report = (
            module.only(["a"], stack, lambda text: None) if single else prove(*["mine.yaml"] * (file.parent == little))
        )
        return [problem.message for problem in report.problems if "out of date" not in problem.message]

    with changed(file, bad):
        with monkeypatch.context() as patched:
            patched.setattr(runs, "go", between)
            told()
        assert told()


@pytest.mark.slow
def test_what_has_none_of_the_problems_is_kept_until_they_are_gone(little: Path, rendered: list[Request]) -> None:
    file = little / "fragments/a/cases/loud.yaml"
    text = file.read_text(encoding="utf-8")
    bad = {"a refusal": "# A loud one.\ntext: stop\n", "a document": "# A loud one.\n# pod-security: x\ntext: loud\n"}
    for broken in bad.values():
        file.write_text(broken, encoding="utf-8")
        assert prove().problems != []
    file.write_text(text, encoding="utf-8")
    labels = little / "fragments/a/templates/_loud.tpl"
    labels.write_text(LOUD.replace("upper .Values.text | quote", "list .Values.text | toJson"), encoding="utf-8")
    build()
    del rendered[:]
    assert any("got array" in str(problem) for problem in prove().problems)
    assert [request.values[0].name for request in rendered[:1]] == ["loud.yaml"]
    assert len(rendered) == 1 + ALL, "what has a problem is proved with everything, as without a memory"
    labels.write_text(LOUD.replace("upper .Values.text | quote", "upper .Values.text | toJson"), encoding="utf-8")
    build()
    del rendered[:]
    assert prove().problems == []
    assert [request.values[0].name for request in rendered] == ["loud.yaml"]


@pytest.mark.slow
def test_single_fragments_are_proved_as_before(little: Path, rendered: list[Request]) -> None:
    first = module.only(["a"], Path("stack.yaml"), lambda text: None)
    assert (first.problems, len(rendered)) == ([], 5)
    assert counts(module.only(["a"], Path("stack.yaml"), lambda text: None)) == counts(first)
    assert len(rendered) == 5
    assert prove().problems == []
    assert len(rendered) == 5 + ALL - 4, "the cases and rejections are known"


def test_a_template_of_a_name_that_another_file_takes_over_is_rendered_again(
    little: Path, rendered: list[Request]
) -> None:
    prove()
    del rendered[:]
    own = little / "charts/little/templates/_own.tpl"
    own.write_text('{{ define "little.a.loud" }}"taken over"{{ end }}\n', encoding="utf-8")
    with_own = prove()
    assert [request.values[0].name for request in rendered] == ["loud.yaml"]
    (problem,) = with_own.problems
    assert problem.message.startswith("is out of date: extra templates/_own.tpl")


def test_a_new_template_of_objects_is_rendered_everywhere(little: Path, rendered: list[Request]) -> None:
    prove()
    del rendered[:]
    text = MAP.replace('printf "%s', 'printf "other-%s').replace("trunc 50", "trunc 40")
    (little / "fragments/a/templates/other.yaml").write_text(text, encoding="utf-8")
    build()
    report = prove()
    assert report.problems == []
    assert len(rendered) == ALL
    assert report.documents == 26


@contextmanager
def changed(file: Path, data: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(data)
    try:
        yield
    finally:
        file.write_bytes(before)


BROKEN = MAP.replace("kind: ConfigMap", "kind: ConfigMapp").replace('printf "%s', 'printf "other-%s')


@pytest.mark.slow
@pytest.mark.parametrize("name", ["more.pyc", "__pycache__/more.yaml"])
def test_a_file_of_the_chart_counts_whatever_its_name(name: str, little: Path) -> None:
    values = little / "mine.yaml"
    values.write_text("text: mine\n", encoding="utf-8")
    file = little / "charts/little/templates" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("", encoding="utf-8")
    assert prove("mine.yaml").problems == []
    file.write_text(BROKEN.replace("fragment.", "little."), encoding="utf-8")
    assert "ConfigMapp" in str(prove("mine.yaml").problems)


def test_what_a_link_in_a_chart_leads_to_counts(little: Path) -> None:
    (little / "mine.yaml").write_text("text: mine\n", encoding="utf-8")
    (little / "elsewhere").mkdir()
    (little / "charts/little/templates/linked").symlink_to(little / "elsewhere")
    assert prove("mine.yaml").problems == []
    (little / "elsewhere/more.yaml").write_text(BROKEN.replace("fragment.", "little."), encoding="utf-8")
    assert "ConfigMapp" in str(prove("mine.yaml").problems)


def test_another_stack_in_the_same_folder_is_another_one(little: Path) -> None:
    other = (little / "stack.yaml").read_text(encoding="utf-8").replace("A little chart", "Another chart")
    (little / "other.yaml").write_text(other, encoding="utf-8")
    assert prove().problems == []
    (problem,) = validate(loaded.default(None), [], Path("other.yaml"), lambda text: None).problems
    assert problem.message.startswith("is out of date")


def test_what_is_beside_a_stack_and_no_part_of_it_is_not_read(little: Path, rendered: list[Request]) -> None:
    assert prove().problems == []
    with open(little / "model.gguf", "wb") as model:
        model.truncate(1 << 42)  # more than any memory holds
    (little / "fragments/later.txt").write_text("later\n", encoding="utf-8")
    assert prove().problems == []
    assert len(rendered) == ALL


# Where a file is larger than any memory -> what is said of it.
LARGE = {
    "fragments/a/model.gguf": "[]",  # no part of the chart
    "fragments/a/files/model.gguf": "larger than 64 MiB",
    "fragments/a/cases/b.yaml": "larger than 64 MiB",
    "charts/little/model.gguf": "exceeds maximum decompressed size",
    "b.yaml": "larger than 64 MiB",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_file_that_no_memory_holds_is_a_problem_where_it_is_needed(name: str, little: Path) -> None:
    with open(little / name, "wb") as model:
        model.truncate(1 << 42)
    assert LARGE[name] in str(prove(*["b.yaml"] * (name == "b.yaml")).problems)


def test_with_a_program_that_runs_another_nothing_is_remembered(
    little: Path, rendered: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "identity", lambda tool: "" if tool.name == "helm" else tool.name)
    for times in (1, 2):
        assert prove().problems == []
        assert len(rendered) == times * ALL
    assert module.only(["a"], Path("stack.yaml"), lambda text: None).problems == []
    assert len(rendered) == 2 * ALL + 5


@pytest.mark.slow
def test_a_user_s_values_are_known_by_their_contents_and_flags(little: Path, rendered: list[Request]) -> None:
    file = little / "mine.yaml"
    file.write_text("text: mine\n", encoding="utf-8")
    for _ in range(2):
        assert prove("mine.yaml").problems == []
    assert len(rendered) == 2
    assert prove("mine.yaml", flags=("--set=text=other",)).problems == []
    assert len(rendered) == 4
    with changed(file, b"text: 1\n"):
        assert "got number" in str(prove("mine.yaml").problems) or prove("mine.yaml").problems
    assert prove("mine.yaml").problems == []
    assert len(rendered) == 4
    note = little / "note"
    note.write_text("said", encoding="utf-8")
    for _ in range(2):
        assert prove(flags=("--set-file=text=note",)).problems == []
    assert len(rendered) == 6
    note.write_text("said more", encoding="utf-8")
    assert prove(flags=("--set-file=text=note",)).problems == []
    assert len(rendered) == 8


def test_other_programs_libraries_schemas_or_sources_of_chartgen_are_another_world(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = tools.ensure(["helm", "kubeconform"], print)
    plain = memory.world(found.values(), ["schemas/crds/{{.Group}}.json"])
    assert memory.world(found.values(), ["schemas/crds/{{.Group}}.json"]) == plain
    others = [
        memory.world(found.values(), ["other/crds/{{.Group}}.json"]),
        memory.world(
            [replace(found["helm"], version="v4.0.0"), found["kubeconform"]], ["schemas/crds/{{.Group}}.json"]
        ),
        memory.world([*found.values(), tools.Tool("prover", tmp_path, "v4.3.1", "")], ["schemas/crds/{{.Group}}.json"]),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(memory.metadata, "version", lambda name: "0.0.1")
        others.append(memory.world(found.values(), ["schemas/crds/{{.Group}}.json"]))
    with monkeypatch.context() as patch:
        (tmp_path / "zones").write_text("Europe: Berlin", encoding="utf-8")
        patch.setattr(memory.together, "ZONES", tmp_path / "zones")
        others.append(memory.world(found.values(), ["schemas/crds/{{.Group}}.json"]))
    for function in ("HERE", "schemas"):
        with monkeypatch.context() as patch:
            place = tmp_path / function
            place.mkdir()
            patch.setattr(memory.paths, function, place if function == "HERE" else lambda place=place: place)
            others.append(memory.world(found.values(), ["schemas/crds/{{.Group}}.json"]))
    assert len({plain, *others}) == 1 + len(others)


def test_a_fragment_of_chartgen_s_own_changes_what_is_proved_and_not_the_world(
    monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path]
) -> None:
    here = write(SOURCES)
    monkeypatch.setattr(memory.paths, "HERE", here)
    monkeypatch.chdir(here)
    own = stacks.read(Path("stack.yaml"))
    before = memory.world([], []), memory.stack(own)
    (here / "fragments/a/templates/_loud.tpl").write_text("{{/* changed */}}", encoding="utf-8")
    after = memory.world([], []), memory.stack(own)
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)
    (here / "module.py").touch()
    assert memory.world([], []) != before[0]


def test_schemas_that_chartgen_made_are_known_by_their_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory.paths, "home", lambda: tmp_path)
    file = tmp_path / "schemas/kubernetes-1/pod.json"
    file.parent.mkdir(parents=True)
    seen = []
    for text in ("{}", '{"type": "object"}'):
        file.write_text(text, encoding="utf-8")
        seen.append(memory.world([], [f"{file.parent}/{{{{.ResourceKind}}}}.json"]))
    assert len(set(seen)) == 2


def test_a_hash_of_a_folder_has_names_and_contents(write: Callable[..., Path]) -> None:
    folder = write({"a/b": "1", "a/c": "2"})
    seen = [memory.tree(folder)]
    for change in (
        lambda: (folder / "a/b").rename(folder / "a/d"),
        lambda: (folder / "a/d").write_text("12", encoding="utf-8"),
        lambda: (folder / "a/e").symlink_to("d"),
        lambda: (folder / "a/c").unlink(),
    ):
        change()
        seen.append(memory.tree(folder))
    assert len(set(seen)) == 5
    (folder / "a/x.pyc").touch()  # a template like any other to Helm
    assert memory.tree(folder) != seen[-1]
    assert memory.digest("a", "b") != memory.digest("ab", "")


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "{", "[]", "other hash\n{}"])
def test_what_cannot_be_read_is_not_believed(text: str, little: Path, rendered: list[Request]) -> None:
    prove()
    for file in memory.folder().iterdir():
        file.write_text(text, encoding="utf-8")
    assert prove().problems == []
    assert len(rendered) == 2 * ALL


def test_what_is_damaged_is_not_believed(little: Path, rendered: list[Request]) -> None:
    """Though it can be read, and is about the right thing."""
    first = prove()
    for file in memory.folder().iterdir():
        text = file.read_bytes()
        file.write_bytes(text[:-1] + b" " + text[-1:])
    assert counts(prove()) == counts(first)
    assert len(rendered) == 2 * ALL


def test_a_folder_that_cannot_be_written_is_no_error(little: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (little / "file").touch()
    monkeypatch.setattr(memory, "folder", lambda: little / "file/below")
    assert prove().problems == []


def test_what_is_old_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "KEPT", 3)
    for number in range(5):
        memory.keep("report", memory.digest(number), number)
    assert len(list(memory.folder().glob("report-*"))) == 3


def test_the_time_of_day_is_never_remembered_and_templates_that_are_called_in_any_way_are(tmp_path: Path) -> None:
    texts = {
        "_a.tpl": '{{ define "a" }}{{ template "b" . }}{{ end }}{{ define "b" }}b{{ end }}{{ define "c" }}c{{ end }}',
        "_d.tpl": '{{ define "d" }}{{ include "c" . }}{{ end }}{{ define "unused" }}u{{ end }}',
        "x.yaml": "{{ if .Values.tpl }}x: {{ tpl .Values.tpl . }}{{ end }}{{ if .Values.now }}x: {{ now }}{{ end }}",
    }
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: t\nversion: 1.0.0\n", encoding="utf-8")
    for name, text in texts.items():
        (tmp_path / "templates" / name).write_text(text, encoding="utf-8")
    given = {
        'tpl={{ include "a" . }}': {"a", "b"},
        'tpl={{ template "a" . }}': {"a", "b"},
        'tpl={{ include "d" . }}': {"d", "c"},
        'tpl={{ tpl `{{ with . }}{{ template "d" . }}{{ end }}` . }}': {"d", "c"},
        'tpl={{ define "c" }}own{{ end }}{{ include "d" . }}': {"d", "c"},
        'tpl={{ include "d" . | fail }}': {"d", "c"},
        "tpl=plain": set(),
    }
    with prover.started(tools.ensure(["helm", "kubeconform"], print)) as (process, _):
        if process is None:
            pytest.skip("helm or kubeconform on the PATH is not the version in the prover")
        flags = [(f"--set-json={json.dumps({'tpl': text.removeprefix('tpl=')})}",) for text in given]
        results = helm.render([Request(tmp_path, flags=each) for each in flags], Path("/none"), prover=process)
        (timed,) = helm.render([Request(tmp_path, sets=("now=1",))], Path("/none"), prover=process)
        described = process.chart(tmp_path)
    found = [set(result.ran or ()) - {"t/templates/x.yaml"} for result in results]
    assert found == list(given.values())
    assert timed.ran is None
    assert described
    assert {"a", "b", "c", "d", "unused", "t/templates/x.yaml"} <= described[1].keys()
    assert len(set(described[1].values())) == len(described[1]), "each has a hash of its own"


# What a template asks for that is another in each render, though its program is asked for fixed random texts.
CHANGING = ["now", "ago now", "randAscii 3", "randBytes 3", "randInt 1 9", "uuidv4", 'shuffle "abc"', 'bcrypt "a"']
CHANGING += ['htpasswd "a" "b"', 'genPrivateKey "ed25519"', '(genCA "a" 1).Cert', 'encryptAES "a" "b"']
TEXTS = {"randAlpha": "[A-Za-z]{9}", "randAlphaNum": "[A-Za-z0-9]{9}", "randNumeric": "[0-9]{9}"}


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Callable[..., helm.Rendered]]:
    """What a template makes, in the prover."""
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: t\nversion: 1.0.0\n", encoding="utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/x.yaml").write_text("x: {{ tpl .Values.tpl . | quote }}\n", encoding="utf-8")
    process = prover.Prover(tools.find("prover").path, dict(os.environ))  # type: ignore[union-attr]

    def ask(text: str, fixed: bool = True) -> helm.Rendered:
        flags = (f"--set-json={json.dumps({'tpl': text})}",)
        (made,) = helm.render([Request(tmp_path, flags=flags, fixed=fixed)], Path("/none"), prover=process)
        return made

    yield ask
    process.end()


@pytest.mark.slow
@pytest.mark.parametrize("call", CHANGING)
def test_what_is_another_in_each_render_is_never_remembered(call: str, asked: Callable[..., helm.Rendered]) -> None:
    assert asked(f"{{{{ {call} }}}}").ran is None
    assert asked(f"{{{{ $x := {call} }}}}").ran is None


def test_a_given_time_in_a_zone_is_remembered_for_as_long_as_the_zones_of_the_machine_stay(
    asked: Callable[..., helm.Rendered], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked('{{ dateInZone "MST" 0 "Europe/Berlin" }}').ran is not None
    for changing in ('dateInZone "MST" 0 "Local"', 'dateInZone "MST" "x" "UTC"', 'dateInZone "MST" (now) "UTC"'):
        assert asked(f"{{{{ {changing} }}}}").ran is None
    before = memory.world([], [])
    monkeypatch.setattr(memory, "ZONES", (*memory.ZONES, tmp_path))
    assert memory.world([], []) != before


@pytest.mark.parametrize("name", TEXTS)
def test_a_random_text_is_fixed_where_it_is_remembered_and_only_there(
    name: str, asked: Callable[..., helm.Rendered]
) -> None:
    call = f"{{{{ {name} 9 }}}}-{{{{ {name} 9 }}}}"
    one, two = asked(call), asked(call)
    assert one.ran is not None
    assert one.text == two.text
    first, second = re.findall(TEXTS[name], one.text.partition("x: ")[2])
    assert first != second
    plain, other = asked(call, fixed=False), asked(call, fixed=False)
    assert (plain.ran, other.ran) == (None, None)
    assert plain.text != other.text
    assert len(re.findall(TEXTS[name], plain.text.partition("x: ")[2])) == 2


@pytest.mark.slow
def test_a_report_on_what_is_another_in_each_render_is_not_kept(little: Path, rendered: list[Request]) -> None:
    (little / "mine.yaml").write_text("text: mine\n", encoding="utf-8")
    file = little / "charts/little/templates/a/map.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "  now: {{ now | quote }}\n", encoding="utf-8")
    for _ in range(2):
        del rendered[:]
        assert prove("mine.yaml").problems == []
        assert len(rendered) == 2
    file.write_text(text + "  key: {{ randAlphaNum 9 | quote }}\n", encoding="utf-8")
    assert prove("mine.yaml").problems == []
    del rendered[:]
    assert prove("mine.yaml").problems == []
    assert rendered == []


def test_everything_in_a_report_is_kept_or_made_again() -> None:
    made = {"chart", "say", "kubernetes_versions", "schema_locations", "problems", "layers", "began"}
    made |= {"remark", "lasting"}  # of the commands, which do not run where a report is kept
    made |= {"started", "about"}  # they say whether it can be kept
    made |= {"warnings", "layer_of"}  # a report with problems or warnings is not kept
    assert {each.name for each in fields(Report)} == made | set(module.KEPT)
