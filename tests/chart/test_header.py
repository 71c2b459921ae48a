"""The comment at the top of a values file."""

import pytest
from conftest import outcome

from chartgen.chart.header import Header, parse

KNOWN = ["1.29.0", "1.33.0", "1.34.0", "1.37.0"]


def header(text, strict=True, first=1):
    return outcome(parse, text, "a.yaml", strict, first)


def test_file_without_a_header_is_for_every_version_and_restricted():
    found, problems = header("model: {}\n# kubernetes: >=1.34\n")
    assert (found, problems) == (Header(), [])
    assert found.versions(KNOWN) == KNOWN
    assert found.security == "restricted"


@pytest.mark.parametrize(
    ("bounds", "left"),
    [
        (">=1.34", ["1.34.0", "1.37.0"]),
        (">1.34", ["1.37.0"]),
        ("<=1.33", ["1.29.0", "1.33.0"]),
        ("<1.33", ["1.29.0"]),
        ("=1.34", ["1.34.0"]),
        (">=1.30, <1.34", ["1.33.0"]),
        (">= v1.34.0", ["1.34.0", "1.37.0"]),
        (">=1.99", []),
    ],
)
def test_versions_are_compared(bounds, left):
    found, problems = header(f"# Prose first.\n\n# kubernetes: {bounds}\n")
    assert problems == []
    assert found.versions(KNOWN) == left


def test_what_the_cluster_has_is_collected_from_all_lines():
    text = "# needs: Secret/x, Gateway/gateways/public\n# needs: StorageClass/fast.ssd\n# pod-security: privileged\n"
    found, problems = header(text)
    assert problems == []
    assert found.needs == {"Secret/x", "Gateway/gateways/public", "StorageClass/fast.ssd"}
    assert found.security == "privileged"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("# kubernetes: 1.34", "'1.34' is not valid here; expected a comparison with a version, such as >=1.34"),
        (
            "# needs: secret x",
            "'secret x' is not valid here; expected Kind/name or Kind/namespace/name, separated by commas",
        ),
        ("# pod-security: none", "'none' is not valid here; expected restricted, baseline or privileged"),
        ("# need: Secret/x", "is not a known word in a comment at the top of a values file; did you mean 'needs'?"),
        (
            "# replicas: 2",
            "is not a known word in a comment at the top of a values file; the allowed words are: kubernetes, needs, "
            "pod-security",
        ),
    ],
)
def test_fault_is_told_with_its_line(line, said):
    word = line[2:].partition(":")[0]
    assert [str(problem) for problem in header(f"# Prose: first.\n{line}\n")[1]] == [f"a.yaml:2: {word}: {said}"]


def test_users_own_file_may_begin_with_comments_of_any_kind():
    assert header("# replicas: 2\n# yaml-language-server: $schema=x\n", strict=False)[1] == []
    assert [problem.key for problem in header("# need: Secret/x\n", strict=False)[1]] == ["need"]


def test_line_for_editors_is_nobodys_fault():
    assert header("# yaml-language-server: $schema=values.schema.json\n")[1] == []


def test_first_line_of_a_rejected_case_is_no_header():
    assert header("# replicas: 3 pods share one claim\n# kubernetes: <1.34\n", first=2)[1] == []
