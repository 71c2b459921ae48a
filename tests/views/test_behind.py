"""What `chartgen diff` says of the pods behind a Service, for the values of the chart that decide about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from conftest import CHART, ROOT

from chartgen.views import behind, diff, sides

VLLM = {
    "engine": "vllm",
    "model": {"source": "huggingface", "name": "Qwen/Qwen2.5-7B-Instruct", "tag": "main", "weightsSize": "15Gi"},
    "gpu": {"vendor": "nvidia"},
    "openWebui": {"url": "https://chat.example.com"},
}
# Much else that changes in the same pods, so that what matters is one of many.
MUCH = {
    "global": {"imageRegistry": "registry.example.com", "imagePullSecrets": [{"name": "pull"}]},
    "openWebui": {"env": {"A": "1", "B": "2", "C": "3", "D": "4"}, "offline": True},
    "env": {"A": "1", "B": "2", "C": "3", "D": "4"},
}


def merged(one: dict, two: dict) -> dict:
    return one | {
        key: merged(one[key], each) if isinstance(each, dict) and isinstance(one.get(key), dict) else each
        for key, each in two.items()
    }


def said(folder: Path, old: dict, new: dict) -> list[str]:
    for name, values in (("old", old), ("new", new)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(values))
    found = diff.diff(str(folder / "old.yaml"), str(folder / "new.yaml"), sides.Context(CHART), lambda text: None)
    return [f"{each.title} {part.severity}: {part.text}" for each in found.differences for part in each.meanings]


def test_the_keys_that_are_compared_are_those_of_all_engines():
    """Their fragments name the variable of the key that clients send."""
    files = (ROOT / "chartgen/fragments/engine").rglob("*.tpl")
    found = {name for file in files for name in re.findall(r"^keyVariable: (\w+)", file.read_text(), re.MULTILINE)}
    assert found
    assert found <= set(behind.KEYS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "opens"),
    [
        ({"vllm": {"apiKey": {"existingSecret": "keys"}}}, False),
        ({"openWebui": {"auth": False}}, True),
        ({"openWebui": {"signup": True}}, True),
        ({"openWebui": {"trustedHeaders": {"email": "X-Email"}}}, True),
        ({"openWebui": {"oidc": {"providerUrl": "https://sso.example.com/a", "existingSecret": "oidc"}}}, True),
        ({"openWebui": {"ldap": {"host": "ldap.example.com", "searchBase": "dc=a"}}}, True),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_each_value_that_decides_who_is_let_in_is_said_both_ways(tmp_path, values, opens):
    with_it, without = merged(VLLM, values), merged(VLLM, MUCH)
    for old, new, more in ((without, with_it, opens), (with_it, without, not opens)):
        found = [each for each in said(tmp_path, old, new) if "who is let in" in each]
        assert len(found) == 1
        assert ("change: can let in more" if more else "outage: can refuse") in found[0]


@pytest.mark.slow
def test_another_engine_without_a_key_is_open_and_one_with_the_same_key_is_not(tmp_path):
    old = merged(VLLM, {"vllm": {"apiKey": {"existingSecret": "keys"}}})
    group = {"nodes": {"count": 2}, "modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]}}
    for new in ({"engine": "sglang"}, group):
        found = said(tmp_path, old, merged(VLLM, new))
        assert sum("can let in more clients: VLLM_API_KEY" in each for each in found) == 1
    same = merged(old, {"engine": "sglang", "sglang": {"apiKey": {"existingSecret": "keys"}}})
    assert not any("who is let in" in each for each in said(tmp_path, old, same))


@pytest.mark.slow
@pytest.mark.parametrize("key", ["openWebui.persistence", "modelCache"])
def test_another_claim_is_said_whatever_else_changes(tmp_path, key):
    def of(claim: str) -> dict:
        inner = {"existingClaim": claim}
        for part in reversed(key.split(".")):
            inner = {part: inner}
        return merged(VLLM, inner)

    found = said(tmp_path, of("one"), merged(of("two"), MUCH))
    assert sum("is in the claim two, not in the claim one any more" in each for each in found) == 1


@pytest.mark.slow
@pytest.mark.parametrize("key", ["openWebui.secretKey", "pipelines.apiKey"])
def test_a_value_in_place_of_a_generated_key_is_a_change_and_a_generated_one_keeps_what_is_there(tmp_path, key):
    """The chart keeps the contents of the Secret that exists (fragment.secretData)."""
    name, inner = key.split(".")
    generated = merged(VLLM, {name: {"enabled": True}})
    written = merged(generated, {name: {inner: {"value": "never-printed-0123456789"}}})
    found = said(tmp_path, generated, written)
    assert any(each.startswith("Secret/") and "has another value" in each for each in found)
    assert any("keep the old values" in each for each in found)
    assert "never-printed" not in " ".join(found)
    assert said(tmp_path, written, generated) == []
