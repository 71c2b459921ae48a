"""The prover renders, refuses and checks as the commands of Helm and kubeconform do, to the letter."""

from __future__ import annotations

import copy
import os
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CHART
from llm_stack.rendering import all_requests
from programs import templates

from chartgen.kubernetes import definitions, prepare
from chartgen.programs import helm as render
from chartgen.programs import kubeconform, prover, tools
from chartgen.programs.helm import Rendered, Request
from chartgen.programs.prover import Prover
from chartgen.proofs import validate

PARTS = yaml.safe_load((Path(__file__).parent / "prover/parts.yaml").read_text(encoding="utf-8"))
ODD = yaml.safe_load((Path(__file__).parent / "prover/odd.yaml").read_text(encoding="utf-8"))
NOWHERE = Path("/nowhere/command")  # a command that cannot run, where the prover has to answer


@pytest.fixture(scope="module")
def programs() -> dict[str, tools.Tool]:
    assert tools.built("prover", print), "Go builds the prover"
    return tools.ensure(["helm", "kubeconform"], print)


@pytest.fixture(scope="module")
def process(programs: dict[str, tools.Tool]) -> Iterator[Prover]:
    with prover.started(programs) as (found, _):
        if found is None:
            pytest.skip("helm or kubeconform on the PATH is not the version in the prover")
        yield found


def odd(case: dict[str, Any], place: Path) -> Request:
    """The request for a chart of odd.yaml, which is written below `place`."""
    about = {"apiVersion": "v2", "name": "odd", "version": "1.0.0", **case.get("chart", {})}
    files = {"Chart.yaml": yaml.safe_dump(about), "templates/a.yaml": case.get("template"), **case.get("files", {})}
    for name, text in files.items():
        if text is not None:
            file = place / "odd" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    given = ()
    if "values" in case:
        given = (place / "given.yaml",)
        given[0].write_text(case["values"], encoding="utf-8")
    return Request(
        place / "odd",
        given,
        case.get("kube_version", "1.31.0"),
        case.get("release", "llm"),
        api_versions=("example.com/v1", "example.com/v2,example.com/v3"),
        sets=tuple(case.get("set", ())),
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", ODD, ids=[case["name"] for case in ODD])
def test_an_odd_chart_renders_or_is_refused_as_by_the_command(
    case: dict[str, Any], tmp_path: Path, process: Prover, helm: str
) -> None:
    request = odd(case, tmp_path)
    by_command = render.render([request], Path(helm))
    assert render.render([request], Path(helm) if case.get("uncovered") else NOWHERE, prover=process) == by_command
    # Nothing that one render changed is seen by the next.
    assert render.render([request] * 2, Path(helm), prover=process) == by_command * 2
    assert bool(list(process.answers([{"render": render._data(request, "")}]))) != bool(case.get("uncovered"))


# How a template comes to the version of Kubernetes; `odd` templates are a file each.
VERSIONED = {
    "not at all": "{{ .Values.replicas }}",
    "by APIs": '{{ .Capabilities.APIVersions.Has "apps/v1" }} {{ .Capabilities.HelmVersion.Version }}',
    "by a constraint": '{{ semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }}',
    "by two constraints": """{{ if semverCompare ">=1.30-0" $.Capabilities.KubeVersion.Version }}
      {{ semverCompare "<1.33-0" $.Capabilities.KubeVersion.Version }}{{ end }}""",
    "by a constraint in a path": """{{ $c := dict "c" . }}
      {{ semverCompare "<1.33-0" $c.c.Capabilities.KubeVersion.Version }}""",
    "by a constraint in parentheses": '{{ semverCompare "<1.33-0" (. | merge dict).Capabilities.KubeVersion.Version }}',
    "by a constraint that is none": '{{ semverCompare "none" .Capabilities.KubeVersion.Version }}',
    "by a constraint of a value": "{{ semverCompare .Values.range .Capabilities.KubeVersion.Version }}",
    "by a constraint in a pipe": '{{ .Capabilities.KubeVersion.Version | semverCompare ">=1.30-0" }}',
    "by printing": "{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.KubeVersion }}",
    "by methods": "{{ .Capabilities.KubeVersion.GitVersion }} {{ .Capabilities.Copy.KubeVersion.Minor }}",
    "by a text": "{{ .Capabilities.KubeVersion | toString }} {{ .Capabilities | toJson | sha256sum }}",
    "in a variable": """{{ $c := .Capabilities }}{{ $c.KubeVersion.Minor }}
      {{ with .Capabilities }}{{ .KubeVersion.Major }}{{ end }}""",
    "by a function": '{{ (get . "Capabilities").KubeVersion.Version }}',
    "by pluck": '{{ (first (pluck "Capabilities" .)).KubeVersion.Version }}',
    "by a range": '{{ range $k, $v := . }}{{ if eq $k "Capabilities" }}{{ $v.KubeVersion.Version }}{{ end }}{{ end }}',
    "by all": '{{ pick . "Capabilities" | toJson | sha256sum }} {{ pick . "Capabilities" | toYaml | sha256sum }}',
    "by fmt": '{{ get . "Capabilities" | printf "%v" | sha256sum }} {{ get . "Capabilities" | printf "%T" }}',
    "by its type": '{{ get . "Capabilities" | typeOf }} {{ get . "Capabilities" | kindOf }} {{ typeOf .Capabilities }}',
    "in a copy": "{{ (deepCopy .).Capabilities.KubeVersion.Version }}",
    "by a copy": '{{ deepCopy (get . "Capabilities") | printf "%v" | sha256sum }} {{ deepCopy . | len }}',
    "in a copy as JSON": '{{ deepCopy (pick . "Capabilities") | toJson | sha256sum }}',
    "in another map": """{{ define "x" }}{{ semverCompare "<1.33-0" .Capabilities.KubeVersion.Version }}{{ end -}}
      {{ include "x" (dict "Capabilities" .Capabilities) }} {{ include "x" (omit . "Values") }} {{ template "x" . }}""",
    "as all data": '{{ define "x" }}{{ .KubeVersion.Version }}{{ end }}{{ template "x" .Capabilities }}',
    "in tpl": '{{ tpl "{{ .Capabilities.KubeVersion.Minor }}" . }} {{ tpl .Values.text . }}',
    "in a refusal": '{{ fail (printf "needs more than %s" .Capabilities.KubeVersion.Version) }}',
    "in a refusal of some": """{{ if semverCompare "<1.33-0" .Capabilities.KubeVersion.Version }}
      {{ fail "too old" }}{{ end }}""",
    "after an error": "{{ .Capabilities.None }}",
    "in values": "{{ .Values.Capabilities.KubeVersion.Version }} {{ .Values.none.Capabilities }}",
    "by a name of ours": '{{ __capabilities . }} {{ __semverCompare ">=1.30-0" . }}',
    "by a name of ours in tpl": '{{ tpl "{{ (__capabilities .Capabilities).KubeVersion }}" . }}',
}


@pytest.mark.slow
def test_a_render_for_another_kubernetes_is_that_of_the_command(tmp_path: Path, process: Prover, helm: str) -> None:
    values = {
        "range": ">=1.30-0",
        "text": '{{ semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }}',
        "Capabilities": {"KubeVersion": {"Version": "a value"}},
        "replicas": 1,
    }
    requests = []
    for name, template in VERSIONED.items():
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: |\n    {template}\n"
        made = odd({"template": text, "files": {"values.yaml": yaml.safe_dump(values)}}, folder)
        requests += [replace(made, kube_version=version) for version in ("1.29.0", "1.30.0", "1.31.4-a.b", "1.33.0")]
    by_command = render.render(requests, Path(helm))
    for _ in range(2):
        assert render.render(requests, NOWHERE, prover=process) == by_command
    backwards = render.render(requests[::-1], NOWHERE, prover=process)
    assert backwards[::-1] == by_command
    # Each of these tells at least two versions apart, or the test shows nothing.
    same = ("not at all", "by APIs", "by a constraint that is none", "by its type", "after an error", "in values")
    for number, name in enumerate(VERSIONED):
        results = {(each.text, each.error) for each in by_command[number * 4 : number * 4 + 4]}
        assert (len(results) == 1) == (name in same or "of ours" in name), name


@pytest.mark.slow
def test_what_a_template_makes_of_parts_of_its_data_is_that_of_the_command(
    tmp_path: Path, process: Prover, helm: str
) -> None:
    requests = []
    for number, template in enumerate(PARTS["templates"].values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        data = '{a: {{ include "x" . | quote }}, b: {{ include "x" . | quote }}, c: {{ toJson .Values | quote }}}'
        defined = f'{PARTS["others"]}{{{{ define "x" }}}}{template}{{{{ end }}}}'
        text = f"{defined}\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {data}\n"
        chart = odd({"template": text, "files": {"values.yaml": "e: 1\n"}}, folder)
        for place, values in enumerate(PARTS["values"]):
            file = folder / f"{place}.yaml"
            file.write_text(yaml.safe_dump(values), encoding="utf-8")
            made = replace(chart, values=(file,), fixed=True)
            requests.append(made)
            if place == 0:
                requests += [replace(made, release="other"), replace(made, kube_version="1.29.0")]
    by_command = render.render(requests, Path(helm))
    assert sum(not each.error for each in by_command) > len(by_command) / 2
    for _ in range(2):
        assert render.render(requests, NOWHERE, prover=process) == by_command
    assert render.render(requests[::-1], NOWHERE, prover=process)[::-1] == by_command


@pytest.mark.slow
def test_what_random_templates_make_of_parts_of_their_data_is_that_of_the_command(
    tmp_path: Path, process: Prover, helm: str
) -> None:
    requests, chance = [], random.Random(16)
    for seed in range(1, 25):  # none of these makes a map that holds itself, which ends Helm
        folder = tmp_path / str(seed)
        folder.mkdir()
        chart = odd({"template": templates.text(seed)}, folder)
        for place in range(4):
            file = folder / f"{place}.yaml"
            file.write_text(yaml.safe_dump(templates.values(chance)), encoding="utf-8")
            requests.append(replace(chart, values=(file,), fixed=True))
    by_command = render.render(requests, Path(helm))
    assert sum(not each.error for each in by_command) > len(by_command) / 3
    for _ in range(2):
        assert render.render(requests, Path(helm), prover=process) == by_command


SIMPLE = re.compile(r"{{ (toJson .*?|(?:\$_|\$v\d) :?= .*?) }}")


def otherwise(text: str, chance: random.Random) -> str:
    """A template with one of its actions changed: it prints something else, or makes another variable."""
    action = chance.choice(list(SIMPLE.finditer(text)))
    name = action[1].partition(" ")[0]
    other = 'toJson "other"' if name == "toJson" else f'{name} := dict "a" "other" "b" "other"'
    return f"{text[: action.start()]}{{{{ {other} }}}}{text[action.end() :]}"


@pytest.mark.slow
def test_no_change_of_a_template_that_changes_a_render_leaves_all_that_ran_as_it_was(
    tmp_path: Path, process: Prover
) -> None:
    chance, changed, spared = random.Random(27), 0, 0
    for seed in range(1, 25):  # as above
        text = templates.text(seed)
        for number in range(20):
            file = tmp_path / f"{seed}-{number}.yaml"
            file.write_text(yaml.safe_dump(templates.values(chance)), encoding="utf-8")
            made, parts = [], []
            for name, each in (("old", text), ("new", otherwise(text, chance))):
                folder = tmp_path / f"{seed}-{number}-{name}"
                folder.mkdir()
                request = replace(odd({"template": each}, folder), values=(file,), fixed=True)
                made += render.render([request], NOWHERE, prover=process)
                parts.append((process.chart(request.chart) or ("", {}))[1])
            old, new = made
            if old.ran is None:
                continue
            same = all(parts[0][name] == parts[1].get(name) for name in old.ran)
            differs = (old.text, old.error) != (new.text, new.error)
            assert not (same and differs), text
            changed += differs
            spared += same and any(name.startswith("section ") for name in parts[0].keys() - set(old.ran))
    assert changed > 100
    assert spared > 10


def test_a_render_that_helm_makes_after_ours_failed_is_not_known_by_what_ran(
    tmp_path: Path, process: Prover, helm: str
) -> None:
    template = """{{ define "later" }}b{{ end }}kind: ConfigMap
metadata: {name: a}
data: {a: {{ (get . "Capabilities").KubeVersion.Version }}, b: {{ include "later" . }}}"""
    (made,) = render.render([odd({"template": template}, tmp_path)], NOWHERE, prover=process)
    assert "a: v1.31.0, b: b" in made.text
    assert made.ran is None


def mutated(requests: list[Request], place: Path, number: int) -> list[Request]:
    """Requests whose values have one thing changed: a key is lost, renamed, or holds something else."""
    chance, made = random.Random(16), []
    with_files = [request for request in requests if len(request.values) == 1]
    for count in range(number):
        request = chance.choice(with_files)
        data = copy.deepcopy(yaml.safe_load(request.values[0].read_text(encoding="utf-8"))) or {"replicas": 1}
        maps = [found for found in _maps(data) if found]
        target = chance.choice(maps)
        key = chance.choice(sorted(target, key=str))
        other = chance.choice([None, True, -1, 1.5, "", "Ünïcode: [", "x" * 300, [], {}, [None], {"a": {"b": None}}])
        value = target.pop(key)
        if chance.random() < 0.75:
            target[f"{key}x" if chance.random() < 0.2 else key] = value if chance.random() < 0.2 else other
        file = place / f"mutated-{count}.yaml"
        file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        made.append(replace(request, values=(file,)))
    return made


def _maps(data: Any) -> Iterator[dict[Any, Any]]:
    if isinstance(data, dict):
        yield data
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _maps(each)


def alike(requests: list[Request], helm: str, process: Prover) -> list[Rendered]:
    """That both ways give the same results; these."""
    by_command = render.render(requests, Path(helm))
    by_prover = render.render(requests, NOWHERE, prover=process)
    different = [
        (one.request, one.error, other.error)
        for one, other in zip(by_command, by_prover, strict=True)
        if one != other and not _random(one, other)
    ]
    assert different == []
    return by_prover


def _random(one: Rendered, other: Rendered) -> bool:
    """Whether results differ only in lines that hold random text, as a new Secret does."""
    lines = list(zip(one.text.splitlines(), other.text.splitlines(), strict=False))
    differing = [pair for pair in lines if pair[0] != pair[1]]
    secret = all(a.partition(":")[0] == b.partition(":")[0] and len(a) == len(b) for a, b in differing)
    return one.error == other.error and one.text.count("\n") == other.text.count("\n") and secret and len(differing) < 5


@pytest.mark.slow
def test_a_sample_of_the_validation_of_llm_stack_is_rendered_as_by_the_command(
    tmp_path: Path, process: Prover, helm: str
) -> None:
    every = all_requests(tmp_path)
    sample = random.Random(4).sample(every, 14)
    results = alike(sample + mutated(every, tmp_path, 6), helm, process)
    assert {bool(result.error) for result in results} == {True, False}


@pytest.mark.slow
def test_the_validation_of_llm_stack_is_rendered_and_checked_as_by_the_commands(
    tmp_path: Path, process: Prover, helm: str, programs: dict[str, tools.Tool]
) -> None:
    """All of it with `make parity`, else every seventh render: each starts Helm."""
    every = all_requests(tmp_path)
    whole = bool(os.environ.get("PARITY"))
    chosen = every if whole else random.Random(7).sample(every, len(every) // 7)
    results = alike(chosen + mutated(every, tmp_path, 150 if whole else 30), helm, process)
    batches: dict[str, dict[str, str]] = {}
    for result in results:
        for document in render.documents(result.text):
            text = document.text
            batches.setdefault(result.request.kube_version, {}).update({text: text, _broken(text): _broken(text)})
    found = findings(batches, programs)
    assert len(found) > (500 if whole else 100)
    assert findings(batches, programs, process) == found


def _broken(text: str) -> str:
    """A manifest with a mistake that depends on its text."""
    lines = text.splitlines(keepends=True)
    at = sum(text.encode()) % len(lines)
    return "".join([*lines[:at], lines[at].replace(": ", ": [x, ").replace("\n", "]\n"), *lines[at + 1 :]])


DOCUMENTS = {
    "valid": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n",
    "wrong": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: 1, imagee: b}]}\n",
    "empty": "# nothing\n",
    "blank": "\n",
    "twice": "apiVersion: v1\nkind: Pod\nkind: Pod\n",
    "no kind": "apiVersion: v1\n",
    "no version": "kind: Pod\n",
    "unknown": "apiVersion: example.com/v1\nkind: Nothing\nmetadata: {name: a}\n",
    "a list": "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, spec: {}}, {kind: Pod}]\n",
    "an empty list": "apiVersion: v1\nkind: List\nitems: []\n",
    "two documents": "apiVersion: v1\nkind: ConfigMap\ndata: {a: 1}\n---\napiVersion: v1\nkind: Secret\n",
    "text": "text",
    "no YAML": "a: [",
    "generated": "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a, labels: {a: 1}}\n",
    "markup": 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "<&>é"}\ndata: {"<&>": [1]}\n',
}


def findings(
    batches: dict[str, dict[str, str]], programs: dict[str, tools.Tool], process: Prover | None = None
) -> list[kubeconform.Finding]:
    binary = NOWHERE if process else programs["kubeconform"].path
    return kubeconform.check(batches, prepare.schema_locations(), binary, prover=process)


def test_documents_are_checked_as_by_the_command(process: Prover, programs: dict[str, tools.Tool]) -> None:
    prepare.prepare(print)
    batches = {f"{version}": DOCUMENTS for version in definitions.versions()[:2]}
    found = findings(batches, programs)
    assert {finding.status for finding in found} == {"Invalid", "Error", "Empty"}
    assert findings(batches, programs, process) == found


def test_a_location_that_is_no_location_is_refused_as_by_the_command(
    process: Prover, programs: dict[str, tools.Tool]
) -> None:
    batches = {"1.37.0": {"valid": DOCUMENTS["valid"]}}
    with pytest.raises(kubeconform.ToolError):
        kubeconform.check(batches, ["{{ .Nope }}.json"], programs["kubeconform"].path, prover=process)


def test_the_command_runs_where_the_process_ended(process: Prover, programs: dict[str, tools.Tool], tmp_path: Path):
    helm = programs["helm"].path
    request = odd(ODD[0], tmp_path)
    with prover.started(programs) as (other, _):
        assert other is not None
        other._process.kill()
        assert render.render([request] * 2, helm, prover=other) == render.render([request] * 2, helm)
        assert list(other.answers([{"render": {}}])) == []


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ('{"id": 1, "frame": "f", "ran": null}', prover.Answer(frame="f")),
        ('{"id": 1, "ran": ["a"]}', prover.Answer(ran=["a"])),
        ('{"id": 1, "error": "no", "ran": null}', prover.Answer(error="no")),
        ('{"id": 1, "answers": {"resources": null}, "ran": null}', prover.Answer()),
        ('{"id": 1, "uncovered": "a panic"}', None),
    ],
)
def test_an_answer_has_every_field_whatever_the_program_leaves_out(line: str, answer: prover.Answer | None) -> None:
    assert prover.read(line.encode()) == (1, answer)


@pytest.mark.parametrize(
    "line",
    ["", "3", "[]", "{}", '{"id": 1, "text": 3}', '{"id": 1, "ran": 3}', '{"id": 1, "providers": {"a": 1}}', "[" * 9999]
    + [f'{{"id": 1, "answers": {{"resources": {found}}}}}' for found in ("3", "[3]", "[{}]", '[{"filename": 1}]')],
)
def test_a_program_that_does_not_say_what_is_meant_is_left(tmp_path: Path, helm: str, line: str) -> None:
    (tmp_path / "line").write_text(f"{line}\n", encoding="ascii")
    babbling = tmp_path / "babbling"
    babbling.write_text(f"#!/bin/sh\ncat {tmp_path}/line\nexec sleep 60\n", encoding="ascii")
    babbling.chmod(0o755)
    process = Prover(babbling, {})
    assert list(process.answers([{"render": {}}])) == []
    assert process._process is None


def test_a_chart_that_is_nothing_but_its_name_is_described(process: Prover, tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: only\nversion: 1.0.0\n", encoding="utf-8")
    frame, providers = process.chart(tmp_path) or ("", None)
    assert (bool(frame), providers) == (True, {})


@pytest.mark.slow
def test_a_program_that_does_not_answer_is_left(tmp_path: Path, helm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 60\n", encoding="ascii")
    silent.chmod(0o755)
    monkeypatch.setattr(prover, "TIMEOUT", 0.2)
    request = odd(ODD[0], tmp_path)
    for program in (silent, tmp_path / "none"):
        assert render.render([request], Path(helm), prover=Prover(program, {})) == render.render([request], Path(helm))


def test_flags_and_files_that_only_the_command_reads_are_left_to_it(tmp_path: Path) -> None:
    assert render._data(Request(tmp_path, flags=("--set-literal=a=b",)), "") is None
    assert render._data(Request(tmp_path, (Path("-"),)), "") is None
    read = render._data(Request(tmp_path, sets=("a=1",), flags=("--set=b=2", "--set-json=c=[3]")), "v4.3")
    assert read is not None
    assert (read["set"], read["set-json"], read["helm_version"]) == (["a=1", "b=2"], ["c=[3]"], "v4.3")


def test_without_the_program_or_with_another_helm_a_line_says_that_it_is_slower(
    programs: dict[str, tools.Tool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = {**programs, "helm": replace(programs["helm"], version="v4.0.2")}
    with prover.started(other) as (found, said):
        assert found is None
        assert "and the faster program contains helm v4.3" in said
    monkeypatch.setattr(tools, "find", lambda name: None)
    with prover.started(programs) as (found, said):
        assert found is None
    slow = "helm and kubeconform run for each render, which can take 30 times as long: "
    for go in ("/usr/bin/go", None):
        run = "run 'chartgen tools'" if go else "install Go and run 'chartgen tools'"
        monkeypatch.setattr(shutil, "which", lambda name, found=go: found)
        for why, there in (("it is not built", False), ("the faster program was built from other sources", True)):
            monkeypatch.setattr(tools, "home", lambda: tmp_path)
            built = tmp_path / "bin/prover-0123456789ab"
            built.parent.mkdir(exist_ok=True)
            built.unlink(missing_ok=True)
            if there:
                built.touch()
            with prover.started(programs) as (_, said):
                assert said == f"{slow}{why}; {run}"


def test_that_validation_is_slower_is_said_before_it_renders(
    programs: dict[str, tools.Tool], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tools.find
    monkeypatch.setattr(tools, "find", lambda name: None if name == "prover" else found(name))
    said: list[str] = []

    class Rendering(Exception):
        """A render begins."""

    def renders(*arguments: Any, **more: Any) -> Any:
        said.append("renders")
        raise Rendering

    monkeypatch.setattr(validate, "_renders", renders)
    with pytest.raises(Rendering):
        validate.validate(CHART, [], None, lambda text: None, flags=["--set=replicas=2"], remark=said.append)
    assert len(said) == 2
    assert said[0].startswith("helm and kubeconform run for each render")
    assert said[1] == "renders"
