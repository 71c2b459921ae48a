"""Rendered text, held against YAML, the rules, the schemas and itself; kubeconform is the real one."""

from __future__ import annotations

import os
import zoneinfo
from pathlib import Path

import pytest

from chartgen.chart.header import Header
from chartgen.chart.valuesfile import Example
from chartgen.kubernetes import prepare
from chartgen.programs import tools
from chartgen.programs.helm import Rendered, Request
from chartgen.programs.prover import Prover
from chartgen.proofs import checks, together
from chartgen.proofs.run import Run
from chartgen.proofs.runs import OTHER

LABELS = """{app.kubernetes.io/name: c, app.kubernetes.io/instance: llm, app.kubernetes.io/component: c,
    app.kubernetes.io/version: "1", app.kubernetes.io/managed-by: Helm, helm.sh/chart: c-1}"""
HEAD = "---\n# Source: c/templates/NAME.yaml\n"
MAP = f"""{HEAD.replace("NAME", "map")}apiVersion: v1
kind: ConfigMap
metadata:
  name: llm-map
  labels: {LABELS}
data: {{a: b}}
"""
CLAIM = f"""{HEAD.replace("NAME", "claim")}apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: llm-claim
  labels: {LABELS}
  annotations: {{helm.sh/resource-policy: keep}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {{requests: {{storage: 1Gi}}}}
"""
SET = f"""{HEAD.replace("NAME", "set")}apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata:
  name: llm-cards
  labels: {LABELS}
spec: {{spec: {{devices: {{requests: [{{name: card, exactly: {{deviceClassName: card}}}}]}}}}}}
"""
NEWEST = "1.37.0"
NEW_LINE = "\n"


@pytest.fixture(scope="module")
def kubeconform():
    prepare.prepare(print)
    return tools.ensure(["kubeconform"], print)["kubeconform"].path


@pytest.fixture
def said(kubeconform):
    """The problems of renders: (example, version, release, text) or a text alone."""

    def problems(*renders, sources=None):
        results = []
        for render in renders:
            example, version, release, text = render if isinstance(render, tuple) else ("one", NEWEST, "llm", render)
            example = example if isinstance(example, Example) else Example(example, f"{example}.yaml")
            run = Run(example, version, release, shipped=True)
            results.append((run, Rendered(Request(Path("c")), text, "")))
        made = checks.read(results)
        found = [*checks.objects(made, prepare.schema_locations(), kubeconform, print), *checks.wired(made)]
        return [str(problem) for problem in checks.problems(found, sources or {})]

    return problems


def test_good_objects_have_no_problem(said):
    assert said(MAP + CLAIM) == []


# A mistake in an item of a List -> what is said: of schemas, of rules of an object, of the house, between objects.
LISTED = {
    ("storage: 1Gi", "storage: 1GiB"): "PersistentVolumeClaim/llm-claim: spec.resources.requests.storage: '1GiB' is",
    ("name: llm-claim", "name: LLM_claim"): "PersistentVolumeClaim/LLM_claim: metadata.name: is not a valid name",
    ("helm.sh/resource-policy: keep", ""): "PersistentVolumeClaim/llm-claim: metadata.annotations",
    ("spec:\n", "spec:\n  storageClassName: fast\n"): "spec.storageClassName: no StorageClass 'fast'",
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", LISTED, ids=lambda each: each[1])
@pytest.mark.parametrize("kind", ["List", "PersistentVolumeClaimList", "a List in a List"])
def test_items_of_a_list_are_objects_like_others(said, kind, mistake):
    def listed(text):
        body = text.partition("yaml\n")[2]
        if kind == "PersistentVolumeClaimList":
            body = body.replace("apiVersion: v1\nkind: PersistentVolumeClaim\n", "")
        item = f"- {body.strip().replace(NEW_LINE, f'{NEW_LINE}  ')}\n"
        if kind == "a List in a List":
            item = f"- apiVersion: v1\n  kind: List\n  items:\n  {item.strip().replace(NEW_LINE, f'{NEW_LINE}  ')}\n"
        return f"{HEAD.replace('NAME', 'list')}apiVersion: v1\nkind: {kind.split()[-1]}\nitems:\n{item}"

    assert said(MAP + listed(CLAIM)) == []
    assert any(LISTED[mistake] in each for each in said(MAP + listed(CLAIM.replace(*mistake))))


def test_key_that_stands_twice_in_an_item_of_a_list_is_told(said):
    (problem,) = said(f"{HEAD}apiVersion: v1\nkind: List\nitems:\n- {{kind: ConfigMap, kind: ConfigMap}}\n- {{}}\n")[:1]
    assert "items[0].kind: duplicate key" in problem


def test_key_that_stands_twice_is_told_and_nothing_else_of_it(said):
    assert said(MAP.replace("data: {a: b}", "data:\n  a: b\n  a: c")) == [
        "one.yaml: ConfigMap/llm-map: data.a: duplicate key, first defined on line 8; keep one of the two; "
        "Helm would use the last (templates/map.yaml)"
    ]


def test_error_of_printf_is_told_with_its_place(said):
    assert said(MAP.replace("{a: b}", '{a: "--model=%!d(string=x)", b: "50%! (EXTRA)", c: "%d%!(EXTRA int=1)"}')) == [
        f"one.yaml: ConfigMap/llm-map: data.{key}: printf could not print a value: {error}; correct the verb, or give "
        "it a value of its type (templates/map.yaml)"
        for key, error in (("a", "%!d(string=x)"), ("c", "%!(EXTRA int=1)"))
    ]


def test_error_of_printf_in_a_text_of_the_values_is_no_problem(said):
    example = Example("one", "one.yaml", data={"extra": "%!d(string=x)"})
    assert said((example, NEWEST, "llm", MAP.replace("{a: b}", '{a: "%!d(string=x)"}'))) == []


def test_bad_quantity_is_told(said):
    assert said(CLAIM.replace("1Gi", "1GiB")) == [
        "one.yaml: PersistentVolumeClaim/llm-claim: spec.resources.requests.storage: '1GiB' is not a quantity such as "
        "500m or 2Gi (templates/claim.yaml)"
    ]


def test_unknown_field_is_told(said):
    (problem,) = said(CLAIM.replace("spec:\n", "spec:\n  accesModes: []\n"))
    assert "PersistentVolumeClaim/llm-claim: spec" in problem
    assert "'accesModes' not allowed" in problem


def test_rule_of_the_house_is_told_with_the_template_as_it_is_written(said):
    text = CLAIM.replace("helm.sh/resource-policy: keep", "")
    (problem,) = said(text, sources={"templates/claim.yaml": "fragments/cache/templates/claim.yaml"})
    assert problem.startswith("one.yaml: PersistentVolumeClaim/llm-claim: metadata.annotations")
    assert problem.endswith("(fragments/cache/templates/claim.yaml)")


def test_fault_of_several_examples_and_versions_is_told_once(said):
    text = CLAIM.replace("1Gi", "1GiB")
    (problem,) = said(
        *((name, version, "llm", text) for name in ("one", "two", "three") for version in (NEWEST, "1.30.0"))
    )
    assert problem.endswith("(templates/claim.yaml)")
    house = text.replace("1GiB", "1Gi").replace("helm.sh/resource-policy: keep", "")
    assert len(said(*((name, NEWEST, "llm", house) for name in ("one", "two")))) == 1


def test_fault_between_objects_of_several_examples_is_told_once(said):
    text = CLAIM.replace("spec:\n", "spec:\n  storageClassName: fast\n")
    (problem,) = said(("one", NEWEST, "llm", text), ("two", NEWEST, "llm", text + MAP))
    assert problem.startswith("one.yaml: PersistentVolumeClaim/llm-claim: spec.storageClassName: no StorageClass")


def test_fault_on_some_versions_is_told_with_these(said):
    (problem,) = said(*(("one", version, "llm", SET) for version in ("1.33.0", "1.34.0", NEWEST)))
    assert (
        "found no schema of resource.k8s.io/v1 ResourceClaimTemplate (Kubernetes 1.33.0); correct apiVersion" in problem
    )


def test_kind_without_a_schema_is_no_skipped_kind(said):
    (problem,) = said(MAP.replace("v1\nkind: ConfigMap", "example.com/v1\nkind: Thing"))
    assert "Thing/llm-map: found no schema of example.com/v1 Thing; correct apiVersion and kind, or add" in problem


def test_comment_without_an_object_is_told(said):
    (problem,) = said(MAP + HEAD.replace("NAME", "empty") + "# Nothing.\n")
    assert "a document: contains no object; put the complete document" in problem


def test_objects_of_the_users_own_need_no_labels_but_a_schema(said):
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}, "dat": {}}
    text = HEAD.replace("NAME", "extra") + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine}\ndat: {}\n"
    (problem,) = said((Example("one", "one.yaml", data={"extraObjects": {"x": own}}), NEWEST, "llm", text))
    assert "'dat' not allowed" in problem
    assert len(said(text)) > 1


def test_header_says_what_pod_security_there_is_and_what_the_cluster_has(said):
    pod = MAP.replace("ConfigMap", "Pod").replace(
        "data: {a: b}",
        """spec:
  enableServiceLinks: false
  automountServiceAccountToken: false
  containers: [{name: a, image: "a:1", resources: {requests: {cpu: 1, memory: 1Gi}}}]
  volumes: [{name: a, hostPath: {path: /a}}, {name: b, secret: {secretName: keys}}]""",
    )
    assert len(said(pod)) > 2
    header = Header(security="privileged", needs=frozenset({"Secret/keys"}))
    assert said((Example("one", "one.yaml", header=header), NEWEST, "llm", pod)) == []


def test_other_release_names_are_looked_at_for_names_and_wiring(said):
    long = OTHER[2]
    text = MAP.replace("llm-map", f"{long}-component-of-its-own")
    (problem,) = said(MAP, ("one", NEWEST, long, text))
    assert "is not a valid name for every kind of object" in problem


def test_fault_of_the_usual_release_is_not_told_again_for_others(said):
    text = CLAIM.replace("spec:\n", "spec:\n  storageClassName: fast\n")
    assert len(said(text, ("one", NEWEST, "ollama", text.replace("llm-claim", "ollama-claim")))) == 1


def test_two_releases_that_make_the_same_object_are_told(said):
    (problem,) = said(MAP, ("one", NEWEST, "ollama", MAP))
    assert "ConfigMap/llm-map: metadata.name: the release llm has an object of the same kind and name" in problem


def test_documents_are_counted_as_often_as_they_were_rendered():
    results = [(Run(Example("one", "one.yaml"), NEWEST), Rendered(Request(Path("c")), MAP + CLAIM, ""))] * 3
    results.append((Run(Example("one", "one.yaml"), NEWEST, refusal="no"), Rendered(Request(Path("c")), MAP, "")))
    made = checks.read(results)
    assert (made.count, len(made.distinct())) == (6, 2)


ROUTE = f"""{HEAD.replace("NAME", "route")}apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: llm-route
  labels: {LABELS}
spec:
  rules:
  - filters: [{{type: RequestRedirect, requestRedirect: {{scheme: https}}}}]
    backendRefs: [{{name: llm-map, port: 80}}]
"""


@pytest.fixture
def served(kubeconform):
    """The problems of a text, with the program that runs the API server's own rules."""
    assert tools.built("prover", print), "Go builds the program"
    process = Prover(tools.find("prover").path, dict(os.environ))

    def problems(text):
        made = checks.read([(Run(Example("one", "one.yaml"), NEWEST), Rendered(Request(Path("c")), text, ""))])
        found = checks.objects(made, prepare.schema_locations(), kubeconform, print, process)
        return [str(problem) for problem in checks.problems(list(found), {})]

    problems.process = process
    yield problems
    process.end()


def test_rule_of_the_api_server_is_told_with_its_place(served):
    assert served(ROUTE.replace("scheme: https", "hostname: example.com").replace("    backendRefs", "    # ")) == []
    assert served(ROUTE) == [
        "one.yaml: HTTPRoute/llm-route: spec.rules[0]: the API server refuses it: RequestRedirect filter must not be "
        "used together with backendRefs (templates/route.yaml)"
    ]


def test_what_kubeconform_says_of_a_schema_is_not_told_again(served):
    found = served(ROUTE.replace("port: 80", "port: 0"))
    assert len(found) == 2
    assert sum("minimum" in each for each in found) == 1
    assert sum("RequestRedirect filter" in each for each in found) == 1


def test_document_that_the_rules_were_not_run_on_is_a_problem(served):
    served.process.end()
    (problem,) = served(MAP + ROUTE)
    assert "the API server's rules of its kind were not run; run the command again" in problem


def test_time_zones_are_those_of_the_chart_and_not_of_this_machine(tmp_path):
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe/Nowhere").write_bytes(b"TZif")
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    together._zones.cache_clear()
    known = together._zones()
    together._zones.cache_clear()
    zoneinfo.reset_tzpath()
    assert ("Europe/Berlin" in known, "Europe/Nowhere" in known) == (True, False)


def test_an_object_is_held_against_those_of_its_name_and_no_others():
    """Each against each takes minutes for ten thousand of them."""
    compared = []

    class Counted(dict):
        __hash__ = None

        def __eq__(self, other):
            compared.append(other)
            return dict.__eq__(self, other)

    own = {f"o{n}": Counted(apiVersion="v1", kind="ConfigMap", metadata={"name": f"o{n}"}) for n in range(20)}
    run = Run(Example("values", "values.yaml", data={"extraObjects": own}), NEWEST)
    text = "".join(f"{HEAD}apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n" for name in own)
    made = checks.read([(run, Rendered(Request(Path()), text, ""))])
    assert (made.count, list(checks._rules(made, None))) == (20, [])
    assert len(compared) == 20
