"""What `chartgen diff` says of the pods behind a Service, for the values of the chart that decide about it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from conftest import CHART, ROOT

from chartgen.chart import loaded
from chartgen.programs.helm import Document
from chartgen.proofs.manifests import Render, render_of
from chartgen.views import behind, diff, serving, sides

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
        assert ("can let in more" if more else "outage: can refuse") in found[0]


SIGN_IN: dict = {
    "auth": True,
    "signup": False,
    "url": "https://one.example.com",
    "oidc": {
        "providerUrl": "https://one.example.com/a",
        "existingSecret": "one",
        "clientIdKey": "one",
        "clientSecretKey": "one-secret",
        "providerName": "one",
        "scopes": "openid one",
        "signup": True,
        "mergeByEmail": False,
    },
    "ldap": {
        "host": "one.example.com",
        "port": 636,
        "tls": True,
        "label": "one",
        "bindDn": "cn=one",
        "existingSecret": "one",
        "key": "one",
        "searchBase": "dc=one",
        "searchFilter": "(cn=one)",
        "usernameAttribute": "one",
        "mailAttribute": "one",
    },
    "trustedHeaders": {"email": "One", "name": "One-Name", "groups": "One-Groups"},
}
LABELS = {"oidc.providerName", "ldap.label", "trustedHeaders.name"}  # what people see decides nothing


def leaves(schema: dict, path: str = "") -> list[str]:
    inner = schema.get("properties")
    return [leaf for key in inner for leaf in leaves(inner[key], f"{path}.{key}")] if inner else [path[1:]]


def other(value: object, path: str) -> object:
    name, _, inner = path.partition(".")
    if isinstance(value, dict):
        return value | {name: other(value[name], inner)}
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else str(value).replace("one", "two").replace("One", "Two")


def about_sign_in() -> list[str]:
    """The values of Open WebUI whose description speaks of it."""
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["openWebui"]
    whole = {key: json.dumps(each) for key, each in schema["properties"].items()}
    keys = [key for key, text in whole.items() if re.search(r"[Ss]ign(s|ing)?[- ](in|up)\b", text)]
    return [leaf for key in keys for leaf in leaves(schema["properties"][key], f".{key}")]


def rendered(folder: Path, values: dict) -> sides.Side:
    (folder / "values.yaml").write_text(yaml.safe_dump(merged(VLLM, {"openWebui": values})))
    return sides.read(str(folder / "values.yaml"), sides.Context(CHART), lambda text: None)


@pytest.fixture(scope="module")
def signing_in(tmp_path_factory):
    return rendered(tmp_path_factory.mktemp("one"), SIGN_IN)


@pytest.mark.slow
@pytest.mark.parametrize("path", about_sign_in())
def test_each_value_about_sign_in_ends_in_a_variable_that_is_known(path, tmp_path, signing_in):
    """A value that is new, and no case of SIGN_IN, is a KeyError here."""
    # The chart refuses other ways to sign in where there is no sign-in.
    one = signing_in if path != "auth" else rendered(tmp_path, {"auth": True})
    two = rendered(tmp_path, other(SIGN_IN, path) if path != "auth" else {"auth": False})
    texts = [text for _, _, text in behind.changed(one.render, two.render)]
    named = {name for name in behind.RULES for text in texts if re.search(rf"\b{name}\b", text)}
    assert bool(named) is (path not in LABELS), texts


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(LABELS))
def test_what_people_see_of_sign_in_is_known_too(path, tmp_path, signing_in):
    changed = rendered(tmp_path, other(SIGN_IN, path)).render
    differ = [
        behind._variables([pod for pod in render.pods if pod.owner.name.endswith("-open-webui")])
        for render in (signing_in.render, changed)
    ]
    names = {name for name in differ[0] if differ[0][name] != differ[1].get(name)}
    assert {behind.RULES[name].kind for name in names} == {"name"}


def pods(variables: dict[str, str]) -> Render:
    labels = {"app": "ui"}
    box = {"name": "c", "env": [{"name": name, "value": value} for name, value in variables.items()]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [box]}}
    some = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "ui"}, "spec": {"selector": labels}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "ui"}, "spec": {"template": template}},
    ]
    return render_of([Document("a.yaml", n, each, "") for n, each in enumerate(some)], frozenset())


OIDC = {"OPENID_PROVIDER_URL": "https://a"}
MANAGED = {**OIDC, "ENABLE_OAUTH_ROLE_MANAGEMENT": "true"}
DIRECTORY = {"LDAP_SERVER_HOST": "a"}


@pytest.mark.parametrize(
    ("base", "narrow", "wide"),
    [
        ({}, {"DEFAULT_USER_ROLE": "pending"}, {"DEFAULT_USER_ROLE": "user"}),
        ({}, {}, {"DEFAULT_USER_ROLE": "admin"}),
        ({}, {"ENABLE_PASSWORD_AUTH": "false"}, {}),
        ({}, {"ENABLE_LOGIN_FORM": "false"}, {"ENABLE_LOGIN_FORM": "true"}),
        ({}, {}, {"GITHUB_CLIENT_ID": "a", "ENABLE_OAUTH_SIGNUP": "true"}),
        (OIDC, {}, {"ENABLE_OAUTH_SIGNUP": "True"}),
        (OIDC, {}, {"OAUTH_MERGE_ACCOUNTS_BY_EMAIL": "true"}),
        (OIDC, {"OAUTH_ALLOWED_DOMAINS": "a.example.com"}, {}),
        (OIDC, {"OAUTH_ALLOWED_DOMAINS": "a.example.com"}, {"OAUTH_ALLOWED_DOMAINS": "b.example.com, a.example.com"}),
        (OIDC, {"ENABLE_OAUTH_ROLE_MANAGEMENT": "true", "OAUTH_ALLOWED_ROLES": "a"}, {}),
        (MANAGED, {"OAUTH_ALLOWED_ROLES": "user"}, {}),
        (MANAGED, {"OAUTH_ALLOWED_ROLES": "a"}, {"OAUTH_ALLOWED_ROLES": "*"}),
        (DIRECTORY, {}, {"ENABLE_LDAP": "true"}),
        (DIRECTORY, {"LDAP_SEARCH_FILTER": "(a=b)"}, {"LDAP_SEARCH_FILTER": ""}),
    ],
)
def test_a_variable_that_opens_or_closes_is_said_both_ways(base, narrow, wide):
    one, two = pods(base | narrow), pods(base | wide)
    for old, new, severity, begins in ((one, two, "change", "can let in more"), (two, one, "outage", "can refuse")):
        [(_, said, text)] = behind.changed(old, new)
        assert (said, text.startswith(begins)) == (severity, True), text


@pytest.mark.parametrize(
    ("base", "was", "now", "said"),
    [
        (OIDC, {"OAUTH_ALLOWED_DOMAINS": "a"}, {"OAUTH_ALLOWED_DOMAINS": "b"}, "other clients than before"),
        (MANAGED, {}, {"OAUTH_ALLOWED_ROLES": "staff"}, "other clients than before"),
        (DIRECTORY, {"LDAP_SEARCH_FILTER": "(a=b)"}, {"LDAP_SEARCH_FILTER": "(a=c)"}, "other clients than before"),
        (MANAGED, {}, {"OAUTH_ADMIN_ROLES": "staff"}, "can change what clients may do"),
        ({}, {"OAUTH_ALLOWED_ROLES": "a"}, {"OAUTH_ALLOWED_ROLES": "b"}, None),
        ({}, {}, {"LDAP_SEARCH_FILTER": "(a=b)", "ENABLE_OAUTH_SIGNUP": "true"}, None),
        (OIDC, {}, {"OAUTH_ALLOWED_DOMAINS": "*", "ENABLE_SIGNUP": "true", "DEFAULT_USER_ROLE": "pending"}, None),
        (OIDC, {}, {"OAUTH_PROVIDER_NAME": "a"}, None),
    ],
)
def test_a_variable_that_does_another_thing_or_nothing(base, was, now, said):
    texts = [text for _, _, text in behind.changed(pods(base | was), pods(base | now))]
    assert len(texts) == (said is not None)
    assert all(str(said) in text for text in texts)


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


SERVED = {"vllm": "vllm.servedModelName", "sglang": "sglang.servedModelName", "llamacpp": "llamacpp.servedModelName"}


def served() -> list[str]:
    """The examples in which one engine gives its model the name that clients ask for."""
    found = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((CHART / "examples").glob("*.yaml"))}
    return [name for name, values in found.items() if values.get("engine") in SERVED and "batch" not in values]


@pytest.mark.slow
@pytest.mark.parametrize("name", served())
def test_another_name_of_a_model_is_said_to_clients_by_every_workload(tmp_path, name):
    values = yaml.safe_load((CHART / f"examples/{name}.yaml").read_text())
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(values))
    values.setdefault(values["engine"], {})["servedModelName"] = "another"
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(values))
    found = diff.diff(str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"), sides.Context(CHART), lambda text: None)
    said = [part.text for each in found.differences for part in each.meanings]
    assert any("clients that ask for the model" in text and "another" in text for text in said), said


@pytest.mark.parametrize(
    "text", ["", "x", "a: [", "applications: 1", "applications: [{args: {llm_configs: [1, {}]}}]", "[]"]
)
def test_what_is_no_application_of_ray_serve_names_no_model(text):
    data = {"kind": "RayService", "metadata": {"name": "a"}, "spec": {"serveConfigV2": text}}
    (each,) = render_of([Document("a.yaml", 0, data, "")], frozenset()).objects
    assert serving.models(each) == set()


TYPES = loaded.load(CHART, "chart").schema["properties"]["modelCache"]["properties"]["type"]["enum"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", TYPES)
def test_models_that_move_to_a_volume_of_any_type_are_said_to_be_there(tmp_path, kind):
    more = {
        "hostPath": {"modelCache": {"hostPath": "/srv/models"}},
        "image": {"model": {"delivery": "none"}, "modelCache": {"image": {"repository": "example.com/m", "tag": "1"}}},
    }.get(kind, {})
    new = merged(merged(VLLM, {"modelCache": {"type": kind}}), more)
    found = [each for each in said(tmp_path, VLLM, new) if "/models of its pods" in each]
    assert len(found) == (kind != "persistentVolumeClaim")
    assert all("/models of its pods is in " in each and "another type" not in each for each in found)
