"""Ranges of versions mean what they mean to Helm."""

from __future__ import annotations

from pathlib import Path

import pytest

from chartgen.programs import helm as render
from chartgen.programs.helm import Request
from chartgen.reading import semver

# Helm leaves out what is behind the dash of a cluster's version.
VERSIONS = ("1.28.15", "1.29.0", "1.29.4", "1.30.1", "1.36.0", "2.0.0")
RANGES = (
    *(">=1.29.0-0", ">=1.29", "> 1.29", "<1.30", "<=1.29", "=1.29", "1.29.x", "1.x", "*", "!=1.29", "!=1.29.0"),
    *("~1.29.1", "~>1.29", "^1.29", "^0", "=>1.30", "=<1.30.1", ">=1.29,<1.36", ">=1.29 <1.30.0-0", "1.29 - 1.30"),
    *("1.28 || >=1.36", "v1.29.0", ">1", "1.29+", "1.29 or newer", ">=", ">=1.29.0,", "1..2", "latest", ">=1.29.*.1"),
)


@pytest.mark.slow
@pytest.mark.parametrize("text", RANGES)
def test_range_holds_the_versions_that_helm_installs_for(text, helm, tmp_path):
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "templates/a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    recipe = f'apiVersion: v2\nname: chart\nversion: 1.0.0\nkubeVersion: "{text}"\n'
    (chart / "Chart.yaml").write_text(recipe)
    results = render.render([Request(chart, kube_version=version) for version in VERSIONS], Path(helm))
    installed = [version for version, result in zip(VERSIONS, results, strict=True) if not result.error]
    try:
        assert [version for version in VERSIONS if semver.fits(text, version)] == installed
    except ValueError:
        assert installed == []


@pytest.mark.parametrize("text", ["1.29+", "1.29 or newer", ">=", "latest", ">=1.29,", "1.|", "1" * 600])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(ValueError, match=r"is not a comparison|too long"):
        semver.parsed(text)
