"""JSON Schema's failures as sentences; most cases are files in tests/reading/shape/: schema, input, lines expected."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from chartgen.reading import keynames, sentences, shape, wellformed
from chartgen.reading.unprinted import opened
from chartgen.reading.yamlfile import parse

HERE = Path(__file__).parent
COMMON = json.loads((HERE / "shape/values.schema.json").read_text(encoding="utf-8"))
CASES = sorted((HERE / "shape").glob("*.yaml"))


def checked(text: str, schema: dict, **more: str) -> list[str]:
    parsed = parse(text, "values.yaml")
    assert not parsed.problems
    return [str(problem) for problem in shape.check(parsed.data, parsed.lines, schema, "values.yaml", **more)]


@pytest.mark.parametrize("case", CASES, ids=[path.stem for path in CASES])
def test_each_fault_is_one_sentence_at_its_line(case):
    wanted = yaml.safe_load(case.read_text(encoding="utf-8"))
    # The cases write defaults into a chart's values, which have all that is required.
    schema = wanted.get("schema") or {**COMMON, "required": []}
    assert "\n".join(checked(wanted["input"], schema)) == wanted["expected"].rstrip("\n")


def keywords(errors) -> set[str]:
    return {word for error in errors for word in {error.validator} | keywords(error.context)}


def test_every_keyword_that_has_a_sentence_has_a_case():
    from jsonschema import Draft7Validator

    met = set()
    for case in CASES:
        wanted = yaml.safe_load(case.read_text(encoding="utf-8"))
        met |= keywords(Draft7Validator(wanted.get("schema") or COMMON).iter_errors(parse(wanted["input"], "f").data))
    assert {word for words, _ in sentences.BY_KEYWORD for word in words} | set(shape.OF_CONTAINERS) <= met


SCHEMAS = [
    *({"type": name} for name in sentences.TYPES),
    {"type": ["integer", "null"]},
    {"enum": [None, True, 1, "x1", [1], {"a": 1}]},
    {"const": None},
    {"const": [True]},
    {"pattern": "^x$", "minimum": 7, "minLength": 4, "minItems": 4, "minProperties": 4},
    {"maximum": -1, "maxLength": 0, "maxItems": 0, "maxProperties": 0, "multipleOf": 3},
    {"additionalProperties": False},
    {"required": ["b"], "propertyNames": {"maxLength": 0}, "dependencies": {"a": ["c"]}},
    {"items": {"type": "boolean"}, "additionalProperties": {"type": "boolean"}, "contains": {"type": "boolean"}},
    {"anyOf": [{"type": "object", "required": ["b"]}, {"type": "array", "minItems": 5}, {"enum": [None, "b"]}]},
    {"oneOf": [{}, {}]},
    {"not": {}},
    {"not": {"enum": [None, True, 1, 1.5, "x", "", [], [1], {}, {"a": None}]}},
]
VALUES = [None, True, False, 1, 1.5, "x", "", [], [1], [[]], [None, True, None], {}, {"a": None}, {"a": {"b": [1]}}]


@pytest.mark.parametrize("schema", SCHEMAS, ids=[next(iter(each)) + str(n) for n, each in enumerate(SCHEMAS)])
def test_no_value_makes_it_speak_python(schema):
    around = {"properties": {"v": schema}}
    found = [str(problem) for value in VALUES for problem in shape.check({"v": value}, {}, around, "f")]
    assert found
    assert not [line for line in found if re.search(r"\b(None|True|False|class|NoneType)\b|\{'|\['|\bdict\b", line)]
    assert not [line for line in found if not re.search(r": v.*: .+; .+", line)]


def test_a_prefix_stands_before_each_key():
    text = "replica: 1\n"
    assert checked(text, {**COMMON, "required": []}, prefix="values") == [
        "values.yaml:1: values.replica: no such key; did you mean 'replicas'?"
    ]
    assert checked("- 1\n", {"items": {"type": "string"}}, prefix="args") == [
        "values.yaml:1: args[0]: 1 is a number; expected a string; put it in quotes"
    ]


def test_a_reference_is_never_fetched():
    schema = {"properties": {"a": {"$ref": "http://127.0.0.1:9/schema.json"}}}
    assert checked("a: 1\n", schema) == [
        "values.yaml:1: the schema refers to http://127.0.0.1:9/schema.json, which it does not contain; "
        "add that to its definitions"
    ]


def test_a_name_of_another_chart_is_translated_only_into_what_the_schema_has():
    open_ = {"additionalProperties": False, "properties": {"summary": {"type": "string"}}}
    assert checked("replicaCount: 1\n", open_) == [
        "values.yaml:1: replicaCount: no such key; the allowed keys are summary"
    ]


def test_known_names_are_dotted_names_of_known_owners():
    table = yaml.safe_load((Path(keynames.__file__).parent / "known-names.yaml").read_text(encoding="utf-8"))
    assert len(table) >= 60
    for name, entry in table.items():
        uses = entry["use"] if isinstance(entry["use"], list) else [entry["use"]]
        assert set(entry) <= {"use", "how", "of"}, name
        assert set(entry.get("of", ())) <= set(keynames.OWNERS), name
        assert uses, name
        # With one of ours alone, the name must not be taken for itself.
        assert name not in uses or len(uses) > 1, name


def test_every_known_name_leads_to_one_of_llm_stacks():
    schema = opened(json.loads((HERE.parents[1] / "charts/llm-stack/values.schema.json").read_text(encoding="utf-8")))
    names = keynames.Names(schema)
    uses = {
        name: [use for use in entry.use if names.has(tuple(use.split(".")))] for name, entry in keynames.known().items()
    }
    assert [name for name, found in uses.items() if not found] == []


CHART = HERE.parents[1] / "charts/llm-stack"
CHARTS_SCHEMA = opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))


def renamed() -> list[tuple[str, str]]:
    """The table of the chart's changelog: (old, new), each `a.b` or `a.b: value`."""
    text = (HERE.parents[1] / "chartgen/stacks/llm-stack/CHANGELOG.md").read_text(encoding="utf-8")
    rows = [re.findall(r"`([^`]+)`", line) for line in text.splitlines() if line.startswith("| `")]
    return [pair for row in rows for pair in zip(row[: len(row) // 2], row[len(row) // 2 :], strict=True)]


OF_SERVERS = [
    (("servers", "big"), old, new)
    for old, new in renamed()
    if new.split(".")[0].split(":")[0] in keynames.Names(CHARTS_SCHEMA).at(("servers", "big"))[0]["properties"]
]


@pytest.mark.slow
@pytest.mark.parametrize(("scope", "old", "new"), [*(((), *row) for row in renamed()), *OF_SERVERS])
def test_an_old_name_is_refused_with_the_new_one(scope, old, new):
    (old_key, _, old_value), (new_key, _, new_value) = old.partition(": "), new.partition(": ")
    # The field of a block that has another name is looked for in the block as it is called now.
    path = (*scope, *old_key.replace("*", "big").replace("schedule.", "cronjob.").split("."))
    target = (*scope, *new_key.replace("*", "big").split("."))
    assert keynames.Names(CHARTS_SCHEMA).has(target)
    data = old_value or 1
    for key in reversed(path):
        data = {key: data}
    # What is missing beside it, a chart's defaults have.
    remedies = {problem.key: problem.remedy for problem in shape.check(data, {}, CHARTS_SCHEMA, "values.yaml")}
    remedy = remedies[".".join(path)]
    if old_value:
        assert remedy == f"use {new if old_key != new_key else new_value}"
    else:
        assert f"'{'.'.join(target)}'" in remedy or f"did you mean '{target[-1]}'" in remedy


HINTS = [
    # Likeness of letters alone is none: each word must be in the other name.
    ("serviceMonitor: {enabled: true}", "serviceMonitor", "use 'monitoring'"),
    ("securityContext: {fsGroup: 1000}", "securityContext.fsGroup", "use 'podSecurityContext.fsGroup'"),
    ("modelCache: {mountPath: /models}", "modelCache.mountPath", "the allowed keys are"),
    ("modelCache: {storage: 10Gi}", "modelCache.storage", "use 'modelCache.size'"),
    ("modelCache: {storageClassName: a}", "modelCache.storageClassName", "did you mean 'storageClass'?"),
    ("openWebui: {oauth: {enabled: true}}", "openWebui.oauth", "use 'openWebui.oidc'"),
    ("extraContainers: []", "extraContainers", "use 'extraObjects', as a workload"),
    ("model: {file: a.gguf}", "model.file", "use 'llamacpp.file'"),
    ("runtimeclass: nvidia", "runtimeclass", "did you mean 'runtimeClassName'?"),
    ("tests: {timeout: 60}", "tests.timeout", "did you mean 'timeoutSeconds'?"),
    ("loader: {retry: 3}", "loader.retry", "did you mean 'retries'?"),
    # A name that differs in the case of its letters alone is the one, whatever others call so.
    ("image: {pullpolicy: Always}", "image.pullpolicy", "did you mean 'pullPolicy'?"),
    ("servers: {big: {replicacount: 2}}", "servers.big.replicacount", "use 'servers.big.replicas'"),
    # A key is moved only where it fits, and where it means the same.
    ("nodeSelectorTerms: [{matchExpressions: []}]", "nodeSelectorTerms", "use 'affinity', below nodeAffinity"),
    ("metrics: {enabled: true}", "metrics", "use 'monitoring'"),
    (
        "openWebui: {database: {url: 'postgres://a'}}",
        "openWebui.database.url",
        "use 'openWebui.database.existingSecret'",
    ),
    ("servers: {big: {ingress: {enabled: true}}}", "servers.big.ingress", "use 'api.ingress', with the host of the"),
    ("ollama: {ingress: {enabled: true}}", "ollama.ingress", "use 'api.ingress', with the host of the server"),
    ("openWebui: {ingress: {enabled: true}}", "openWebui.ingress", "move it to the top level"),
    ("servers: {big: {persistence: {size: 1Gi}}}", "servers.big.persistence", "use 'servers.big.modelCache'"),
    ("servers: {big: {name: big}}", "servers.big.name", "see values.yaml"),
    ("custom: {path: /a}", "custom.path", "see values.yaml"),
    ("vllm: {replicas: 2}", "vllm.replicas", "move it to the top level"),
    ("pipelines: {replicas: 2}", "pipelines.replicas", "see values.yaml"),
    ("inferencePool: {replicas: 2}", "inferencePool.replicas", "the allowed keys are"),
    ("vllm: {model: a}", "vllm.model", "use 'model.name'"),
    # What is known at the top level is known below what has ours, and the rest of a program are its flags.
    ("openWebui: {replicaCount: 2}", "openWebui.replicaCount", "use 'openWebui.replicas'"),
    ("vllm: {enforceEager: true}", "vllm.enforceEager", "use 'extraArgs', a list, with vLLM's own flag"),
    # A server has no values of another engine.
    (
        "servers: {a: {engine: sglang, tensorParallelSize: 2}}",
        "servers.a.tensorParallelSize",
        "use 'servers.a.sglang.tensorParallelSize'",
    ),
    (
        "{engine: llamacpp, tensorParallelSize: 2}",
        "tensorParallelSize",
        "llamacpp has no value for it; use 'extraArgs', a list of arguments",
    ),
    ("servers: {a: {engine: sglang, command: [a]}}", "servers.a.command", "see values.yaml"),
    ("servers: {a: {engine: vllm, maxNumSeqs: 2}}", "servers.a.maxNumSeqs", "use 'servers.a.vllm.maxNumSeqs'"),
    # A name of others is found in other letters, too.
    ("persistance: {size: 1Gi}", "persistance", "use 'openWebui.persistence', and modelCache for the models"),
    ("enviroment: {A: b}", "enviroment", "use 'env', a map of NAME: text"),
    ("openWebui: {openaiApiBaseUrl: a}", "openWebui.openaiApiBaseUrl", "use 'openWebui.endpoints'"),
    # A list in place of a map is shown by its first item; what is behind a sign may be a password.
    ("servers: [{name: big, engine: vllm}]", "servers", "write 'big:' in place of '- name: big', with the rest"),
    ("env: [{name: A, value: b}]", "env", "write 'A: VALUE' in place of '- name: A' and 'value: VALUE'"),
    ("env: [A=secret]", "env", "write 'A: VALUE' in place of '- A=VALUE'"),
    ("models: [llama3]", "models", "write 'llama3:' in place of '- llama3', with its value behind it"),
    ("api: {ingress: {hosts: [a.example.org]}}", "api.ingress.hosts", "write 'server: a.example.org'"),
    ("api: {ingress: {hosts: [{host: a.example.org, paths: [/]}]}}", "api.ingress.hosts", "'server: a.example.org'"),
    ("api: {ingress: {hosts: [{host: 'a b'}]}}", "api.ingress.hosts", "write 'name: value' lines"),
    ("openWebui: {endpoints: ['http://far:1/v1']}", "openWebui.endpoints", "write 'openai: {url: http://far:1/v1}'"),
    ("openWebui: {endpoints: ['http://a:pw@far']}", "openWebui.endpoints", "write 'name: value' lines"),
    ("models: [{tag: a}]", "models", "write 'name: value' lines, not '- value' lines"),
]


@pytest.mark.parametrize(("text", "key", "remedy"), HINTS, ids=[key for _, key, _ in HINTS])
def test_a_wrong_key_of_llm_stack_has_the_right_hint(text, key, remedy):
    found = shape.check(yaml.safe_load(text), {}, {**CHARTS_SCHEMA, "required": []}, "values.yaml")
    (hint,) = [problem.remedy for problem in found if problem.key == key]
    assert remedy in hint


def test_a_misspelt_key_of_a_map_with_any_keys_is_told():
    given = {"global": {"storageclass": "a", "httpProxy": "b", "security": {}, "storageClass": "c", "proxy": {"a": 1}}}
    assert list(keynames.overlooked(keynames.Names(CHARTS_SCHEMA), given | {"replica": 1})) == [
        (("global", "storageclass"), "did you mean 'storageClass'?"),
        (("global", "httpProxy"), "use 'global.proxy.httpProxy'"),
    ]


def test_the_table_of_names_fits_its_schema():
    file = Path(keynames.__file__).parent / "known-names.yaml"
    wellformed.read(file, "known-names.yaml", "known-names.schema.json")
    rules = json.loads((ROOT / "schemas/known-names.schema.json").read_text(encoding="utf-8"))
    assert set(rules["additionalProperties"]["properties"]["of"]["items"]["enum"]) == {*keynames.OWNERS}
    text = "a.b: {uses: c}\n"
    found = wellformed.data(text, "names.yaml", json.dumps(rules), "rules.json")
    assert [str(problem).partition(";")[0] for problem in found] == ['names.yaml:1: "a.b".uses: no such key']


def test_the_table_of_old_names_has_all_of_this_charts_own():
    table = yaml.safe_load((Path(keynames.__file__).parent / "known-names.yaml").read_text(encoding="utf-8"))
    names = list(table)
    own = {name.replace("=", ": ") for name in names[names.index("drainSeconds") :]}
    listed = {old.replace("schedule.", "cronjob.") for old, _ in renamed()}
    assert listed - own == {"models.*.weights"}  # found by its likeness to the new one
    assert own <= listed


def test_jsonschema_is_imported_only_when_something_is_checked():
    code = "import sys, chartgen.reading.shape; print('jsonschema' in sys.modules, 'difflib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_a_key_that_is_not_a_name_is_printed_without_what_is_behind_its_sign():
    (problem,) = shape.check({"env": {"TOKEN=Zq7hunter2": "x"}}, {}, {**CHARTS_SCHEMA, "required": []}, "values.yaml")
    assert "TOKEN=" in problem.key
    assert "hunter2" not in str(problem)
