"""Variables of the chart's containers: a text from values reaches the program unchanged, and shows it no other one.

Kubernetes replaces $(NAME) in a variable, and makes one $ of two.
"""

from __future__ import annotations

import re

import pytest
from conftest import ROOT
from test_open_webui import as_kubernetes_resolves

FRAGMENTS = ROOT / "chartgen/fragments"
NAMED = re.compile(r"^\s*(- )?value: \{\{", re.M)


def test_only_the_helper_prints_the_value_of_a_variable():
    """`fragment.env` doubles what Kubernetes would replace, so a text cannot be forgotten."""
    templates = [each for each in FRAGMENTS.glob("**/templates/*") if each.is_file()]
    assert templates
    printing = [str(each.relative_to(FRAGMENTS)) for each in templates if NAMED.search(each.read_text("utf-8"))]
    assert printing == ["base/templates/_images.tpl"]


def test_texts_reach_nextchat_as_they_are_and_its_own_variables_are_those_of_kubernetes(manifests):
    found = manifests(FRAGMENTS / "ui/nextchat/cases/dollars.yaml").get("deployment/llm-nextchat")
    known = as_kubernetes_resolves(found.spec.template.spec.containers[0])
    assert known["BASE_URL"] == "https://api.example.com/$(OPENAI_API_KEY)/$$"
    assert known["CUSTOM_MODELS"] == "-all,+chat-$(CODE)"
    assert known["GREETING"] == "3000 costs $5"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["env", "loader"])
def test_a_users_own_variables_can_name_others(rendered, kind):
    own = {"B_FIRST": "one", "A_SECOND": "$(B_FIRST) and $$(B_FIRST)"}
    spec = (
        rendered(**({"env": own} if kind == "env" else {"loader": {"env": own}}))
        .get("deployment/llm-server")
        .spec.template.spec
    )
    container = spec.containers[0] if kind == "env" else spec.initContainers[0]
    assert as_kubernetes_resolves(container)["A_SECOND"] == "one and $(B_FIRST)"
