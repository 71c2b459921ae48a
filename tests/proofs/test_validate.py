"""A little chart is proved from its sources to its wiring, by the real Helm and the real kubeconform."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from chartgen.chart import disk, loaded
from chartgen.compose import building
from chartgen.kubernetes import definitions
from chartgen.problem import Faults, ToolError
from chartgen.programs import tools
from chartgen.proofs import validate as module
from chartgen.proofs.validate import validate
from chartgen.sources import stack as stacks

VERSIONS = ["1.33.0", "1.37.0"]
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ printf "%s-%s" (.Release.Name | trunc 50) (.Release.Name | sha256sum | trunc 4) | quote }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    app.kubernetes.io/name: little
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
    app.kubernetes.io/component: greeting
    app.kubernetes.io/version: "1"
    app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
    helm.sh/chart: little-1.0.0
data:
  text: {{ .Values.text | quote }}
  {{- range list }}
  {{- $_ := include "fragment.slot.server.size" . }}
  {{- end }}
  {{- if eq .Values.text "stop" }}
  {{- fail "text: stop is no greeting; say hello" }}
  {{- end }}
"""
SOURCES = {
    "fragments/a/fragment.yaml": {
        "summary": "A greeting.",
        "offers": {"server.size": {"kind": "one", "scope": "server", "summary": "How large."}},
        "fills": {"server.size": "fragment.a.size"},
    },
    "fragments/a/values.schema.yaml": {
        "server": {"size": {"type": "integer", "default": 1, "description": "How large."}},
        "release": {"text": {"type": "string", "default": "hello", "description": "What it says."}},
    },
    "fragments/a/templates/map.yaml": TEMPLATE,
    "fragments/a/templates/_size.tpl": '{{- define "fragment.a.size" -}}{{ .Values.size | quote }}{{- end }}\n',
    "fragments/a/cases/long.yaml": "# A long one.\ntext: hello hello\nsize: 2\n",
    "fragments/a/rejected/number.yaml": "# got number, want string\ntext: 1\n",
    "fragments/a/rejected/size.yaml": "# got string, want integer\nsize: large\n",
    "fragments/a/rejected/stop.yaml": "# stop is no greeting\ntext: stop\n",
    "stack.yaml": {
        "chart": {"name": "little", "version": "1.0.0", "description": "A little chart."},
        "fragmentPaths": ["fragments"],
        "fragments": ["a"],
    },
    "examples/new.yaml": "# For the newest alone.\n# kubernetes: >=1.37\ntext: hi\n",
}


@pytest.fixture(autouse=True)
def few_versions(monkeypatch):
    """Two versions to render for; the schemas are those of all."""
    monkeypatch.setattr(
        module, "definitions", SimpleNamespace(versions=lambda: VERSIONS, CRD_TEMPLATE=definitions.CRD_TEMPLATE)
    )


@pytest.fixture
def little(write, monkeypatch):
    """The folder of a little project, its chart built; `little(path=content)` changes its sources before."""

    def made(changes=None, build=True):
        folder = write(SOURCES | (changes or {}))
        monkeypatch.chdir(folder)
        if build:
            found = building.composed(None).chart
            disk.write(found, Path("charts/little"))
        return folder

    return made


def prove(*files, place=None, named=None):
    origin = stacks.find(named) if named else None
    return validate(place or loaded.default(named), [Path(file) for file in files], origin, lambda text: None)


def said(report):
    return [str(problem) for problem in report.problems]


def test_good_chart_is_proved_and_counted(little):
    little()
    report = prove()
    assert said(report) == []
    # Defaults on both versions and the example on one, both under four other names, a case, three rejections and the
    # one of them that is a server's in an entry too.
    assert report.renders == 3 + 8 + 1 + 4
    assert report.documents == 12
    assert [layer.name for layer in report.layers] == ["sources", "values", "renders", "manifests", "wiring"]
    assert re.match(
        r"charts/little: 2 examples . 2 Kubernetes versions, 16 renders, 12 documents, 0 ", report.summary()
    )
    data = json.loads(json.dumps(report.as_json()))
    assert data["kubernetes_versions"] == VERSIONS
    assert (data["renders"], data["documents"], data["problems"]) == (16, 12, [])
    assert all("{{.Group}}" in location for location in data["schema_locations"])


def test_every_layer_tells_its_problems_in_one_go(little):
    folder = little()
    files = {
        "fragments/a/cases/bad.yaml": "# It does not render.\ntext: stop\n",
        "fragments/a/rejected/fine.yaml": "# got boolean\ntext: fine\n",
        "fragments/a/rejected/other.yaml": "# got boolean\ntext: 1\n",
        "charts/little/examples/bad.yaml": "# Misspelt.\ntxt: hi\n",
        "charts/little/templates/extra.yaml": TEMPLATE.replace('printf "', 'printf "extra-').replace(
            "helm.sh/chart", "x"
        ),
        "charts/little/templates/claim.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: 1}\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    report = prove()
    found = "\n".join(said(report))
    for part in (
        "charts/little: is out of date: extra examples/bad.yaml, extra templates/claim.yaml, extra templates/",
        "charts/little/examples/bad.yaml:2: txt: no such key; did you mean 'text'?",
        "fragments/a/cases/bad.yaml:2: text: stop is no greeting; say hello",
        "fragments/a/rejected/fine.yaml:1: renders, but must be rejected with: got boolean",
        "fragments/a/rejected/other.yaml:1: is rejected with another message",
        'labels."helm.sh/chart": required label is missing',
        "Deployment/1: metadata.name",
    ):
        assert part in found
    assert all(layer.problems for layer in report.layers if layer.name != "wiring")


def test_template_is_named_where_it_is_written(little):
    little({"fragments/a/templates/map.yaml": TEMPLATE.replace("helm.sh/chart", "x")})
    assert all(text.endswith("(fragments/a/templates/map.yaml)") for text in said(prove()))


@pytest.mark.slow
def test_names_that_do_not_hold_under_other_releases_are_told(little):
    little({"fragments/a/templates/map.yaml": TEMPLATE.replace("| sha256sum | trunc 4", "")})
    (problem,) = said(prove())
    assert "metadata.name: is not a valid name for every kind of object" in problem
    little({"fragments/a/templates/map.yaml": TEMPLATE.replace('%s-%s" (.Release.Name | trunc 50)', 'a%s"')})
    assert said(prove()) == []
    little(
        {
            "fragments/a/templates/map.yaml": TEMPLATE.replace("%s-%s", "%s").replace(
                "(.Release.Name | sha256sum | trunc 4)", ""
            )
        }
    )
    (problem,) = said(prove())
    assert "has an object of the same kind and name; include" in problem


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("fragment.yaml", "sumary: x\n", "fragments/a/fragment.yaml:1: sumary: no such key; did you mean 'summary'?"),
        (
            "fragment.yaml",
            "summary: x\nrequires: [base]\n",
            "stack.yaml:1: fragments[0]: 'a' requires 'base'; add it before",
        ),
        (
            "templates/_b.tpl",
            '{{ define "fragment.b.x" }}{{ end }}\n',
            "fragments/a/templates/_b.tpl:1: fragment.b.x: is not a name of this fragment; begin it with 'fragment.a.'",
        ),
    ],
)
def test_stack_that_does_not_compose_is_all_that_is_told(little, file, text, problem):
    folder = little({"fragments/a/cases/new.yaml": "# It needs the chart that is not built yet.\nnew: 1\n"})
    (folder / "fragments/a" / file).write_text(text)
    report = prove()
    assert said(report)[0] == problem
    assert {each.path for each in report.problems} == {problem.partition(":")[0]}
    assert [layer.name for layer in report.layers] == ["sources"]
    assert all(layer.seconds >= 0 for layer in report.layers)


@pytest.mark.slow
def test_users_own_values_are_rendered_for_every_version_and_nothing_else(little):
    folder = little()
    (folder / "mine.yaml").write_text("text: mine\n")
    report = prove("mine.yaml")
    assert (report.examples, report.renders, report.documents, report.problems) == (1, 2, 2, [])
    (folder / "mine.yaml").write_text("# Mine.\ntext: stop\n")
    assert said(prove("mine.yaml")) == ["mine.yaml:2: text: stop is no greeting; say hello"]


def test_values_that_the_schema_refuses_are_told_without_helm(little):
    folder = little()
    (folder / "one.yaml").write_text("txt: mine\n")
    (folder / "two.yaml").write_text("\nsize: large\nservers: {server: {sise: 1}}\n")
    report = prove("one.yaml", "two.yaml")
    assert report.renders == 0
    assert said(report) == [
        "one.yaml:1: txt: no such key; did you mean 'text'?",
        'two.yaml:2: size: "large" is a string; expected an integer',
        "two.yaml:3: servers.server.sise: no such key; did you mean 'size'?",
    ]


@pytest.mark.parametrize("name", ["no-such-folder", ".", "stack.yaml"])
def test_what_is_no_chart_is_a_problem(little, name):
    little()
    (problem,) = said(prove(place=Path(name)))
    assert problem.startswith(f"{name}: is not a chart; name a folder with a Chart.yaml")


def test_chart_of_somebody_else_is_looked_at_without_sources(little):
    folder = little()
    shutil.copytree("charts/little", folder / "theirs")
    for name in ("values.schema.json", "examples/new.yaml"):
        (folder / "theirs" / name).unlink()
    text = (folder / "theirs/Chart.yaml").read_text()
    (folder / "theirs/Chart.yaml").write_text(text.partition("\n")[2])
    report = prove(place=Path("theirs"))
    assert (said(report), report.documents) == ([], 6)
    assert "the stack of this chart is not known" in report.note


ROUTE = """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: llm-route
"""


@pytest.mark.slow
def test_a_misspelt_global_value_of_a_users_file_is_a_warning(little):
    folder = little()
    schema = Path("charts/little/values.schema.json")
    rules = json.loads(schema.read_text(encoding="utf-8"))
    rules["properties"]["global"] = {"type": "object", "properties": {"imageRegistry": {"type": "string"}}}
    schema.write_text(json.dumps(rules), encoding="utf-8")
    (folder / "mine.yaml").write_text("global: {imageregistry: mirror}\n", encoding="utf-8")
    report = prove("mine.yaml", place=Path("charts/little"))
    assert said(report) == []
    assert [str(each) for each in report.warnings] == [
        "mine.yaml:1: global.imageregistry: the chart has no such value; did you mean 'imageRegistry'?"
    ]


@pytest.mark.slow
def test_without_the_faster_program_it_is_said_which_rules_were_not_run(little, monkeypatch):
    folder = little()
    plain = tools.find
    monkeypatch.setattr(tools, "find", lambda name: None if name == "prover" else plain(name))
    assert prove().warnings == []
    (folder / "charts/little/templates/route.yaml").write_text(ROUTE, encoding="utf-8")
    for _ in range(2):  # a report with a warning is not kept
        report = prove(place=Path("charts/little"))
        (warning,) = report.warnings
        assert str(warning).startswith(
            "charts/little: the API server's rules in CEL were not run for HTTPRoute, which only the faster program can"
        )

        assert str(warning).endswith("run 'chartgen tools'")


def test_package_is_looked_at_as_a_folder_is(little, helm):
    folder = little()
    subprocess.run([helm, "package", "charts/little"], check=True, capture_output=True)
    report = prove(place=Path("little-1.0.0.tgz"))
    assert (said(report), report.examples, report.documents) == ([], 2, 11)
    (folder / "bad.tgz").write_bytes(b"no archive")
    assert "is not a chart" in said(prove(place=Path("bad.tgz")))[0]


@pytest.mark.slow
def test_stack_can_be_named(little):
    folder = little()
    (folder / "stack.yaml").rename(folder / "other.yaml")
    assert "the stack of this chart is not known" in prove(place=Path("charts/little")).note
    report = prove(place=Path("charts/little"), named="other.yaml")
    assert report.note == ""
    assert said(report) == ["charts/little: is out of date: changed Chart.yaml; run 'chartgen build'"]
    assert said(prove(place=Path("charts/little"), named="none.yaml"))[0].startswith("none.yaml: no such stack")


def test_chart_without_any_object_is_not_green_for_nothing(little):
    unread = '{{- range list }}{{- $_ := include "fragment.slot.server.size" . }}{{- end }}'
    little({"fragments/a/templates/map.yaml": f"{{{{- $_ := .Values.text }}}}{unread}\n"})
    assert "charts/little: renders no objects; check its templates" in said(prove())


def test_chart_whose_values_are_broken_is_told_with_their_line(little):
    little()
    Path("charts/little/values.yaml").write_text("a: 1\na: 2\n")
    Path("charts/little/values.schema.json").write_text("{\n")
    assert [text.partition("; ")[0] for text in said(prove())] == [
        "charts/little/values.schema.json:2: is not JSON: Expecting property name enclosed in double quotes",
        "charts/little/values.yaml:2: a: duplicate key, first defined on line 1",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "script"), [("helm", "exit 3"), ("kubeconform", "echo broken; exit 0")])
def test_broken_tool_is_no_fault_of_the_user(little, monkeypatch, tmp_path, name, script):
    little()
    broken = tmp_path / "broken"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    real = tools.ensure
    monkeypatch.setattr(
        tools, "ensure", lambda names, say: real(names, say) | {name: tools.Tool(name, broken, "v4.0.0", "on PATH")}
    )
    with pytest.raises(ToolError):
        prove()


def test_default_chart_is_that_of_the_stack_here(little):
    little(build=False)
    assert said(prove())[0].startswith("charts/little: is not a chart")
    Path("stack.yaml").rename("other.yaml")
    with pytest.raises(Faults, match="charts/llm-stack: no such chart, which is the default in a folder"):
        prove()
    assert said(prove(named="other.yaml"))[0].startswith("charts/little: is not a chart")
    Path("stack.yaml").write_text("- broken\n")
    with pytest.raises(Faults, match=r"stack\.yaml:1: "):
        prove()


def prove_only(*ids):
    return module.only(list(ids), Path("stack.yaml"), lambda text: None)


def test_one_fragment_is_proved_without_a_build(little):
    folder = little(build=False)
    report = prove_only("a")
    assert said(report) == []
    # The defaults, a case, three rejections and the one of them that is a server's in an entry too.
    assert report.renders == 1 + 1 + 4
    assert report.summary().startswith("a: 1 case, 3 rejections, 6 renders, 2 documents, 0 problems in ")
    assert report.note == "charts/little is not up to date with these sources; run 'chartgen build'"
    assert not (folder / "charts").exists()
    assert said(prove_only("fragments/a")) == []
    assert prove_only("a", "fragments/a", "a").proved == report.proved, "each once"


def test_one_fragment_has_its_cases_rejections_and_manifests_checked(little):
    little(
        {
            "fragments/a/cases/bad.yaml": "# It does not render.\ntext: stop\n",
            "fragments/a/rejected/fine.yaml": "# got boolean\ntext: fine\n",
            "fragments/a/templates/map.yaml": TEMPLATE.replace("helm.sh/chart", "x"),
        }
    )
    found = said(prove_only("a"))
    assert "fragments/a/cases/bad.yaml:2: text: stop is no greeting; say hello" in found
    assert "fragments/a/rejected/fine.yaml:1: renders, but must be rejected with: got boolean" in "\n".join(found)
    assert [line for line in found if "helm.sh/chart" in line]
    assert len(found) == 3


@pytest.mark.slow
def test_cases_of_other_fragments_are_left_out(little):
    little(
        {
            "fragments/b/fragment.yaml": {"summary": "Another."},
            "fragments/b/cases/bad.yaml": "# It does not render.\ntext: stop\n",
            "stack.yaml": {**SOURCES["stack.yaml"], "fragments": ["a", "b"]},
        }
    )
    assert said(prove_only("a")) == []
    assert "fragments/b/cases/bad.yaml:2" in said(prove_only("b"))[0]
    assert prove_only("a", "b").proved == "2 cases, 3 rejections"


def test_fragment_without_a_case_proves_nothing(little):
    folder = little()
    shutil.rmtree(folder / "fragments/a/cases")
    assert said(prove_only("a"))[0].startswith("fragments/a/cases: the fragment has no cases; add a values file")


def test_fragment_that_the_stack_does_not_have_is_a_problem_at_its_list(little):
    little({"fragments/engine/vlm/fragment.yaml": {"summary": "Not in the stack."}})
    remedies = {
        "engine/vlm": "add it to the list",
        "fragments/engine/vlm": "add it to the list",
        "nowhere": "add it to the stack, or name one of its fragments",
    }
    for named, remedy in remedies.items():
        with pytest.raises(Faults) as caught:
            prove_only(named)
        assert str(caught.value) == f"stack.yaml:1: fragments: '{named}' is not in the stack; {remedy}"


@pytest.mark.slow
@pytest.mark.parametrize("prover", [prove, lambda: prove_only("a")], ids=["all", "only"])
@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (
            ("{{ .Values.text |", '{{ mustRegexFind "[" .Values.text |'),
            'fragments/a/templates/map.yaml:14: mustRegexFind "["',
        ),
        (("  text: {{", "  x: y: z\n  text: {{"), "fragments/a/templates/map.yaml: renders invalid YAML"),
    ],
    ids=["does not run", "is not YAML"],
)
def test_error_in_a_template_is_one_line_at_its_file(little, prover, broken, line):
    little({"fragments/a/templates/map.yaml": TEMPLATE.replace(*broken)})
    (problem,) = said(prover())
    assert problem.startswith(line)
    assert "correct the template" in problem


@pytest.mark.parametrize("prover", [prove, lambda: prove_only("a")], ids=["all", "only"])
def test_template_that_does_not_parse_is_one_line_at_its_file(little, prover):
    folder = little()
    (folder / "fragments/a/templates/map.yaml").write_text(TEMPLATE.replace("{{ .Values.text |", "{{ if |"))
    (problem,) = said(prover())
    assert problem.startswith("fragments/a/templates/map.yaml:14: does not parse: missing value for command")


@pytest.mark.parametrize("prover", [prove, lambda: prove_only("a")], ids=["all", "only"])
def test_value_and_choice_that_no_case_sets_are_warnings_at_their_lines(little, prover):
    values = SOURCES["fragments/a/values.schema.yaml"]
    kind = {"type": "string", "x-choice": True, "default": "b", "description": "Which one."}
    end = {"type": "string", "default": "", "description": "The end."}
    more = {"type": "object", "description": "More.", "properties": {"end": end}}
    printed = "{{ .Values.text | quote }}"
    chosen = {"summary": "One.", "choice": {"kind": "b"}}
    little(
        {
            "fragments/a/fragment.yaml": {**SOURCES["fragments/a/fragment.yaml"], "choice": {"kind": "a"}},
            "fragments/a/values.schema.yaml": {
                "server": {**values["server"], "kind": kind},
                "release": {**values["release"], "more": more},
            },
            "fragments/a/templates/map.yaml": TEMPLATE.replace(
                printed, f"{printed}\n  end: {{{{ .Values.more.end | quote }}}}"
            ),
            "fragments/a/cases/long.yaml": "# In an entry.\ntext: hello hello\nservers: {server: {size: 2}}\n",
            "fragments/b/fragment.yaml": chosen,
            "fragments/b/cases/usual.yaml": "# The default.\n",
            "fragments/b/rejected/size.yaml": "# got string, want integer\nsize: large\n",
            "stack.yaml": {**SOURCES["stack.yaml"], "fragments": ["a", "b"]},
        }
    )
    report = prover()
    assert said(report) == []
    assert all(problem.line for problem in report.warnings)
    assert [f"{problem.path}: {problem.key}: {problem.message}" for problem in report.warnings] == [
        "fragments/a/fragment.yaml: choice.kind: no case sets kind: a",
        "fragments/a/values.schema.yaml: release.more.properties.end: no case sets more.end",
    ]


@pytest.mark.slow
def test_row_of_a_data_file_that_no_case_chooses_is_a_warning_at_its_line(little):
    """A vendor of GPUs, for one: its row is a choice as any other."""
    values = SOURCES["fragments/a/values.schema.yaml"]
    card = {"type": "string", "x-keys-of": "files/cards.yaml", "default": "big", "description": "Which card."}
    little(
        {
            "fragments/a/files/cards.yaml": "big: {size: 2}\nsmall: {size: 1}\n",
            "fragments/a/values.schema.yaml": {**values, "release": {**values["release"], "card": card}},
            "fragments/a/templates/map.yaml": TEMPLATE.replace(
                "{{ .Values.text | quote }}", "{{ .Values.text | quote }}\n  card: {{ .Values.card | quote }}"
            ),
            "fragments/a/cases/big.yaml": "# A big one.\ncard: big\n",
        }
    )
    (warning,) = prove_only("a").warnings
    assert str(warning).startswith("fragments/a/files/cards.yaml:2: small: no case sets card: small")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prover", "message"),
    [(prove, "no case"), (lambda: prove_only("a"), "no case of this fragment")],
    ids=["all", "only"],
)
def test_object_that_no_case_renders_is_a_warning(little, prover, message):
    remedy = "add a file in cases/ whose values render it"
    object = TEMPLATE.replace('"%s-%s"', '"%s-%s-other"')
    little({"fragments/a/templates/other.yaml": f'{{{{- if eq .Values.text "other" }}}}\n{object}{{{{- end }}}}\n'})
    for _ in range(2):  # what was proved before is remembered
        report = prover()
        assert said(report) == []
        found = [str(problem) for problem in report.warnings]
        assert found == [f"fragments/a/templates/other.yaml: {message} renders this object; {remedy}"]
    Path("fragments/a/cases/other.yaml").write_text("# The other one.\ntext: other\n")
    for _ in range(2):
        report = prover()
        assert (said(report), report.warnings) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("prover", [prove, lambda: prove_only("a")], ids=["all", "only"])
def test_custom_resource_has_the_schema_next_to_the_stack(little, prover):
    widget = TEMPLATE.partition("data:\n  text")[0].replace("v1\nkind: ConfigMap", "example.org/v1\nkind: Widget")
    folder = little({"fragments/a/templates/widget.yaml": widget + "spec: {size: large}\n"})
    assert any("found no schema of example.org/v1 Widget" in line for line in said(prover()))
    size = {"type": "object", "properties": {"size": {"type": "integer"}}}
    file = folder / "schemas/example.org/widget_v1.json"
    file.parent.mkdir(parents=True)
    for kind, found in (("integer", ["got string, want integer"]), ("string", [])):
        size["properties"]["size"]["type"] = kind
        file.write_text(json.dumps({"type": "object", "properties": {"spec": size}}))
        lines = said(prover())
        assert len(lines) == len(found), lines
        assert all(part in line for part, line in zip(found, lines, strict=True))
