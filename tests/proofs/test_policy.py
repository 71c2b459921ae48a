"""Every rule of the policy refuses what it is for, and that alone: a good object is changed in one place."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from objects import GONE, GOOD, LABELS, changed, find, steps

from chartgen.programs import prover, tools
from chartgen.proofs import policy

SERVER = "Deployment/llm-server"
POD = "spec.template.spec"
BOX = f"{POD}.containers.0"
KEY = "hf_abcdefghijklmnopqrstuvwxyz0123456789"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJsbG0ifQ.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----"

# (rules, object, path that is changed, what stands there then, path of the fault where it is another, a part of it)
OBJECT = [
    (SERVER, "metadata.name", "Llm", "", "not a valid name for every kind"),
    (SERVER, "metadata.name", "a" * 64, "", "not a valid name for every kind"),
    (SERVER, "metadata.name", "llm.server", "", "not a valid name for every kind"),
    (SERVER, "metadata.name", "1-server", "", "not a valid name for every kind"),
    *(
        (SERVER, f"metadata.labels.{label.replace('.', '|')}", GONE, "", "required label is missing")
        for label in LABELS
    ),
    (SERVER, "metadata.labels", GONE, "", "required label is missing"),
    ("Service/llm-server", "spec.selector.helm|sh/chart", "little-1.0.0", "", "selector cannot change"),
    (SERVER, "spec.selector.matchLabels.app|kubernetes|io/version", "1", "", "selector cannot change"),
    (SERVER, f"{BOX}.readinessProbe", GONE, "", "lacks a readinessProbe or a"),
    (SERVER, f"{BOX}.livenessProbe", GONE, "", "lacks a readinessProbe or a"),
    ("StatefulSet/llm-ui", f"{BOX}.livenessProbe", GONE, "", "lacks a readinessProbe or a"),
    ("ConfigMap/llm-settings", "data.note", f"the key is {KEY}", "", "text that looks like a credential"),
    ("ConfigMap/llm-settings", "data.note", PEM, "", "text that looks like a credential"),
    ("ConfigMap/llm-settings", "data.api-key", "x", "", "a ConfigMap has a key with the name"),
    ("Service/llm-server", "spec.type", None, "", "null: the template rendered no value"),
    (SERVER, f"{BOX}.args.2", None, "", "null: the template rendered no value"),
    (SERVER, f"{POD}.enableServiceLinks", GONE, "", "enableServiceLinks"),
    (SERVER, f"{POD}.enableServiceLinks", True, "", "enableServiceLinks"),
    ("Pod/llm-test", "spec.enableServiceLinks", GONE, "", "enableServiceLinks"),
    ("Job/llm-load", f"{POD}.automountServiceAccountToken", GONE, "", "gets a token of the Kubernetes API"),
    (SERVER, f"{POD}.automountServiceAccountToken", True, "", "gets a token of the Kubernetes API"),
    (SERVER, f"{BOX}.image", "ollama/ollama", "", "does not pin the version of the image"),
    (SERVER, f"{BOX}.image", "ollama/ollama:latest", "", "does not pin the version of the image"),
    (SERVER, f"{BOX}.image", "example.com:5000/server", "", "does not pin the version of the image"),
    (SERVER, f"{BOX}.image", "ollama/ollama:", "", "does not pin the version of the image"),
    (SERVER, f"{POD}.initContainers.0.image", "loader", "", "does not pin the version of the image"),
    (SERVER, f"{POD}.volumes.5.image.reference", "weights:latest", "", "does not pin the version of the image"),
    (SERVER, f"{BOX}.resources", GONE, "", "has no resources"),
    (SERVER, f"{BOX}.resources.requests", GONE, "", "has no request for cpu or for memory"),
    (SERVER, f"{BOX}.resources.requests.cpu", GONE, "", "has no request for cpu or for memory"),
    (SERVER, f"{BOX}.resources.requests.cpu", "500M", "", "is thousands of processors"),
    (SERVER, f"{BOX}.resources.limits.cpu", "1k", "", "is thousands of processors"),
    ("Job/llm-load", f"{BOX}.resources.requests.memory", GONE, "", "has no request for cpu or for memory"),
    (
        SERVER,
        f"{BOX}.env.0",
        {"name": "OPENAI_API_KEY", "value": "none"},
        "",
        "a credential is readable in the manifest",
    ),
    (SERVER, f"{BOX}.env.0", {"name": "PASSWORD", "value": "x"}, "", "a credential is readable in the manifest"),
    (SERVER, f"{BOX}.env.4.value", f"x {KEY}", "", "looks like a credential that is"),
    (SERVER, f"{BOX}.env.4.value", "sk-abcdefghijklmnopqrstuvwx", "", "looks like a credential that is"),
    (SERVER, f"{BOX}.env.4.value", "AKIAABCDEFGHIJKLMNOP", "", "looks like a credential that is"),
    (SERVER, f"{BOX}.env.4.value", "ghp_" + "a1" * 18, "", "looks like a credential that is"),
    (SERVER, f"{BOX}.env.4.value", TOKEN, "", "looks like a credential that is"),
    (SERVER, f"{BOX}.env.4.value", "postgres://me:secret@db.example.com/x", "", "looks like a credential that is"),
    (SERVER, f"{BOX}.args.0", "--api-key=abc", "", "a credential is readable in the arguments"),
    (SERVER, f"{BOX}.args.0", "--hf-token=abc", "", "a credential is readable in the arguments"),
    (SERVER, f"{POD}.initContainers.0.command.2", f"login {KEY}", "", "a credential is readable in the arguments"),
]
SHIPPED = [
    ("PersistentVolumeClaim/llm-models", "metadata.annotations", GONE, "", "is deleted with the release"),
    ("PersistentVolumeClaim/llm-models", "metadata.annotations.helm|sh/resource-policy", GONE, "", "is deleted with"),
    (
        "PersistentVolumeClaim/llm-models",
        "metadata.annotations.helm|sh/resource-policy",
        "delete",
        "",
        "is deleted with",
    ),
]
NODE, MORE = "gives access to the node", "is more than Pod Security baseline allows"
BASELINE = [
    *((SERVER, f"{POD}.{key}", True, "", NODE) for key in ("hostNetwork", "hostPID", "hostIPC")),
    (SERVER, f"{POD}.volumes.0", {"name": "models", "hostPath": {"path": "/data"}}, "", NODE),
    (SERVER, f"{BOX}.ports.0.hostPort", 80, "", "is a port of the node"),
    *(
        (title, f"{place}.securityContext.{path}", value, "", MORE)
        for title, place in ((SERVER, BOX), (SERVER, f"{POD}.initContainers.0"), ("Pod/llm-test", "spec.containers.0"))
        for path, value in (
            ("privileged", True),
            ("procMount", "Unmasked"),
            ("seccompProfile", {"type": "Unconfined"}),
            ("appArmorProfile", {"type": "Unconfined"}),
            ("windowsOptions", {"hostProcess": True}),
            ("seLinuxOptions", {"type": "spc_t"}),
            ("seLinuxOptions", {"user": "root"}),
            ("seLinuxOptions", {"role": "sysadm"}),
            ("capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
        )
    ),
    (SERVER, f"{POD}.securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}], "", MORE),
    (SERVER, f"{POD}.securityContext.seccompProfile.type", "Unconfined", "", MORE),
]
ROOT, SECCOMP, CONTAINER = "may run as root", "without a seccomp profile", "does not set allowPrivilegeEscalation"
RESTRICTED = [
    (SERVER, f"{POD}.volumes.0", {"name": "models", "nfs": {"server": "s", "path": "/"}}, "", "is a volume type"),
    (SERVER, f"{POD}.securityContext.runAsUser", 0, "", "0 is the root user"),
    (SERVER, f"{BOX}.securityContext.runAsUser", 0, "", "0 is the root user"),
    (SERVER, f"{BOX}.securityContext.runAsNonRoot", False, "", ROOT),
    ("Job/llm-load", f"{POD}.securityContext.runAsNonRoot", GONE, f"{BOX}.securityContext.runAsNonRoot", ROOT),
    ("Job/llm-load", f"{POD}.securityContext.runAsNonRoot", False, f"{BOX}.securityContext.runAsNonRoot", ROOT),
    ("Job/llm-load", f"{POD}.securityContext.seccompProfile", GONE, f"{BOX}.securityContext.seccompProfile", SECCOMP),
    (SERVER, f"{BOX}.securityContext.allowPrivilegeEscalation", GONE, "", CONTAINER),
    (SERVER, f"{BOX}.securityContext.allowPrivilegeEscalation", True, "", CONTAINER),
    (SERVER, f"{BOX}.securityContext.capabilities", GONE, "", CONTAINER),
    (SERVER, f"{BOX}.securityContext.capabilities.drop", GONE, "", CONTAINER),
    (SERVER, f"{BOX}.securityContext.capabilities.drop", ["CHOWN"], "", CONTAINER),
    (SERVER, f"{BOX}.securityContext.capabilities.add.0", "CHOWN", "", CONTAINER),
    (SERVER, f"{POD}.initContainers.0.securityContext", GONE, "", CONTAINER),
]
CHECKED = {}
ALL = {"object": OBJECT, "shipped": SHIPPED, "baseline": BASELINE, "restricted": RESTRICTED}
CASES = [(rules, *case) for rules, cases in ALL.items() for case in cases]

FINE = [
    (f"{BOX}.image", "ollama/ollama:0.35.1-rocm"),
    (f"{BOX}.image", "ollama/ollama:latest@sha256:" + "0" * 64),
    (f"{BOX}.env.0", {"name": "API_KEY_FILE", "value": "/keys/api"}),
    (f"{BOX}.env.0", {"name": "ENABLE_API_KEY", "value": "True"}),
    (f"{BOX}.env.0", {"name": "TOKENIZER", "value": "llama"}),
    (f"{BOX}.args.0", "--max-tokens=100"),
    (f"{BOX}.env.4.value", "https://example.com:8080/a@b"),
    (f"{POD}.securityContext.runAsNonRoot", GONE),
    (f"{POD}.securityContext.seccompProfile", GONE),
]


def said(made, rules):
    return [fault for document in made for fault in checked(document, rules)]


def checked(document, rules):
    """As policy.check; an object that a case leaves as it is in GOOD is checked once for the same rules."""
    if not any(document.text == one.text and document.data == one.data for one in GOOD):
        return policy.check(document, rules)
    if (document.text, rules) not in CHECKED:
        CHECKED[document.text, rules] = policy.check(document, rules)
    return CHECKED[document.text, rules]


@pytest.mark.parametrize(
    "rules", [("object", "restricted", "shipped"), ("object", "baseline"), ("object", "privileged")]
)
def test_good_objects_break_no_rule(rules):
    assert said(GOOD, rules) == []


@pytest.mark.slow
@pytest.mark.parametrize(("rules", "title", "path", "value", "at", "message"), CASES)
def test_rule_refuses_what_it_is_for_and_that_alone(rules, title, path, value, at, message):
    faults = said(changed(title, path, value), (rules,))
    assert faults
    assert {fault.message for fault in faults} == {faults[0].message}
    assert message in faults[0].message
    assert faults[0].remedy
    wanted = steps(at or path)
    assert all(wanted[: len(fault.path)] == fault.path[: len(wanted)] for fault in faults), faults


@pytest.mark.parametrize(("path", "value"), FINE)
def test_what_only_looks_like_a_fault_is_let_through(path, value):
    made = changed(SERVER, path, value)
    for box in ("initContainers", "containers"):
        context = find(made, SERVER).data["spec"]["template"]["spec"][box][0]["securityContext"]
        context |= {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert said(made, ("object", "restricted", "shipped")) == []


@pytest.mark.parametrize(("title", "path", "value", "at", "message"), BASELINE)
def test_privileged_takes_what_baseline_refuses(title, path, value, at, message):
    assert said(changed(title, path, value), ("object", "privileged")) == []


@pytest.mark.parametrize(("title", "path", "value", "at", "message"), RESTRICTED)
def test_baseline_takes_what_restricted_refuses(title, path, value, at, message):
    assert said(changed(title, path, value), ("object", "baseline")) == []


@pytest.mark.slow
def test_every_rule_has_an_object_that_it_refuses():
    tried = {
        fault.message
        for rules, title, path, value, *_ in CASES
        for fault in said(changed(title, path, value), (rules,))
    }
    assert {text.partition("; ")[0] for text in descriptions(policy.rules())} == tried


@pytest.mark.slow
def test_the_prover_finds_the_same_objects_that_break_a_rule():
    assert tools.built("prover", print), "Go builds the prover"
    process = prover.Prover(tools.find("prover").path, dict(os.environ))
    made = {}  # rules -> documents, each once
    for rules, title, path, value, *_ in CASES:
        made.setdefault((rules,), []).extend(changed(title, path, value))
    for path, value in FINE:
        made.setdefault(("object", "restricted", "shipped"), []).extend(changed(SERVER, path, value))
    try:
        for rules, documents in made.items():
            breaking = [document for document in documents if checked(document, rules)]
            assert policy.unfit(documents, rules, process) == breaking
            assert breaking
        odd = replace(GOOD[0], data={**GOOD[0].data, "n": float("inf")})
        assert policy.unfit([odd], ("object",), process) == [odd], "what it cannot read is left to Python"
    finally:
        process.end()
    assert policy.unfit(GOOD, ("object",), process) == GOOD, "without an answer nothing counts as fine"


def test_every_rule_says_what_to_do():
    assert all(text.count("; ") == 1 for text in descriptions(policy.rules()))


def test_rules_are_a_json_schema_of_draft_07():
    from jsonschema import Draft7Validator

    Draft7Validator.check_schema(policy.rules())
    for document in GOOD:
        assert not list(Draft7Validator(policy.rules()).iter_errors(document.data))


def test_rules_hold_for_pods_in_any_kind_of_workload():
    worker = {"spec": {"containers": [{"name": "a", "image": "a:latest"}]}}
    text = json.dumps({"kind": "Pods", "metadata": {"name": "x"}, "spec": {"groups": [{"template": worker}]}})
    from chartgen.programs.helm import documents

    assert {fault.message.split(",")[0] for fault in said(documents(text), ("object", "restricted"))} >= {
        "does not pin the version of the image",
        "may run as root",
        "has no resources",
    }


def descriptions(schema):
    """Every sentence of the rules."""
    if isinstance(schema, list):
        return [text for inner in schema for text in descriptions(inner)]
    if not isinstance(schema, dict):
        return []
    own = [schema["description"]] if isinstance(schema.get("description"), str) else []
    return own + [text for inner in schema.values() for text in descriptions(inner)]
