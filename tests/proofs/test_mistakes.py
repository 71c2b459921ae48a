"""Every mistake in the table is refused by the layer that it names; its page says what kubeconform alone misses."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from conftest import CHART
from objects import GOOD, NEEDS, changed, find

from chartgen.chart import loaded, valuesfile
from chartgen.chart.valuesfile import Example
from chartgen.kubernetes import definitions, prepare, rules, served
from chartgen.problem import Faults
from chartgen.programs import helm as programs
from chartgen.programs import tools
from chartgen.programs.helm import Rendered, Request
from chartgen.programs.prover import Prover
from chartgen.proofs import checks, policy, together, wiring
from chartgen.proofs.manifests import render_of
from chartgen.proofs.run import Run
from docs.makers import mistakes
from tests.fuzz import objects as changed_objects

ALL = mistakes.mistakes()
MANIFESTS = mistakes.in_manifests()
VALUES = [each for each in ALL if not each.object]


@pytest.fixture(scope="module")
def schemas():
    """The name of a mistake -> what kubeconform says, with chartgen's schemas and rules."""
    prepare.prepare(print)
    binary = tools.ensure(["kubeconform"], print)["kubeconform"].path
    made = []
    for each in MANIFESTS:
        document = mistakes.changed(each)
        run = Run(Example(each.name, each.name), each.version)
        made.append((run, [dataclasses.replace(document, text=f"# {each.name}\n{document.text}")]))
    found = checks._schemas(checks.Manifests(tuple(made)), prepare.schema_locations(), binary, print, None)
    said: dict[str, list[str]] = {}
    for fault in found:
        said.setdefault(fault.run.example.name, []).append(f"{fault.key}: {fault.message}; {fault.remedy}")
    return said


@pytest.fixture(scope="module")
def rules_of_crds():
    """The name of a mistake -> what the API server's rules of custom resources say."""
    assert tools.built("prover", print), "Go builds the program that runs them"
    documents = {each.name: mistakes.changed(each) for each in MANIFESTS}
    known = {name: (served.schema_of(document.data), document.text) for name, document in documents.items()}
    wanted = {name: (schema, text) for name, (schema, text) in known.items() if schema}
    process = Prover(tools.find("prover").path, dict(os.environ))
    refusals, unanswered = served.check(wanted, process)
    process.end()
    assert unanswered == []
    return {name: [each.message for each in refusals if each.name == name and each.rule] for name in wanted}


def found(mistake, schemas, rules_of_crds):
    """What the layer of a mistake says of it."""
    document = mistakes.changed(mistake)
    if mistake.layer == "YAML":
        return [str(problem) for problem in document.problems]
    if mistake.layer == "schemas":
        return schemas.get(mistake.name, [])
    if mistake.layer == "served":
        assert schemas.get(mistake.name, []) == [], "kubeconform finds it"
        return rules_of_crds[mistake.name]
    if mistake.layer == "names":
        run = Run(Example(mistake.name, mistake.name), mistake.version)
        return [each.message for each in checks._nameless(checks.Manifests(((run, [document]),)))]
    render = render_of([document], frozenset())
    if mistake.layer == "rules":
        return [fault.message for fault in together.check(render)]
    if mistake.layer == "policy":
        return [fault.message for fault in policy.check(document, ("object", "restricted", "shipped"))]
    others = [each for each in GOOD if f"{each.data['kind']}/{each.data['metadata']['name']}" != mistake.object]
    return [fault.message for fault in wiring.check(render_of([*others, document], NEEDS))]


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MANIFESTS, ids=lambda each: each.name)
def test_mistake_in_a_manifest_is_refused_by_its_layer(mistake, schemas, rules_of_crds):
    said = found(mistake, schemas, rules_of_crds)
    assert any(mistake.said in each for each in said), said


@pytest.mark.slow
@pytest.mark.parametrize("mistake", VALUES, ids=lambda each: each.name)
def test_mistake_in_values_is_refused_by_its_layer_with_its_line(mistake, tmp_path, helm):
    file = tmp_path / "values.yaml"
    file.write_text(mistake.values, encoding="utf-8")
    chart = loaded.load(CHART, "charts/llm-stack")
    try:
        example = valuesfile.read("values", [file], strict=False)
        problems = valuesfile.check(example, chart.defaults.data, chart.schema)
    except Faults as faults:
        problems = faults.problems
    if mistake.layer == "values":
        assert any(mistake.said in str(each) and each.line for each in problems), problems
    else:
        assert problems == []
        (rendered,) = programs.render([Request(CHART, (file,))], Path(helm))
        assert mistake.said in rendered.error


@pytest.mark.slow
def test_objects_with_a_place_changed_at_random_are_read_to_their_end(tmp_path):
    """Neither all nor none of them can be mistakes; `make fuzz` also asks the API server."""
    prepare.prepare(print)
    made = list(changed_objects.changes(seed=7, count=400))
    assert 0.2 < len(changed_objects.accepted(made, tmp_path)) / len(made) < 0.8
    good = [changed_objects.Change("none", each.data) for each in GOOD]
    assert changed_objects.accepted(good, tmp_path) == good


# Fields that the API server takes for none if they are empty; `make fuzz FUZZ="--empty --cluster NAMESPACE"` asks it.
POD, BOX = "spec.template.spec", "spec.template.spec.containers.0"
AS_NONE = [
    ("Deployment/llm-server", "metadata.namespace", ""),
    *(("Deployment/llm-server", f"{POD}.{key}", "") for key in ("hostname", "subdomain", "restartPolicy")),
    ("Deployment/llm-server", f"{POD}.imagePullSecrets", [{}]),
    ("Deployment/llm-server", f"{POD}.imagePullSecrets", [{"name": ""}]),
    ("Deployment/llm-server", f"{BOX}.readinessProbe.httpGet.scheme", ""),
    ("Deployment/llm-server", f"{BOX}.restartPolicyRules", []),
    ("Deployment/llm-server", f"{BOX}.ports.1.name", ""),
    ("StatefulSet/llm-ui", "spec.podManagementPolicy", ""),
    ("Service/llm-server", "spec.externalTrafficPolicy", ""),
    ("Service/llm-server", "spec.loadBalancerSourceRanges", []),
    ("Service/llm-ui", "spec.ports.0.name", ""),
    ("Ingress/llm-web", "spec.rules.0.host", ""),
    ("Role/llm-reader", "rules.0.nonResourceURLs", []),
    *(
        (title, "status", {})
        for title in ("StatefulSet/llm-ui", "HorizontalPodAutoscaler/llm-server", "HTTPRoute/llm-web")
    ),
    ("Service/llm-ui", "status", {"conditions": [{"type": "a"}], "loadBalancer": {"ingress": [{"ip": "x"}]}}),
    ("StatefulSet/llm-ui", "status", {"replicas": -1}),
    ("HTTPRoute/llm-web", "status", {"parents": "x"}),
]
# Statuses that it cannot read.
UNREAD = [
    ("Service/llm-ui", {"none": 1}),
    ("Service/llm-ui", {"loadBalancer": []}),
    ("Service/llm-ui", {"loadBalancer": {"ingress": [{"ip": 1}]}}),
    ("StatefulSet/llm-ui", {"replicas": "1"}),
    ("StatefulSet/llm-ui", []),
]


@pytest.mark.slow
def test_an_empty_field_is_none_where_the_api_server_reads_it_so(tmp_path):
    prepare.prepare(print)
    made = [
        changed_objects.Change(f"{path}", find(changed(title, path, value), title).data)
        for title, path, value in AS_NONE
    ]
    assert changed_objects.accepted(made, tmp_path) == made
    made = [
        changed_objects.Change(f"{title} {value}", find(changed(title, "status", value), title).data)
        for title, value in UNREAD
    ]
    assert changed_objects.accepted(made, tmp_path) == []


@pytest.mark.slow
def test_good_objects_have_no_mistake(schemas, rules_of_crds):
    render = render_of(GOOD, NEEDS)
    assert [*together.check(render), *wiring.check(render)] == []
    binary = tools.ensure(["kubeconform"], print)["kubeconform"].path
    run = Run(Example("good", "good"), definitions.versions()[-1])
    made = checks.Manifests(((run, GOOD),))
    said = checks._schemas(made, prepare.schema_locations(), binary, print, None)
    assert said == []
    process = Prover(tools.find("prover").path, dict(os.environ))
    assert list(checks._served(made, set(), process)) == []
    process.end()


@pytest.mark.parametrize(("words", "unknown"), [("Pre-Install, test-success", ""), ("crd-install", "crd-install")])
def test_hooks_are_those_that_helm_reads(words, unknown):
    made = render_of(changed("Pod/llm-test", "metadata.annotations.helm|sh/hook", words), NEEDS)
    assert [each.message for each in together.check(made)] == [f"Helm has no '{unknown}'"] * bool(unknown)


def test_there_are_many_kinds_of_mistakes_of_every_layer():
    assert len(ALL) >= 80
    assert {each.layer for each in ALL} == set(mistakes.LAYERS)


@pytest.mark.slow
def test_the_page_is_made_from_the_table():
    assert mistakes.PAGE.read_text(encoding="utf-8") == mistakes.page(), "run 'make docs'"


def test_a_rule_for_every_definition_has_its_place_in_the_newest_kubernetes():
    known = definitions.published(definitions.versions()[-1])
    for name, added in rules.rules().items():
        assert added.keys() - {""} <= known[name]["properties"].keys()


def test_no_mistake_is_like_another():
    made = [Rendered(Request(Path("c")), mistakes.changed(each).text + each.version, "").text for each in MANIFESTS]
    assert len(set(made)) == len(made)
