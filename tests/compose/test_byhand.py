"""What a template writes by hand although a helper or a fact has it, and how its lines are indented."""

from __future__ import annotations

import pytest
from conftest import outcome

from chartgen.compose import compose
from chartgen.reading import gotemplate

HELPERS = "".join(
    f'{{{{- /* {takes} */}}}}\n{{{{- define "fragment.{name}" -}}}}\n{printed}\n{{{{- end }}}}\n'
    for name, (takes, printed) in {
        "name": ("(list CONTEXT SUFFIX): a name.", "x"),
        "serverName": ("Given a server's context: its name.", "x"),
        "image": ("{context, image}: an image.", "x"),
        "map": ("YAML text: a map.", "x"),
        "labels": ("Given a context: labels.", "a: b"),
        "both": ("Given a context: more labels.", '{{ include "fragment.labels" . }}'),
        "servers": ("Given a context: adds .Servers.", "x"),
    }.items()
)
IMAGE = {
    "type": "object",
    "description": "Its image.",
    "properties": {
        "repository": {"type": "string", "default": "a", "description": "Where."},
        "tag": {"type": "string", "default": "1", "description": "Which."},
    },
}
OBJECT = """\
{{{{- include "fragment.servers" . }}}}
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: {namespace}
spec:
  containers:
  - name: a
    image: {image}
    args:
    - {arg}
"""
SOUND = {
    "name": '{{ include "fragment.name" (list . "a") | quote }}',
    "namespace": "{{ .Release.Namespace | quote }}",
    "image": '{{ include "fragment.image" (dict "context" . "image" .Values.a) | quote }}',
    "arg": "--all",
}
BY_HAND = [
    ({"image": "ghcr.io/a/a:1"}, 10, "image: is written by hand, so it has no digest and no mirror"),
    ({"image": "a"}, 10, "image: is written by hand, so it has no digest and no mirror"),
    (
        {"image": '{{ printf "%s:%s" .Values.a.repository .Values.a.tag | quote }}'},
        10,
        "image: is written by hand, so it has no digest and no mirror",
    ),
    ({"namespace": "default"}, 6, "namespace: is written by hand"),
    ({"namespace": "ai"}, 6, "namespace: is written by hand"),
    ({"name": "a"}, 5, "name: is the same in every release"),
    ({"name": '{{ printf "%s-a" .Release.Name | quote }}'}, 5, "name: is not shortened to what Kubernetes allows"),
    ({"arg": "--host 0.0.0.0"}, 12, "--host: and its value are one argument"),
    ({"arg": '"--host 0.0.0.0"'}, 12, "--host: and its value are one argument"),
    ({"arg": '{{ printf "--tag %s" .Values.a.tag | quote }}'}, 12, "--tag: and its value are one argument"),
    ({"arg": "-c {{ quote .Values.a.tag }}"}, 12, "-c: and its value are one argument"),
    ({"arg": "--model=/models"}, 12, "/models: is the path of a model, written by hand"),
    ({"arg": '{{ include "fragment.labels" . | sha256sum | quote }}'}, 12, "sha256sum: is made of a rendered"),
    ({"arg": '{{ sha256sum (include "fragment.both" .) | quote }}'}, 12, "sha256sum: is made of a rendered"),
    ({"arg": '{{ $x := include "fragment.labels" . }}{{ $x | sha256sum | quote }}'}, 12, "sha256sum: is made of"),
]
LOOP = """\
{{{{- include "fragment.servers" . }}}}
{{{{- range {over} }}}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data: {{}}
{{{{- end }}}}
"""
ALIKE = [
    (".Servers", '{{ include "fragment.name" (list . "a") | quote }}'),
    (".Servers", '{{ include "fragment.name" (list . .Release.Name) | quote }}'),
    ("$name, $server := .Servers", '{{ include "fragment.name" (list $server "a") | quote }}'),
    ('$key, $value := dict "x" 1 "y" 2', '{{ include "fragment.name" (list $ "a") | quote }}'),
    ('list "x" "y"', '{{ include "fragment.name" (list $ (printf "%s-a" $.Values.a.tag)) | quote }}'),
]
DIFFERENT = [
    (".Servers", '{{ include "fragment.serverName" . | quote }}'),
    (".Servers", '{{ include "fragment.name" (list . (printf "%s-a" .Server)) | quote }}'),
    ("$name, $server := .Servers", '{{ include "fragment.name" (list $server $name) | quote }}'),
    ('$key, $value := dict "x" 1 "y" 2', '{{ include "fragment.name" (list $ $key) | quote }}'),
    ('list "x" "y"', '{{ include "fragment.name" (list $ .) | quote }}'),
    ('list "x" "y"', '{{ include "fragment.serverName" $ }}\n  namespace: {{ . | quote }}'),
    ('list "x" "y"', '{{ include "fragment.serverName" $ }}\n{{ with . }}\n  namespace: {{ . | quote }}\n{{ end }}'),
]


@pytest.fixture
def refused(stack):
    """(line, problem) of each problem in the template of the fragment `a`, in a stack with helpers."""

    def lines(text: str, file: str = "a.yaml", **more: str) -> list[tuple[int, str]]:
        gotemplate.parse(text)
        read = "kind: A\nmetadata: {}\ndata: {{ toJson (list .Values.a.repository .Values.a.tag) }}\n"
        files = {
            "base/templates/_helpers.tpl": HELPERS,
            "a/values.schema.yaml": {"release": {"a": IMAGE}},
            "a/templates/read.yaml": read,
            f"a/templates/{file}": text,
            **more,
        }
        found, problems = stack({"base": {}, "a": {}}, files)
        if found:
            _, problems = outcome(compose.compose, found, {})
        return [(problem.line, str(problem).partition(f"{problem.line}: ")[2]) for problem in problems]

    return lines


@pytest.mark.parametrize(("changed", "line", "said"), BY_HAND)
def test_what_is_written_by_hand_is_refused_at_its_line(refused, changed, line, said):
    [(found, problem)] = refused(OBJECT.format(**SOUND | changed))
    assert (found, problem.startswith(said)) == (line, True), problem
    assert "; " in problem


@pytest.mark.parametrize(
    "arg",
    [
        "--host\n    - 0.0.0.0",
        "--all # every address",
        '{{ printf "--tag=%s" .Values.a.tag | quote }}',
        "{{ toJson .Values.a | sha256sum | quote }}",
        '{{ include "fragment.labels" . | include "fragment.map" | sha256sum | quote }}',
        '{{ include "fragment.serverName" . | sha256sum | quote }}',
    ],
)
def test_what_helpers_make_is_not_refused(refused, arg):
    assert refused(OBJECT.format(**SOUND | {"arg": arg})) == []


def test_name_of_two_actions_that_differs_is_refused_as_two_actions(refused):
    name = '{{ include "fragment.serverName" $ }}-{{ $key }}'
    [(line, problem)] = refused(LOOP.format(over='$key, $value := dict "x" 1 "y" 2', name=name))
    assert (line, problem.startswith("name: prints text")) == (7, True)


def test_names_that_others_prescribe_are_not_refused(refused):
    group = "{}\nkind: APIService\nmetadata:\n  name: v1.a.example.com\nspec: {{}}\n"
    binding = "{}\nkind: RoleBinding\nmetadata:\n  name: {}\n  namespace: kube-system\n"
    assert refused(group.format("apiVersion: apiregistration.k8s.io/v1")) == []
    assert refused(binding.format("apiVersion: rbac.authorization.k8s.io/v1", SOUND["name"])) == []


def test_namespace_in_the_text_of_a_file_is_not_an_objects(refused):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  a: |\n    b:\n      namespace: default\n{}"
    assert refused(text.format(SOUND["name"], "")) == []
    [(line, problem)] = refused(text.format(SOUND["name"], "  namespace: default\n"))
    assert (line, problem.startswith("namespace: is written by hand")) == (9, True)


def test_remedy_of_a_short_flag_is_what_programs_read(refused):
    [(_, problem)] = refused(OBJECT.format(**SOUND | {"arg": "-c {{ quote .Values.a.tag }}"}))
    assert problem.endswith("; write two items")


@pytest.mark.parametrize(("over", "name"), ALIKE)
def test_objects_of_a_range_with_one_name_are_refused(refused, over, name):
    [(line, problem)] = refused(LOOP.format(over=over, name=name))
    assert line == 7
    assert problem.startswith("metadata.name: is the same in each pass of the range, and two objects cannot have one")


@pytest.mark.parametrize(("over", "name"), DIFFERENT)
def test_objects_of_a_range_whose_names_differ_are_not_refused(refused, over, name):
    assert refused(LOOP.format(over=over, name=name)) == []


MISPLACED = [
    ("  a: 1\n    b: 2", 10, "is indented more than the line above it, which has a value; indent it by 2 spaces"),
    ("  - a\n    - b", 10, "is indented more than the line above it, which has a value; indent it by 2 spaces"),
    ("  - a: 1\n     b: 2", 10, "is indented more than the line above it, which has a value; indent it by 4 spaces"),
    ("  a:\n      b: 2\n    c: 3", 11, "is indented differently from all lines above it; indent it by 2 or 6 spaces"),
    ("  a: 1\n{{- if .Values.a.tag }}\n    b: 2\n{{- end }}", 11, "is indented more than the line above it"),
    ("  a: {{ quote .Values.a.tag }}\n    b: 2", 10, "is indented more than the line above it"),
]


@pytest.mark.parametrize(("text", "line", "said"), MISPLACED)
def test_line_that_yaml_cannot_read_where_it_is_indented_is_refused(refused, text, line, said):
    before = OBJECT.format(**SOUND).partition("spec:")[0]
    [(found, problem)] = refused(f"{before}spec:\n# A comment.\n{text}\n")
    assert found == line, problem
    assert said in problem


@pytest.mark.parametrize(
    "text",
    [
        "  a: |\n      b: 2\n        d: 4\n  c: 3",
        "  a: >-\n    one: two\n  b: 1",
        '  a: "one\n    b: 2"\n  c: 3',
        "  a: {b: 1,\n        c: 2}\n  d: 1",
        "  - a: 1\n    b: 2\n  - - c\n    - d",
        "  a:\n{{- if .Values.a.tag }}\n      b: 2\n{{- end }}\n  c: 3",
        "  a:\n  - b\n  c: one\n    two",
        "  a:\n    {{- toYaml .Values.a | nindent 4 }}\n  b: 1",
        "  a: |\n    b:\n        c: 1\n      d: 2\n    e: 3\n  f: 1",
        "  a: |\n    # Text.\n      b: 1\n    c: 2\n  d: 1",
        "  a:\n  - b: 1 # One.\n    c:\n    - d\n  # Two.\n  - b: 2",
        "  - a:\n    {{- toYaml .Values.a | nindent 6 }}\n    b: 1",
        "  - {{ toJson .Values.a }}\n  - b",
    ],
)
def test_line_that_yaml_can_read_is_not_refused(refused, text):
    before = OBJECT.format(**SOUND).partition("spec:")[0]
    assert refused(f"{before}spec:\n{text}\n") == []
