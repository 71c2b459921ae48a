"""In which order Helm renders the files of the chart."""

from __future__ import annotations

from conftest import CHART


def test_values_are_checked_before_any_object_is_rendered():
    """sortTemplates of pkg/engine: the deepest files first, and of those the last by name."""
    files = [path.relative_to(CHART.parent).as_posix() for path in (CHART / "templates").rglob("*.yaml")]
    first = max(files, key=lambda file: (file.count("/"), file))
    assert first == "llm-stack/templates/base/before/all/checks.yaml"
    assert "fail" in (CHART.parent / first).read_text(encoding="utf-8")
