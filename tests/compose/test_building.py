"""What the builder's rules have passed is remembered, as long as neither texts nor rules change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chartgen import paths
from chartgen.compose import building, rules
from chartgen.problem import Faults

LITTLE = """\
chart: {name: little, version: 1.0.0, description: A little chart.}
fragmentPaths: [fragments]
fragments: [a]
"""
VALUES = "release:\n  a: {type: string, description: What it sets., default: ''}\n"


@pytest.fixture
def checked(monkeypatch, tmp_path):
    """How often the rules are applied, with a home and a stack of the test's own."""
    monkeypatch.setenv("CHARTGEN_HOME", str(tmp_path / "home"))
    for name in ("_memory", "_reader"):
        getattr(building.wellformed, name).cache_clear()
    found = []
    check = rules.check
    monkeypatch.setattr(rules, "check", lambda *given: found.append(given[0]) or check(*given))
    folder = tmp_path / "fragments/a"
    (folder / "templates").mkdir(parents=True)
    (folder / "fragment.yaml").write_text("summary: A.\n", encoding="utf-8")
    (folder / "values.schema.yaml").write_text(VALUES, encoding="utf-8")
    (folder / "templates/a.yaml").write_text("kind: A\na: {{ quote .Values.a }}\n", encoding="utf-8")
    (tmp_path / "stack.yaml").write_text(LITTLE, encoding="utf-8")
    yield found
    building.wellformed._memory.cache_clear()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("fragments/a/templates/a.yaml", "kind: A\nb: {{ quote .Values.a }}\n"),
        ("fragments/a/values.schema.yaml", VALUES.replace("sets", "does")),
        ("fragments/a/fragment.yaml", "summary: B.\n"),
        ("fragments/a/cases/b.yaml", "a: b\n"),
        ("NOTES.txt", "{{ .Values.a }}\n"),
    ],
)
def test_rules_are_applied_once_and_again_after_a_change(checked, tmp_path, file, text):
    stack = tmp_path / "stack.yaml"
    for _ in range(3):
        building.of_stack(stack)
    assert len(checked) == 1
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    building.of_stack(stack)
    assert len(checked) == 2


def test_what_is_refused_is_refused_again(checked, tmp_path):
    (tmp_path / "fragments/a/templates/a.yaml").write_text("kind: A\na: {{ .Values.a }}\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(Faults):
            building.of_stack(tmp_path / "stack.yaml")
    assert len(checked) == 2


def test_another_rule_applies_to_texts_that_have_passed(checked, tmp_path, monkeypatch):
    stack = tmp_path / "stack.yaml"
    building.of_stack(stack)
    copy = tmp_path / "chartgen"
    shutil.copytree(paths.HERE / "compose", copy / "compose", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(building, "__file__", str(copy / "compose/building.py"))
    building.of_stack(stack)
    assert len(checked) == 1
    rule = Path(copy / "compose/rules.py")
    rule.write_text(rule.read_text(encoding="utf-8") + "\n# Another rule.\n", encoding="utf-8")
    building.of_stack(stack)
    assert len(checked) == 2


def test_fragments_that_passed_as_those_of_another_stack_are_checked_as_its_own(checked, tmp_path, monkeypatch):
    (tmp_path / "fragments/a/templates/a.yaml").write_text("kind: A\na: {{ .Values.a }}\n", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(building.stacks.Stack, "own_fragments", property(lambda stack: ()))
        building.of_stack(tmp_path / "stack.yaml")
    with pytest.raises(Faults, match="prints text that YAML can read as something else"):
        building.of_stack(tmp_path / "stack.yaml")
