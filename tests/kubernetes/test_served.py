"""What the API server refuses of custom resources although their schemas allow it, by Kubernetes' own library."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chartgen.kubernetes import crds, prepare, served
from chartgen.programs import tools
from chartgen.programs.prover import Prover

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def process() -> Iterator[Prover]:
    prepare.prepare(print)
    assert tools.built("prover", print), "Go builds the prover"
    found = tools.find("prover")
    assert found
    made = Prover(found.path, dict(os.environ))
    yield made
    made.end()


@pytest.fixture(scope="module")
def widget(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("served") / "widget_v1.json"
    schema = dict(crds.in_file(HERE / "crds/widget.yaml"))["served/example.org/widget_v1.json"]
    file.write_text(json.dumps(schema), encoding="utf-8")
    return file


def said(process: Prover, schema: Path, spec: Any, **metadata: Any) -> list[tuple[str, str, bool]]:
    """What is refused of a Widget."""
    about = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "one", **metadata}}
    found, unanswered = served.check({"one": (schema, yaml.safe_dump(about | {"spec": spec}))}, process)
    assert unanswered == []
    return [(".".join(map(str, each.path)), each.message, each.rule) for each in found]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"above": 4}, []),
        ({"above": 3}, [("spec", "above must be more than default", True)]),  # the default is set before rules run
        ({"above": 3, "default": 2}, []),
        ({"default": None, "above": 4}, []),  # a null that is not allowed is dropped for the default
        ({"owner": "me"}, []),  # a rule about an update
        ({"maybe": "a"}, []),
        ({"maybe": "b"}, [("spec", "failed rule: !has(self.maybe) || self.maybe != 'b'", True)]),
        ({"ids": [{"id": "a"}, {"id": "b"}]}, []),
        ({"ids": [{"id": "a"}, {"id": "a"}]}, [("spec.ids.1", 'duplicate value: {"id":"a"}', True)]),
        ({"until": "2026-01-01T00:00:00Z"}, []),
        ({"until": "soon"}, [("spec.until", 'spec.until in body must be of type date-time: "soon"', False)]),
        ({"template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a/b"}}}, "spec.template.metadata.name"),
        # Rules do not run on what is not of the right type.
        ({"above": "x", "maybe": "b"}, [("spec.above", 'spec.above in body must be of type integer: "string"', False)]),
    ],
    ids=str,
)
def test_an_object_is_refused_as_by_the_api_server(spec: Any, expected: Any, process: Prover, widget: Path) -> None:
    found = said(process, widget, spec)
    if isinstance(expected, str):
        assert [path for path, _, _ in found] == [expected]
    else:
        assert found == expected


def test_names_and_labels_are_looked_at(process: Prover, widget: Path) -> None:
    assert [path for path, _, _ in said(process, widget, {}, name="A_b")] == ["metadata.name"]
    assert [path for path, _, _ in said(process, widget, {}, labels={"a": "b c"})] == ["metadata.labels"]


@pytest.mark.slow
def test_every_crd_of_chartgen_is_one_that_the_api_server_serves(process: Prover) -> None:
    files = sorted((prepare.crds_folder() / crds.SERVED).glob("*/*.json"))
    plain = sorted(prepare.crds_folder().glob("*/*_*.json"))
    assert [file.name for file in files] == [file.name for file in plain if file.parent.name != "served"]
    assert len(files) > 40
    text = "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: one}\n"
    found, unanswered = served.check({file.parent.name + file.name: (file, text) for file in files}, process)
    assert unanswered == []
    # A rule that does not compile says so of every object.
    assert [each for each in found if "compil" in each.message or "internal" in each.message] == []


def test_a_document_without_an_answer_is_named(tmp_path: Path, process: Prover) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"scope": "Namespaced", "schema": {"type": "object", "required": 3}}', encoding="utf-8")
    assert served.check({"a": (broken, "kind: A\n"), "b": (tmp_path / "none.json", "kind: B\n")}, process) == (
        [],
        ["a", "b"],
    )
    assert served.check({"a": (broken, "kind: A\n")}, Prover(tmp_path / "no-program", {})) == ([], ["a"])


@pytest.mark.parametrize(
    ("api", "kind", "known"),
    [
        ("gateway.networking.k8s.io/v1", "HTTPRoute", True),
        ("gateway.networking.k8s.io/v1", "HTTPRout", False),
        ("gateway.networking.k8s.io/v9", "HTTPRoute", False),
        ("v1", "Service", False),
        ("../../x/v1", "A", False),
        ("x/v1", "../A", False),
        (None, 3, False),
    ],
)
def test_a_kind_has_a_schema_where_its_crd_is_known(api: Any, kind: Any, known: bool, process: Prover) -> None:
    assert (served.schema_of({"apiVersion": api, "kind": kind}) is not None) == known
    assert served.schema_of(kind) is None


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("spec.rules[0].matches[12]", ("spec", "rules", 0, "matches", 12)),
        ("metadata.labels[a.b/c]", ("metadata", "labels", "a.b/c")),
        ("", ()),
    ],
)
def test_a_path_of_the_api_server_is_a_path_of_ours(field: str, path: tuple[str | int, ...]) -> None:
    assert served.path_of(field) == path
