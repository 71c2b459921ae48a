"""What Open WebUI is told: whom to ask with which key, what its pods share, and nothing secret in the open."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT

KEYS = ROOT / "chartgen/fragments/ui/open-webui/files/keys.py"
IMAGE = ROOT / "tests/llm_stack/open-webui-image.yaml"
CASES = ROOT / "chartgen/fragments/ui/open-webui/cases"


@pytest.fixture(scope="module")
def pod(manifests):
    """The spec of Open WebUI's pod, from one of its fragment's cases."""

    def of(case: str):
        return manifests(CASES / f"{case}.yaml").get("deployment/llm-open-webui").spec.template.spec

    return of


def variables(container) -> dict[str, dict]:
    return {each.name: each.to_dict() for each in container.env}


def resolved(container, name: str, **secrets: str) -> str:
    """A variable as the program gets it: as Kubernetes resolves it, from those before it alone, with the keys that the
    command inserts. A Secret's key is <secret/key>, or what is given for its variable.
    """
    known = as_kubernetes_resolves(container) | secrets
    if "INSERT_KEYS" not in known:
        assert "command" not in container or "keys.py" not in str(container.command)
        return known[name]
    assert container.command[:2] == ["python", "/opt/files/keys.py"]
    assert "/opt/files" in [mount.mountPath for mount in container.volumeMounts]
    done = keys_inserted(known, name)
    assert done.returncode == 0, done
    return done.stdout


def keys_inserted(env: dict[str, str], name: str) -> subprocess.CompletedProcess[str]:
    show = [sys.executable, "-c", f"import os; print(os.environ[{name!r}], end='')"]
    return subprocess.run([sys.executable, KEYS, *show], env=env, capture_output=True, text=True)


def as_kubernetes_resolves(container) -> dict[str, str]:
    known: dict[str, str] = {}
    for each in container.env:
        if reference := each.get("valueFrom"):
            known[each.name] = f"<{reference.secretKeyRef.name}/{reference.secretKeyRef.key}>"
        else:
            known[each.name] = re.sub(
                r"\$(?:\$|\((\w+)\))",
                lambda found: known.get(found[1], found[0]) if found[1] else "$",
                each.value,
            )
    return known


@pytest.mark.slow
def test_the_command_that_inserts_keys_ends_in_that_of_the_image(pod):
    image = yaml.safe_load(IMAGE.read_text(encoding="utf-8"))
    defaults = yaml.safe_load((ROOT / "charts/llm-stack/values.yaml").read_text(encoding="utf-8"))
    assert defaults["images"]["openWebui"]["tag"] == f"v{image['version']}"
    assert image["entrypoint"] == []
    ui = pod("endpoints").containers[0]
    assert ui.command == ["python", "/opt/files/keys.py", *image["command"]]
    assert "args" not in ui  # the image's script would give them to the server
    assert "workingDir" not in ui  # a relative path, from the image's own
    assert f"{image['workdir']}/data" in [mount.mountPath for mount in ui.volumeMounts]


@pytest.mark.slow
def test_every_url_has_its_key_in_the_same_place_of_the_other_list(pod):
    ui = pod("endpoints").containers[0]
    urls = resolved(ui, "OPENAI_API_BASE_URLS").split(";")
    keys = resolved(ui, "OPENAI_API_KEYS").split(";")
    assert list(zip(urls, keys, strict=True)) == [
        ("http://llm-large:8000/v1", ""),
        ("http://models.example.com:8080/v1", "<gateway/token>"),
        ("http://10.0.0.1:8000/v1", ""),
        ("https://api.openai.com/v1", "<openai/api-key>"),
    ]


def test_ollama_that_asks_for_a_key_gets_it_by_its_place_in_the_list(pod):
    ui = pod("endpoints").containers[0]
    urls = resolved(ui, "OLLAMA_BASE_URLS").split(";")
    assert urls == ["http://llm-server:11434", "https://ollama.example.com", "http://ollama.other:11434"]
    assert json.loads(resolved(ui, "OLLAMA_API_CONFIGS")) == {"1": {"key": "<far-away/api-key>"}}


QUOTED = 'a"b\\c","auth_type":"none","z":"'


@pytest.mark.slow
@pytest.mark.parametrize("key", ["token\n", "token\r\n", QUOTED, "a;b", "$(WEBUI_SECRET_KEY)", "ü"])
def test_key_cannot_change_the_json_that_it_stands_in(pod, key):
    ui = pod("tool-servers").containers[0]
    found = json.loads(resolved(ui, "TOOL_SERVER_CONNECTIONS", TOOL_SERVER_KEY_2=key))
    assert [one["key"] for one in found] == ["", "", key.strip()]
    assert {one["auth_type"] for one in found} == {"none", "bearer"}
    ollama = json.loads(resolved(pod("endpoints").containers[0], "OLLAMA_API_CONFIGS", OLLAMA_API_KEY_1=key))
    assert ollama == {"1": {"key": key.strip()}}


def test_newline_at_the_end_of_a_key_is_no_part_of_a_list(pod):
    keys = resolved(pod("endpoints").containers[0], "OPENAI_API_KEYS", OPENAI_API_KEY_1="first\n", OPENAI_API_KEY_3='"')
    assert keys == ';first;;"'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "key", "sentence"),
    [
        ("OPENAI_API_KEY_1", "a;b", "the key in OPENAI_API_KEY_1 contains a semicolon; correct it in the Secret"),
        ("OPENAI_API_KEY_3", "a\nb", "the key in OPENAI_API_KEY_3 contains a newline; correct it in the Secret"),
        ("OLLAMA_API_KEY_1", "a\r\nb\n", "the key in OLLAMA_API_KEY_1 contains a newline"),
    ],
)
def test_key_that_cannot_be_one_is_told_and_not_shown(pod, variable, key, sentence):
    known = as_kubernetes_resolves(pod("endpoints").containers[0]) | {variable: key}
    done = keys_inserted(known, "OPENAI_API_KEYS")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (64, "", 1), done
    assert sentence in done.stderr
    assert key not in done.stderr


@pytest.mark.slow
def test_list_that_is_not_set_is_told(pod):
    known = as_kubernetes_resolves(pod("endpoints").containers[0]) | {"INSERT_KEYS": "NOWHERE"}
    done = keys_inserted(known, "OPENAI_API_KEYS")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (64, "", 1), done
    assert "INSERT_KEYS names NOWHERE, which is not set" in done.stderr


@pytest.mark.slow
def test_lists_that_the_user_sets_get_no_keys_of_the_chart(rendered):
    given = {
        "endpoints": {"far": {"url": "http://far/v1", "existingSecret": "far"}},
        "env": {"OPENAI_API_KEYS": "mine"},
    }
    given["toolServers"] = {"wiki": {"url": "http://wiki/mcp", "existingSecret": "wiki"}}
    ui = rendered(openWebui=given).get("deployment/llm-open-webui").spec.template.spec.containers[0]
    assert resolved(ui, "OPENAI_API_KEYS") == "mine"
    assert variables(ui)["INSERT_KEYS"]["value"] == "TOOL_SERVER_CONNECTIONS"


def test_database_is_changed_by_the_step_before_the_pods_and_not_by_them(pod):
    spec = pod("replicas")
    assert [step.name for step in spec.initContainers] == ["prepare", "migrate"]
    step, ui = spec.initContainers[1], spec.containers[0]
    assert step.image == ui.image
    assert resolved(step, "DATABASE_URL") == resolved(ui, "DATABASE_URL") == "<postgres/uri>"
    assert resolved(ui, "ENABLE_DB_MIGRATIONS") == "false"
    assert variables(step) == variables(ui) | {"PYTHONPATH": {"name": "PYTHONPATH", "value": "/app/backend"}}
    assert step.envFrom == ui.envFrom


@pytest.mark.slow
def test_pods_on_one_database_tell_each_other_through_redis_and_have_one_key(pod):
    ui = pod("replicas").containers[0]
    found = {name: resolved(ui, name) for name in ("REDIS_URL", "WEBSOCKET_MANAGER", "VECTOR_DB", "WEBUI_SECRET_KEY")}
    assert found == {
        "REDIS_URL": "<redis/uri>",
        "WEBSOCKET_MANAGER": "redis",
        "VECTOR_DB": "pgvector",
        "WEBUI_SECRET_KEY": "<llm-open-webui/secret-key>",
    }


def test_one_pod_alone_has_no_step_that_waits_for_a_database(pod):
    spec = pod("openai-only")
    assert [step.name for step in spec.initContainers] == ["prepare"]
    assert {"DATABASE_URL", "ENABLE_DB_MIGRATIONS", "REDIS_URL", "VECTOR_DB"} & set(
        variables(spec.containers[0])
    ) == set()


@pytest.mark.slow
def test_people_come_back_from_the_provider_to_where_the_ui_is_reached(pod):
    ui = pod("sign-in").containers[0]
    assert resolved(ui, "OPENID_REDIRECT_URI") == "https://ai.example.com/oauth/oidc/callback"
    assert resolved(ui, "OAUTH_CLIENT_SECRET") == "<provider/secret>"
    assert resolved(ui, "LDAP_APP_PASSWORD") == "<directory/reader>"
    assert "OPENID_REDIRECT_URI" not in variables(pod("directory").containers[0])


@pytest.mark.slow
def test_tool_servers_are_given_with_their_tokens_and_who_may_use_them(pod):
    found = json.loads(resolved(pod("tool-servers").containers[0], "TOOL_SERVER_CONNECTIONS"))
    everyone = [{"principal_type": "user", "principal_id": "*", "permission": "read"}]
    assert [
        (one["info"]["id"], one["type"], one["url"], one["path"], one["auth_type"], one["key"]) for one in found
    ] == [
        ("clock", "openapi", "http://clock.tools:8000", "openapi.json", "none", ""),
        ("search", "openapi", "http://search.tools:8000", "api/openapi.json", "none", ""),
        ("wiki", "mcp", "https://mcp.example.com/mcp", "", "bearer", "<wiki/token>"),
    ]
    assert [one["config"]["access_grants"] for one in found] == [everyone, [], everyone]
    assert found[2]["info"] == {"id": "wiki", "name": "Wiki", "description": "Finds pages."}


def test_texts_reach_the_program_as_they_are_and_show_no_secret(pod):
    values = yaml.safe_load((CASES / "dollars.yaml").read_text(encoding="utf-8"))["openWebui"]
    ui = pod("dollars").containers[0]
    for variable, text in {
        "OAUTH_PROVIDER_NAME": values["oidc"]["providerName"],
        "OAUTH_SCOPES": values["oidc"]["scopes"],
        "LDAP_SERVER_LABEL": values["ldap"]["label"],
        "LDAP_SEARCH_BASE": values["ldap"]["searchBase"],
        "LDAP_SEARCH_FILTER": values["ldap"]["searchFilter"],
    }.items():
        assert resolved(ui, variable) == text
    (tool,) = json.loads(resolved(ui, "TOOL_SERVER_CONNECTIONS"))
    clock = values["toolServers"]["clock"]
    assert (tool["info"]["name"], tool["info"]["description"]) == (clock["title"], clock["description"])
    assert resolved(ui, "BANNER") == "/tmp/static costs $5"  # env of the user has the syntax of Kubernetes


@pytest.mark.slow
def test_database_file_on_a_share_has_no_write_ahead_log(pod):
    assert resolved(pod("file-share").containers[0], "DATABASE_ENABLE_SQLITE_WAL") == "false"
    assert "DATABASE_ENABLE_SQLITE_WAL" not in variables(pod("no-server").containers[0])
    assert "DATABASE_ENABLE_SQLITE_WAL" not in variables(pod("replicas").containers[0])


@pytest.mark.slow
def test_apis_of_urls_under_env_stay_on(pod):
    ui = variables(pod("urls-of-ones-own").containers[0])
    assert ui["OPENAI_API_BASE_URLS"]["value"] == "https://api.example.com/v1"
    assert "ENABLE_OPENAI_API" not in ui


def test_ui_without_a_server_uses_its_endpoints_and_the_volumes_of_the_user(pod):
    spec = pod("no-server")
    ui = spec.containers[0]
    assert resolved(ui, "OLLAMA_BASE_URL") == "http://ollama.example.com:11434"
    assert resolved(ui, "OPENAI_API_KEYS") == "<openai/api-key>"
    assert {"ca"} <= {volume.name for volume in spec.volumes} & {mount.name for mount in ui.volumeMounts}


@pytest.mark.slow
def test_requests_in_the_cluster_pass_the_proxy_by(manifests):
    case = manifests(ROOT / "chartgen/fragments/base/cases/proxy.yaml")
    ui = variables(case.get("deployment/llm-open-webui").spec.template.spec.containers[0])
    assert ui["HTTPS_PROXY"]["value"] == ui["https_proxy"]["value"] == "http://proxy.example.com:3128"
    assert ui["NO_PROXY"]["value"].split(",") == [
        "localhost",
        "127.0.0.1",
        ".svc",
        ".cluster.local",
        "llm-server",
        "llm-pipelines",
        ".example.com",
        "10.0.0.0/8",
    ]
    server = case.get("deployment/llm-server").spec.template.spec
    assert "https_proxy" in variables(server.initContainers[0])
    assert "https_proxy" not in variables(server.containers[0])


@pytest.mark.slow
def test_services_without_a_domain_pass_the_proxy_by(manifests):
    case = manifests(ROOT / "chartgen/fragments/base/cases/proxy-beside-services.yaml")
    ui = variables(case.get("deployment/llm-open-webui").spec.template.spec.containers[0])
    loader = variables(case.get("deployment/llm-server").spec.template.spec.initContainers[0])
    assert ui["NO_PROXY"]["value"].split(",")[4:] == ["llm-server", "ollama", "tools"]
    assert loader["no_proxy"]["value"].split(",")[4:] == ["minio"]
