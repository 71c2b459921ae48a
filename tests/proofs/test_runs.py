"""What is rendered and what has to be refused; what Helm says of it becomes problems. No Helm is run here."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from chartgen.chart.header import Header
from chartgen.chart.valuesfile import Example, check, read
from chartgen.problem import Collected
from chartgen.programs.helm import Rendered, Request
from chartgen.proofs import runs
from chartgen.proofs.run import Run

VERSIONS = ["1.29.0", "1.33.0", "1.37.0"]


@pytest.fixture
def fragment(stack):
    """A fragment with the files given."""

    def made(**files):
        found, problems = stack(
            {"a/b": {}}, {f"a/b/{name.replace('__', '/')}.yaml": text for name, text in files.items()}
        )
        assert problems == []
        return found.fragments

    return made


def said(run, error):
    return [str(problem) for problem in runs.faults([(run, Rendered(Request(Path("c")), "", error))])]


def test_examples_run_on_all_versions_that_they_are_for():
    new = Example("new", "new.yaml", header=Header(bounds=((">=", (1, 33)),)))
    made = runs.matrix([Example("all", "all.yaml"), new], VERSIONS, shipped=True)
    assert [(run.example.name, run.version) for run in made] == [
        ("all", "1.29.0"),
        ("all", "1.33.0"),
        ("all", "1.37.0"),
        ("new", "1.33.0"),
        ("new", "1.37.0"),
    ]


def test_other_release_names_are_as_long_as_helm_lets_them_be_and_differ():
    assert [len(name) for name in runs.OTHER[2:]] == [53, 53]
    assert len(set(runs.OTHER)) == len(runs.OTHER)
    made = runs.renamed([Example("all", "all.yaml", header=Header(bounds=(("<", (1, 37)),)))], VERSIONS)
    assert [(run.release, run.version) for run in made] == [(name, "1.33.0") for name in runs.OTHER]


def test_cases_run_on_the_newest_version_that_they_are_for(fragment):
    collected = Collected()
    fragments = fragment(cases__a="# It works.\n", cases__b="# Old.\n# kubernetes: <1.34\n")
    made, problems = runs.cases(fragments, VERSIONS, collected), collected.problems
    assert problems == []
    assert [(run.example.name, run.version, run.refusal) for run in made] == [
        ("a/b/cases/a", "1.37.0", ""),
        ("a/b/cases/b", "1.33.0", ""),
    ]


def test_case_that_fits_no_version_is_a_problem(fragment):
    collected = Collected()
    made = runs.cases(fragment(cases__a="# It works.\n# kubernetes: >=1.99\n"), VERSIONS, collected)
    (problem,) = collected.problems
    assert made == []
    assert str(problem).endswith(
        "excludes every version that there are schemas of; there are schemas of 1.29.0 to 1.37.0"
    )


@pytest.mark.parametrize("kind", ["cases", "rejected"])
def test_case_that_says_nothing_is_a_problem(fragment, kind):
    collected, found = Collected(), fragment(**{f"{kind}__a": "model: {}\n"})
    if kind == "cases":
        runs.cases(found, VERSIONS, collected)
    else:
        runs.rejections(found, VERSIONS, set(), Path(), collected)
    (problem,) = collected.problems
    assert problem.message == "does not begin with a comment"


def test_rejected_values_of_a_server_are_tried_in_an_entry_too(fragment, tmp_path):
    files = fragment(
        rejected__a="# no such\nmodel: {nmae: x}\n", rejected__b="# replicas: too many\nmodel: {}\nui: {}\n"
    )
    collected = Collected()
    made = runs.rejections(files, VERSIONS, {"model", "replicas"}, tmp_path, collected)
    assert collected.problems == []
    assert [(run.example.name, run.refusal) for run in made] == [
        ("a/b/rejected/a", "no such"),
        ("a/b/rejected/a", "no such"),
        ("a/b/rejected/b", "replicas: too many"),
    ]
    assert read("entry", list(made[1].example.files)).data == {"servers": {"server": {"model": {"nmae": "x"}}}}


def test_rejected_case_that_renders_is_a_problem():
    (problem,) = runs.faults([(Run(Example("a", "a.yaml", (Path("a.yaml"),)), "1.37.0", refusal="no"), rendered())])
    assert str(problem) == "a.yaml:1: renders, but must be rejected with: no; add a check or a schema that rejects it"


def test_rejected_case_is_refused_with_its_sentence_or_is_a_problem():
    run = Run(Example("a", "a.yaml", (Path("a.yaml"),)), "1.37.0", refusal="set replicas to 1")
    assert said(run, "replicas: 2 are too many; set\n  replicas to 1, or …") == []
    assert said(run, "replicas: no") == [
        "a.yaml:1: is rejected with another message: replicas: no; correct the first line, or the check"
    ]
    entry = Run(Example("a", "a.yaml", (Path("0.json"),)), "1.37.0", refusal="set replicas to 1")
    assert "is rejected as an entry of servers with another message" in said(entry, "replicas: no")[0]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        ("- at '/model/tag': got number, want string", "0.yaml:2: model.tag: got number, want string"),
        ("- at '': missing property 'x'", "0.yaml:1: missing property 'x'"),
        ("servers.big: gpu.count: 2 cards; set 1", "0.yaml:6: servers.big.gpu.count: 2 cards; set 1"),
        ("servers.big: model.tag: no; set it", "0.yaml:2: model.tag: no; set it"),
        ("servers.big: gpu.type: missing; set it", "0.yaml:6: servers.big: gpu.type: missing; set it"),
        ("servers.server: replicas: no; set 1", "0.yaml:4: servers.server: replicas: no; set 1"),
        ("servers.other: model.source: no; set it", "0.yaml:1: servers.other: model.source: no; set it"),
        ("servers.other: gpu.count: no; set it", "0.yaml:3: servers.other: gpu.count: no; set it"),
        ("ingress.host: no; set it", "0.yaml: ingress.host: no; set it"),
        ("c/templates/a.yaml:3:4: <.x>: nil pointer", "0.yaml: c/templates/a.yaml:3:4: <.x>: nil pointer"),
    ],
)
def test_what_helm_says_is_told_at_the_key_that_it_names(write, error, problem):
    folder = write({"0.yaml": "model:\n  tag: 7\nservers:\n  server: {}\n  big:\n    gpu: {count: 2}\n"})
    example = read("mine", [folder / "0.yaml"])
    assert [text.removeprefix(f"{folder}/") for text in said(Run(example, "1.37.0"), error)] == [problem]


def test_every_line_of_what_helm_says_is_a_problem():
    assert len(said(Run(Example("a", "a.yaml"), "1.37.0"), "a: one; do\n\nb: two; do\n")) == 2


def test_refusal_on_some_versions_or_under_some_names_is_told_with_these():
    example = Example("a", "a.yaml")
    old, new = Run(example, "1.29.0"), Run(example, "1.37.0")
    assert [str(p) for p in runs.faults([(old, rendered("a: no")), (new, rendered())])] == [
        "a.yaml: a: no (Kubernetes 1.29.0)"
    ]
    assert [str(p) for p in runs.faults([(old, rendered("a: no")), (new, rendered("a: no"))])] == ["a.yaml: a: no"]
    both = runs.faults([(old, rendered("a: no\nb: old")), (new, rendered("a: no"))])
    assert [str(p) for p in both] == ["a.yaml: a: no", "a.yaml: b: old (Kubernetes 1.29.0)"]
    other = (Run(example, "1.37.0", "ollama"), rendered("a: ollama"))
    assert [str(p) for p in runs.faults([(old, rendered()), other])] == ["a.yaml: a: ollama (as release ollama)"]
    assert len(runs.faults([(old, rendered("a: llm")), other])) == 1


def test_apis_are_those_of_the_crds_that_there_are_schemas_of(write):
    folder = write({"gateway.networking.k8s.io/httproute_v1.json": {}, "ray.io/raycluster_v1alpha1.json": {}})
    place = "{{.NormalizedKubernetesVersion}}/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
    crds = f"{folder}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"
    assert runs.apis([f"/nowhere/{place}", crds]) == ("gateway.networking.k8s.io/v1", "ray.io/v1alpha1")


def rendered(error=""):
    return Rendered(Request(Path("c")), "" if error else "a: 1\n", error)


def test_values_of_a_case_that_do_not_fit_the_schema_are_told_as_those_of_a_user(tmp_path):
    file = tmp_path / "case.yaml"
    file.write_text("# Shows a size.\nsizes: {small: 1}\nname: 1.5\n", encoding="utf-8")
    example = read("a", [file])
    text = {"type": "string"}
    schema = {"type": "object", "additionalProperties": False, "properties": {"size": {"type": "object"}, "name": text}}
    error = "- at '': additional properties 'sizes' not allowed\n- at '/name': got number, want string"
    judged = partial(check, defaults={}, schema=schema)
    assert [str(each) for each in sorted({*runs.faults([(Run(example, "1.37.0"), rendered(error))], {}, judged)})] == [
        f"{file}:2: sizes: no such key; did you mean 'size'?",
        f"{file}:3: name: 1.5 is a number; expected a string; put it in quotes",
    ]
