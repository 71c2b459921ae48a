"""docs/differences.md: what each example changes against the defaults, as `chartgen diff` says it."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from conftest import CHART

from chartgen.cli import main
from chartgen.views import sides
from chartgen.views.meaning import cards_of
from docs.makers import differences

EXAMPLES = sorted((CHART / "examples").glob("*.yaml"))


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    _, *parts = re.split(r"(?m)^## (.+)\n", differences.PAGE.read_text(encoding="utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.slow
def test_page_is_up_to_date():
    assert differences.PAGE.read_text(encoding="utf-8") == differences.page(), "run 'make docs'"


def test_every_example_has_a_section_that_says_something(sections):
    assert list(sections) == [file.stem for file in EXAMPLES]
    assert [name for name, text in sections.items() if differences.NOTHING in text] == []


@pytest.mark.slow
def test_an_example_names_the_devices_that_its_pods_request(sections):
    for file in EXAMPLES:
        render = sides.read(str(file), sides.Context(CHART), lambda text: None).render
        cards = {card for pod in render.pods if not pod.owner.hooked for card in cards_of(pod, render)}
        row = next((line for line in sections[file.stem].splitlines() if line.startswith("- devices: ")), "")
        assert cards == set(re.findall(r"requests [0-9]+ (\S+?)(?=;| in |$)", row)), file.name


@pytest.mark.slow
def test_the_command_that_the_page_names_says_the_same(sections):
    run = CliRunner().invoke(main, ["diff", str(CHART), str(CHART / "examples/two-servers.yaml"), "--fail-on", "never"])
    assert run.exit_code == 0
    for title in re.findall(r"[A-Z]\w+/[a-z0-9-]+", sections["two-servers"]):
        assert title in run.output
