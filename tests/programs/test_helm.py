"""Rendering by the real Helm 4, and what is made of the words of Helm 3 (recorded from v3.22 in render/helm3)."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from chartgen.problem import ToolError
from chartgen.programs import helm as render
from chartgen.programs.helm import Request, documents, sentence

HERE = Path(__file__).parent / "render"
CHART = HERE / "chart"
# Case -> what is set, what is left of Helm's error.
REFUSED = {
    "fail": (
        "message=servers.a.replicas: is 2; use 1 (see: README)",
        "servers.a.replicas: is 2; use 1 (see: README)",
    ),
    "fail-of-two-lines": ("message=one\ntwo", "one\ntwo"),
    "required": ("fault=required", "model.size: is needed; set it"),
    "nil": (
        "fault=nil",
        "top/templates/_checks.tpl:3:42: .Values.a.b.c: nil pointer evaluating interface {}.b",
    ),
    "include": (
        "fault=include",
        'top/templates/_checks.tpl:4:39: include "top.nope" .: error calling include: '
        'template: no template "top.nope" associated with template "gotpl"',
    ),
    "tpl": (
        "fault=tpl",
        "top/templates/_checks.tpl:5:35: .Values.model.nope.x: nil pointer evaluating interface {}.x",
    ),
    "yaml": (
        "fault=yaml",
        "YAML parse error on top/templates/configmap.yaml: error converting YAML to JSON: "
        "yaml: line 12: did not find expected key",
    ),
    "schema": (
        "modle=1,model.nmae=2,model.name=3",
        "- at '': additional properties 'modle' not allowed\n"
        "- at '/model': additional properties 'nmae' not allowed\n"
        "- at '/model/name': got number, want string",
    ),
    "schemas": (
        "fault=zz,sub.size=x",
        "sub:\n- at '/size': got string, want integer\n"
        "top:\n- at '/fault': value must be one of "
        "'', 'nil', 'include', 'tpl', 'yaml', 'required', 'duplicate', 'comment'",
    ),
    "missing": ("model=null", "- at '': missing property 'model'"),
}


def rendered(helm: str, *requests: Request) -> list[render.Rendered]:
    return render.render(requests, Path(helm))


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_sentence_keeps_what_matters_of_an_error_of_helm_4(case: str, helm: str) -> None:
    sets, expected = REFUSED[case]
    (result,) = rendered(helm, Request(CHART, sets=(sets,)))
    assert (result.error, result.text) == (expected, "")


@pytest.mark.parametrize("case", REFUSED)
def test_sentence_is_the_same_for_helm_3(case: str) -> None:
    assert sentence((HERE / f"helm3/{case}.txt").read_text(encoding="utf-8")) == REFUSED[case][1]


def test_sentence_leaves_warnings_out_and_keeps_other_errors_whole() -> None:
    said = 'level=WARN msg="this chart is deprecated"\nError: open /nope: no such file or directory\n'
    assert sentence(said) == "open /nope: no such file or directory"
    assert sentence("no prefix\n") == "no prefix"


def test_error_in_a_template_that_all_include_is_at_the_line_that_includes_it() -> None:
    place = (
        'Error: top/templates/a/x.yaml:10:8\n  executing "top/templates/a/x.yaml" at <include "top.size" .Values.a>:'
    )
    inner = 'top/templates/base/_size.tpl:19:36\n  executing "top.size" at <.>:\n    wrong type for value; got bool'
    said = f"{place}\n    error calling include:\n{inner}\n"
    found = 'top/templates/a/x.yaml:10:8: include "top.size" .Values.a: wrong type for value; got bool'
    assert sentence(said) == f"{found}, in templates/base/_size.tpl:19"
    own = said.replace("a/x.yaml", "base/x.yaml")
    assert sentence(own).startswith("top/templates/base/_size.tpl:19:36: .: wrong type")


def test_names_that_are_listed_come_in_order(helm: str) -> None:
    wanted = "- at '': additional properties 'a', 'b', 'c', 'd' not allowed"
    results = rendered(helm, *[Request(CHART, sets=("d=1,c=1,b=1,a=1",))] * 6)
    assert {result.error for result in results} == {wanted}


def test_results_come_in_the_order_of_the_requests(helm: str) -> None:
    sets = [f"model.name=m{number}" for number in range(7)] + ["modle=x"]
    results = rendered(helm, *(Request(CHART, sets=(one,)) for one in sets))
    assert [result.request.sets[0] for result in results] == sets
    assert [f'model: "m{number}:small"' in results[number].text for number in range(7)] == [True] * 7
    assert (results[7].text, results[7].error) == ("", "- at '': additional properties 'modle' not allowed")


def test_everything_a_request_says_reaches_helm(helm: str, tmp_path: Path) -> None:
    first, second = tmp_path / "a,b.yaml", tmp_path / 'c"d.yaml'
    first.write_text("model: {name: first, tag: first}\n", encoding="utf-8")
    second.write_text("model: {tag: second}\n", encoding="utf-8")
    request = Request(
        CHART,
        values=(first, second),
        kube_version="1.30.0",
        release="other",
        namespace="elsewhere",
        api_versions=("gateway.networking.k8s.io/v1/HTTPRoute",),
    )
    (result,) = rendered(helm, request)
    (data,) = [doc.data for doc in documents(result.text) if doc.data.get("data")]
    assert data["metadata"] == {"name": "other", "namespace": "elsewhere"}
    assert data["data"]["model"] == "first:second"
    assert (data["data"]["kubernetes"], data["data"]["routes"]) == ("v1.30.0", "true")


def test_documents_know_their_template_and_line_and_hold_the_test_pod(helm: str) -> None:
    (result,) = rendered(helm, Request(CHART))
    found = documents(result.text)
    assert [(doc.source, doc.data["kind"]) for doc in found] == [
        ("templates/configmap.yaml", "Secret"),
        ("charts/sub/templates/configmap.yaml", "ConfigMap"),
        ("templates/configmap.yaml", "ConfigMap"),
        ("templates/test.yaml", "Pod"),
    ]
    for doc in found:
        assert result.text.splitlines()[doc.line - 1] == doc.text.splitlines()[0] == "apiVersion: v1"
    text = found[2].data["data"]["text"]
    assert text == "--- is no end of a document\n# Source: and/this/is/no/template\n"


def test_a_key_that_stands_twice_is_a_problem_of_its_document(helm: str) -> None:
    (result,) = rendered(helm, Request(CHART, sets=("fault=duplicate",)))
    (problem,) = [problem for doc in documents(result.text) for problem in doc.problems]
    assert (problem.path, problem.line, problem.key) == ("templates/configmap.yaml", 13, "data.model")


def test_texts_are_split_where_a_pattern_splits_them() -> None:
    chance = random.Random(4)
    for _ in range(20_000):
        text = "".join(chance.choice(["\n", "---", "-", " ", "a", "\t", "--", "\n---\n"]) for _ in range(8))
        assert render._parts(text) == re.split(r"^---(?=\s)", text, flags=re.M)


def test_a_document_of_comments_alone_is_kept_without_data(helm: str) -> None:
    (result,) = rendered(helm, Request(CHART, sets=("fault=comment",)))
    assert [doc.text for doc in documents(result.text) if doc.data is None] == ["# nothing but a comment\n"]


def test_helm_sees_nothing_of_the_users_own_set_up(helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "config"
    broken.write_text("not: [a, kubeconfig", encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(broken))
    monkeypatch.setenv("HELM_NAMESPACE", "theirs")
    monkeypatch.setenv("HELM_KUBECONTEXT", "nowhere")
    monkeypatch.setenv("HELM_PLUGINS", str(broken))
    (result,) = rendered(helm, Request(CHART))
    assert result.error == ""
    assert "namespace: default" in result.text


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -9 $$", "exit code -9"),
        ("echo panic: oh >&2; exit 2", "exit code 2: panic: oh"),
    ],
)
def test_a_helm_that_breaks_off_is_a_broken_tool(script: str, said: str, tmp_path: Path) -> None:
    broken = tmp_path / "helm"
    broken.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    broken.chmod(0o755)
    with pytest.raises(ToolError, match=said):
        rendered(str(broken), Request(CHART))


def test_a_helm_that_is_not_there_is_a_broken_tool(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="No such file"):
        rendered(str(tmp_path / "helm"), Request(CHART))


def test_a_render_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "TIMEOUT", 0.2)
    slow = tmp_path / "helm"
    slow.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    slow.chmod(0o755)
    (result,) = rendered(str(slow), Request(CHART))
    assert result.error == "helm did not end within 0.2 s"


def test_progress_is_said_when_it_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "QUIET", 0.0)
    quick = tmp_path / "helm"
    quick.write_text("#!/bin/sh\n", encoding="utf-8")
    quick.chmod(0o755)
    said: list[str] = []
    render.render([Request(CHART)] * 2, quick, said.append)
    assert said[-1] == "helm: 2 of 2 rendered"


def test_cores_are_those_this_process_may_use() -> None:
    assert 1 <= render.cores() <= (os.cpu_count() or 1)
