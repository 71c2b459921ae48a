"""Files of other charts become values for llm-stack. A case is a folder: inputs, values.yaml and report.txt."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner
from conftest import CHART, ROOT, outcome

from chartgen import cli, conventions
from chartgen.compose import building
from chartgen.importing import draft, flags, importer, pulls, recognise, report, settle, source, tables, typed, write
from chartgen.importing.carry import FUNCTIONS
from chartgen.importing.source import leaves
from chartgen.problem import Faults, Problem
from chartgen.programs import prover as provers
from chartgen.proofs import memory, validate
from chartgen.reading.keynames import Names
from chartgen.reading.unprinted import opened
from chartgen.reading.yamlfile import dotted

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
CASES = sorted(path for path in (HERE / "cases").iterdir() if path.is_dir())
EXPECTED = ("values.yaml", "report.txt")
EVERY = (1, 13) if os.environ.get("LEAVES") == "all" else (13,)  # of so many leaves, one gets another type
SCHEMA = opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))


def inputs(case: Path) -> list[Path]:
    return [Path(file.name) for file in sorted(case.iterdir()) if file.name not in EXPECTED]


@pytest.fixture(scope="session")
def imported() -> dict[str, importer.Imported]:
    return {}


@pytest.fixture(scope="session")
def proved(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("proved")


@pytest.fixture
def remembering(monkeypatch, proved, prover) -> None:
    """What is proved of a file is remembered for the next, as for a person who imports several; one prover has read
    the schemas for all of them."""
    monkeypatch.setattr(memory, "folder", lambda: proved)
    if prover:
        monkeypatch.setattr(provers, "started", lambda tools: nullcontext((prover, "")))


# One process tries a case in all ways, see tests/conftest.py: it is imported once.
@pytest.fixture(params=[pytest.param(each, id=each.name) for each in CASES])
def case(request, monkeypatch, imported, remembering) -> tuple[Path, importer.Imported]:
    """A case and what becomes of it, which is made once."""
    monkeypatch.chdir(request.param)
    if request.param.name not in imported:
        imported[request.param.name] = importer.import_files(inputs(request.param), "", lambda said: None)
    return request.param, imported[request.param.name]


def test_a_case_becomes_these_values(case):
    folder, made = case
    assert made.text == (folder / "values.yaml").read_text(encoding="utf-8")


def test_a_case_has_this_report(case):
    folder, made = case
    assert report.as_text(made.draft) == (folder / "report.txt").read_text(encoding="utf-8")


def read_otherwise(folder: Path) -> list[tuple[str, tuple[str | int, ...]]]:
    """Every leaf of the input, by PyYAML alone; the text of an Application's values is read as well."""
    found = []
    for file in inputs(folder):
        documents = [one for one in yaml.safe_load_all((folder / file).read_text(encoding="utf-8")) if one]
        for document in [each for one in documents for each in (one["items"] if one.get("kind") == "List" else [one])]:
            spec = document.get("spec") or {}
            spec = spec["template"]["spec"] if document.get("kind") == "ApplicationSet" else spec
            helm = (spec.get("source") or {}).get("helm")
            if helm and isinstance(helm.get("values"), str):
                helm["values"] = yaml.safe_load(helm["values"])
            found += [(str(file), path) for path, _ in leaves(document)]
    return found


def test_every_value_of_the_input_is_in_the_report_once(case):
    folder, made = case
    sources = made.draft.sources
    noted = [(sources[number].path, path) for number, path in made.draft.notes]
    assert sorted(map(str, noted)) == sorted(map(str, read_otherwise(folder)))
    assert len(report.lines(made.draft)) == len(noted)
    assert all(line.kind in report.KINDS for line in report.lines(made.draft))


def test_every_server_of_the_input_is_in_the_values(case):
    _, made = case
    servers = yaml.safe_load(made.text).get("servers", {})
    assert len(made.draft.servers) < 2 or set(made.draft.servers) <= set(servers)


def test_what_is_written_passes_validation(case, tmp_path):
    _, made = case
    file = tmp_path / "values.yaml"
    file.write_text(made.text, encoding="utf-8")
    found = validate.validate(CHART, [file], None, lambda said: None)
    assert found.problems == []
    assert [each for each in found.warnings if "# needs: " in each.remedy] == []


def test_what_the_report_says_is_written_is_written(case):
    _, made = case
    data = yaml.safe_load(made.text)
    for put in made.draft.puts:
        value = data
        for step in made.draft.place(put):
            value = value[step]
        assert value == put.value or isinstance(value, dict)


def test_a_password_of_the_input_is_written_nowhere():
    folder = HERE / "cases/open-webui-elsewhere"
    given = (folder / "my-values.yaml").read_text(encoding="utf-8")
    assert "sk-one" in given
    for name in EXPECTED:
        assert "sk-one" not in (folder / name).read_text(encoding="utf-8")
        assert "chat:secret@" not in (folder / name).read_text(encoding="utf-8")


def test_no_credential_that_no_row_knows_is_written(case):
    folder, made = case
    if folder.name == "manifests-credentials":
        assert "hunter2" in (folder / "chat.yaml").read_text(encoding="utf-8")
    assert "hunter2" not in made.text + report.as_text(made.draft) + json.dumps(report.as_json(made.draft))


@pytest.mark.parametrize(
    "given",
    [
        {"ollama": {"models": {"pull": ["Our Model:7b"]}}, "persistentVolume": {"size": "60Gi"}},
        {"ollama": {"models": {"pull": ["qwen3:7 b"]}}, "persistentVolume": {"size": "60Gi"}},
        {"image": "ollama/ollama:0.9.0", "model": "Our Model:7b"},
        {"image": "ollama/ollama:0.9.0", "model": "qwen3:7 b"},
    ],
)
def test_a_model_that_is_refused_leaves_neither_its_name_nor_its_tag(tmp_path, given):
    file = tmp_path / "their-values.yaml"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    made = importer.import_files([file], "", lambda said: None)
    assert yaml.safe_load(made.text)["model"] == {"name": draft.NO_MODEL}


def test_no_map_is_said_to_be_another_type_than_its_keys_have(case):
    _, made = case
    kinds = ("a text", "a number", "true or false", "a list", "a map")
    for (number, path), note in made.draft.notes.items():
        said = note.text.partition(";")[0].removeprefix("is ")
        if note.text.startswith("is ") and said in kinds:
            value = source.at(made.draft.sources[number].data, path)
            assert said == typed.kind(value), dotted(path)


ODD = (3, "x", None, [], {}, True, [3], {"a": 3})
COMPOSED = building.composed(conventions.STACK)


def nodes(data, path=()):
    """Every path below the root."""
    for key, inner in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield (*path, key)
        yield from nodes(inner, (*path, key))


def mutated(folder: Path):
    """Every file of a case with each of its nodes replaced by each of ODD: (file, its documents)."""
    for file in inputs(folder):
        documents = [one for one in yaml.safe_load_all((folder / file).read_text(encoding="utf-8")) if one]
        for path in nodes(documents):
            for odd in ODD:
                if len(path) > 1 or isinstance(odd, dict):
                    yield file, source.placed(documents, path, odd), path


def read(folder: Path, file: Path, documents: list) -> list[source.Source]:
    """A case with other documents in one of its files, without the way through YAML."""
    data = []
    for each in inputs(folder):
        found = documents if each == file else yaml.safe_load_all((folder / each).read_text(encoding="utf-8"))
        data += [(str(each), one) for one in found if one]
    found = [source.Source(path, n, one, {(): 1}, source.Comments()) for n, (path, one) in enumerate(data)]
    return source.opened(found)


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("folder", CASES, ids=[case.name for case in CASES])
def test_a_value_of_any_type_anywhere_is_a_line_of_the_report(folder, every):
    """Of all mutations, or of one in thirteen, which are all of ODD in turn."""
    count = 0
    for file, documents, path in itertools.islice(mutated(folder), 0, None, every):
        try:
            sources = read(folder, file, documents)
            parts = [part for each in sources for part in recognise.parts(each)]
            importer._refuse_unknown(sources, parts)
            made_of = importer.drafted(sources, parts, SCHEMA)
            importer._without_repetition(made_of, COMPOSED)
            lines = report.lines(made_of)
            made = write.text(made_of, "x", list(SCHEMA["properties"]))[0]
        except Faults:  # what is not recognised at all
            continue
        assert len(lines) == len(made_of.every), path
        assert all(line.kind in report.KINDS and "None" not in line.text for line in lines), (path, lines)
        assert "None" not in made, path
        count += 1
    assert count > 5


@pytest.mark.parametrize("shape", [typed.TEXT, typed.NUMBER, typed.LIST, typed.MAP, {"a": typed.TEXT}, [typed.TEXT]])
@pytest.mark.parametrize("value", ODD, ids=str)
def test_what_does_not_fit_is_said_once_and_never_seen(shape, value):
    said = []
    at = SimpleNamespace(value=value, row={}, none=lambda text, *keys: said.append(text))
    found = typed._fitted(at, (), value, shape)
    fits = value is None or found == value
    assert fits == (not said)
    assert all(text.startswith(f"is {typed.kind(value)}; expected ") or "; expected a text" in text for text in said)


def test_a_wrong_type_is_reported_with_what_is_expected(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("replicaCount: 1\nollama: {models: 3, gpu: {enabled: true, mig: [1]}}\n")
    made = importer.import_files([Path("mine.yaml")], "", lambda said: None)
    lines = list(map(str, report.lines(made.draft)))
    assert "mine.yaml:2: ollama.models: no counterpart; is a number; expected a list or a map" in lines
    assert "mine.yaml:2: ollama.gpu.mig[0]: no counterpart; is a list; expected a map" in lines


def targets(rows: dict, prefix: str):
    for path, row in rows.items():
        row = tables.full(row)
        target = row.get("to", "")
        if target and "by" not in row:
            yield path, target, prefix
        yield from targets(row.get("rows", {}), prefix)


def test_every_row_leads_to_a_value_of_llm_stack():
    names, wrong = Names(SCHEMA), []
    for file in sorted((ROOT / "chartgen/importing").glob("*/*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        program = tables.programs().get(data.get("program", file.stem))
        prefix = program.prefix if program else ""
        rows = [*targets(data.get("rows", {}), prefix), *targets(data.get("env", {}), prefix)]
        for path, target, before in [*rows, *targets(data.get("flags", {}), prefix)]:
            goals = [tuple(target.split(".")), (before, *target.split("."))]
            if not any(names.has(goal) for goal in goals):
                wrong.append(f"{file.name}: {path}: {target}")
    assert wrong == []


def functions(data):
    if isinstance(data, dict):
        yield from [data["by"]] if isinstance(data.get("by"), str) else []
        for inner in data.values():
            yield from functions(inner)
    elif isinstance(data, list):
        for inner in data:
            yield from functions(inner)


def test_tables_call_functions_that_exist_and_all_of_them():
    files = sorted((ROOT / "chartgen/importing").glob("*/*.yaml"))
    called = {name for file in files for name in functions(yaml.safe_load(file.read_text(encoding="utf-8")))}
    assert called == FUNCTIONS.keys()


def test_comments_of_the_input_are_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "ollama:\n  models:\n    # the small one\n    pull: [phi4]  # for tests\nreplicaCount: 1 # one\n"
    Path("mine.yaml").write_text(text, encoding="utf-8")
    made = importer.import_files([Path("mine.yaml")], "", lambda said: None).text
    assert "# the small one\n" in made
    assert "# for tests\n" in made
    assert "# one\nreplicas: 1\n" in made


PULLS = [
    (
        'MODELS=(llama3.2:3b \'qwen3:8b\')\nfor m in "${MODELS[@]}"; do\n ollama pull "$m"\ndone',
        ["llama3.2:3b", "qwen3:8b"],
        [],
    ),
    (
        "MODELS=(\n phi3\n # small\n gemma:2b\n)\nfor i in ${MODELS[*]}; do ollama pull $i; done",
        ["phi3", "gemma:2b"],
        [],
    ),
    ('MODELS="a b:1"; for m in $MODELS; do ollama pull $m; done', ["a", "b:1"], []),
    ("MODEL=phi4; ollama serve & ollama pull ${MODEL}", ["phi4"], []),
    ("M=a; M=b; ollama pull $M", [], ["$M"]),
    ("ollama pull $MODEL", [], ["$MODEL"]),
    ("# ollama pull old\nollama pull new # the new one\n", ["new"], []),
]


@pytest.mark.parametrize(("script", "models", "variables"), PULLS)
def test_a_script_pulls_what_it_names_itself(script, models, variables):
    assert pulls.pulled(script, {}) == pulls.Pulled(models, variables)


def test_a_comment_keeps_its_letters_unless_validation_would_read_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "# tag: pinned\nreplicaCount: 1\n# needs: a GPU\nollama: {models: {pull: [phi4]}}\n"
    Path("mine.yaml").write_text(text, encoding="utf-8")
    made = importer.import_files([Path("mine.yaml")], "", lambda said: None).text
    assert "# tag: pinned\n" in made
    assert "# Needs: a GPU\n" in made


def test_a_pod_of_an_unknown_program_is_refused_for_its_program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: redis}]}\n"
    Path("pod.yaml").write_text(pod, encoding="utf-8")
    with pytest.raises(Faults) as raised:
        importer.import_files([Path("pod.yaml")], "", lambda said: None)
    assert "whose containers run no program that chartgen knows" in str(raised.value.problems[0])


def test_a_value_that_llm_stack_refuses_is_reported_with_the_refusal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("ollama: {models: {pull: [phi4]}}\nreplicaCount: many\n", encoding="utf-8")
    made = importer.import_files([Path("mine.yaml")], "", lambda said: None)
    line = next(str(line) for line in report.lines(made.draft) if line.key == "replicaCount")
    assert line == (
        "mine.yaml:2: replicaCount: no counterpart; llm-stack refuses it: "
        'replicas: "many" is a string; expected an integer'
    )
    assert "replicas" not in made.text


def refused(needed: str):
    """A draft of a vLLM server, and a check that complains as long as a value is in it."""
    made = draft.Draft(Names(SCHEMA), set(SCHEMA["properties"]), [], servers=["server"])
    for target, value in {"engine": "vllm", "model.name": "a/b", "replicas": 2, "gpu.count": 1}.items():
        made.put(draft.Put(tuple(target.split(".")), value, "server", ()), draft.Note(draft.CARRIED, ""))
    wrong = Problem("values.yaml", 0, "nothing.of.these", "is wrong", "mend it")
    return made, wrong, lambda: [wrong] if any(put.target[0] == needed for put in made.puts) else []


@pytest.mark.parametrize(
    ("wrong", "left"),
    [("gpu", ["engine", "model", "replicas"]), ("engine", ["engine", "model"])],
)
def test_of_what_is_refused_as_a_whole_the_least_is_left_out(wrong, left):
    made, problem, again = refused(wrong)
    settle._without_server(made, problem, again)
    assert [put.target[0] for put in made.puts] == left


def test_a_server_that_cannot_be_written_is_off_and_that_is_said_first():
    made, problem, again = refused("engine")
    settle._without_server(made, problem, again)
    settle._without_server(made, problem, again)
    assert made.data() == {"servers": {"server": {"enabled": False}}}
    assert made.todo()[0].startswith("the server server of the input is not in the values")


def test_a_file_that_is_nothing_known_is_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("colour: red\n", encoding="utf-8")
    _, problems = outcome(importer.import_files, [file], "", lambda said: None)
    assert [problem.message for problem in problems] == ["is not recognised"]
    assert "--chart" in problems[0].remedy


OWN = "engine: vllm\nmodel: {source: huggingface, name: Qwen/Qwen3-8B}\npersistentVolume: {size: 50Gi}\nhfToken: x\n"


def test_llm_stacks_own_file_with_a_key_of_another_chart_is_not_that_charts(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(OWN, encoding="utf-8")
    _, problems = outcome(importer.import_files, [file], "", lambda said: None)
    assert [problem.message for problem in problems] == ["is a values file of llm-stack"]
    _, said = run("validate", "-q", "-f", str(file), str(CHART))
    assert "3: persistentVolume.size: no such key; use 'modelCache.size'" in said
    assert "4: hfToken: no such key; use 'huggingface.existingSecret'" in said
    assert "ollama's chart, by its key" not in said


def test_no_server_serves_another_model_in_silence(case):
    _, made = case
    todo = made.draft.todo()
    for server in made.draft.servers:
        named = made.draft.puts_of(server, ("model", "name"), ("model", "tag"), ("models",))
        unnamed = not named or any(put.value == draft.NO_MODEL for put in named)
        if unnamed:
            assert any("model" in text for text in todo[:2])  # the files with the values can come first
            assert any(text.startswith(("the input names no model", "the values have no model")) for text in todo)


@pytest.mark.parametrize(
    ("words", "begin"),
    [
        ("-m /models/a.gguf -c 2048", 0),
        ("llama-server -c 2048 -m /models/a.gguf", 1),
        ("sh -c cd /app && ./llama-server -m a.gguf", 6),
        ("llama-server --alias llama-server", 1),
    ],
)
def test_a_flag_of_the_program_is_not_one_of_the_shell(words, begin):
    assert flags._begin(words.split(), tables.programs()["llamacpp"].commands) == begin


def test_the_chart_of_a_file_can_be_named(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("replicaCount: 2\n", encoding="utf-8")
    made = importer.import_files([file], "open-webui", lambda said: None)
    assert [str(line.to) for line in report.lines(made.draft)] == [""]
    assert made.draft.uis == ["openWebui"]


def test_a_chart_that_is_not_known_is_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("replicaCount: 2\n", encoding="utf-8")
    _, problems = outcome(importer.import_files, [file], "webui", lambda said: None)
    assert [(problem.path, problem.message) for problem in problems] == [("--chart", "'webui' is not a known chart")]


@pytest.mark.parametrize("text", ["", "- 1\n", "a: [\n", "a: 1\na: 2\n"])
def test_what_is_not_a_values_file_is_a_problem_with_a_place(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    _, problems = outcome(importer.import_files, [file], "", lambda said: None)
    assert problems
    assert {problem.path for problem in problems} == {str(file)}


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.main, list(arguments))
    return done.exit_code, done.output


def test_the_command_writes_the_values_and_prints_the_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = HERE / "cases/ollama-mig"
    shutil.copy(folder / "my-values.yaml", "my-values.yaml")
    code, told = run("import", "my-values.yaml", "-o", "values.yaml")
    assert code == 0
    assert Path("values.yaml").read_text(encoding="utf-8") == (folder / "values.yaml").read_text(encoding="utf-8")
    assert told.strip() == (folder / "report.txt").read_text(encoding="utf-8").strip()
    code, told = run("import", "my-values.yaml", "-o", "values.yaml")
    assert (code, told) == (1, "values.yaml: already exists; name another file, or remove this one\n")


def test_the_command_prints_json(tmp_path, monkeypatch):
    monkeypatch.chdir(HERE / "cases/ollama-mig")
    code, told = run("import", "my-values.yaml", "--json")
    found = json.loads(told)
    assert code == 0
    assert found["values"] == Path("values.yaml").read_text(encoding="utf-8")
    assert sum(found["counts"].values()) == len(found["lines"])
    assert {"path", "line", "key", "kind", "to", "text"} == set(found["lines"][0])


def hints(folder: str) -> list[str]:
    """What validate says of the file of a case, without its path."""
    file = HERE / "cases" / folder / "my-values.yaml"
    _, told = run("validate", "-q", "-f", str(file), str(CHART))
    return [line.removeprefix(f"{file}:") for line in told.splitlines()]


def test_hints_of_a_foreign_file_are_those_of_its_chart():
    found = hints("open-webui-and-ollama")
    for line in (
        "10: replicaCount: no such key; use 'openWebui.replicas'",
        "12: image.tag: means something else in llm-stack; use 'images.openWebui.tag'",
        "30: nodeSelector.a: no such key; use 'openWebui.nodeSelector'",
        "28: hostAliases[0].ip: llm-stack has no such value; add the names to the DNS of the cluster",
        "26: openaiBaseApiUrls[0]: no such key; use 'openWebui.endpoints.openai': "
        '{url: "https://api.openai.com/v1", existingSecret: openai}',
    ):
        assert line in found
    assert not any("see values.yaml" in line for line in found)


def test_a_model_that_is_downloaded_into_another_folder_is_not_the_servers(tmp_path):
    case = HERE / "cases/manifests-vllm-download/deployment.yaml"
    text = case.read_text(encoding="utf-8").replace("--local-dir /models/qwen", "--local-dir /models/other")
    (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
    made = importer.import_files([tmp_path / "one.yaml"], "", lambda said: None)
    data = yaml.safe_load(made.text)
    assert data["model"] == {"name": "qwen", "path": "qwen", "delivery": "none", "contextLength": 8192}
    assert data["modelCache"]["existingClaim"] == "qwen-models"


def told(tmp_path, text: str) -> list[str]:
    from chartgen.importing.foreign import foreign

    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return [str(problem).removeprefix(f"{file}:") for problem in foreign(file, SCHEMA)]


def test_values_of_a_chart_around_others_are_told_so(tmp_path):
    found = told(tmp_path, "open-webui:\n  replicaCount: 2\nollama:\n  ollama: {models: {pull: [llama3.2]}}\n")
    assert found[0].startswith("1: is the values file of a chart around open-webui's chart, by its key open-webui; run")
    assert "2: open-webui.replicaCount: no such key; use 'openWebui.replicas'" in found
    assert "4: ollama.ollama.models.pull[0]: no such key; use 'servers.ollama.model.name'" in found


def test_values_of_a_chart_around_ollamas_are_told_so_though_llm_stack_has_a_value_of_its_name(tmp_path):
    found = told(tmp_path, "ollama:\n  ollama: {gpu: {enabled: true, number: 2}}\n  podLabels: {a: b}\n")
    assert found[0].startswith("1: is the values file of a chart around ollama's chart, by its key ollama; run")
    assert "2: ollama.ollama.gpu.number: no such key; use 'gpu.count'" in found
    assert "3: ollama.podLabels.a: no such key; use 'podLabels'" in found
    assert told(tmp_path, "ollama: {numParallel: 2}\nmodel: {name: qwen3}\n") == []


def test_a_budget_of_production_stack_is_llm_stacks(tmp_path):
    model = "{name: a, modelURL: a/b, replicaCount: 2, pdb: {enabled: true, minAvailable: 1, labels: {a: b}}}"
    found = told(tmp_path, f"servingEngineSpec: {{modelSpec: [{model}]}}\n")
    one = "1: servingEngineSpec.modelSpec[0].pdb"
    assert f"{one}.enabled: no such key; use 'podDisruptionBudget.enabled'" in found
    assert f"{one}.minAvailable: no such key; use 'podDisruptionBudget.minAvailable'" in found
    assert any(line.startswith(f"{one}.labels.a: llm-stack has no such value; a Pod") for line in found)


def test_a_misspelt_key_beside_the_blocks_of_others_is_told(tmp_path):
    found = told(tmp_path, "openWebUI: {replicas: 2}\nopen-webui: {replicaCount: 2}\nserviceMonitor: {every: 5}\n")
    assert "1: openWebUI.replicas: no such key; did you mean 'openWebui'?" in found
    assert (
        "3: serviceMonitor.every: llm-stack has no such value; belongs to none of the charts that chartgen recognises"
        in found
    )


def test_llm_stacks_own_values_in_a_foreign_file_are_right_or_have_the_usual_hint(tmp_path):
    text = "ollama: {models: {pull: [llama3.2]}}\nmodel: {weightsSize: 2Gi}\nopenWebui: {env: {A: b}}\n"
    text += "modelCache: {sice: 3Gi}\n"
    assert told(tmp_path, text)[1:] == [
        "1: ollama.models.pull[0]: no such key; use 'model.name'",
        "4: modelCache.sice: no such key; did you mean 'size'?",
    ]


def test_what_has_the_same_place_in_llm_stack_has_no_hint_unless_its_form_differs(tmp_path):
    text = (
        "ollamaUrls: []\npipelines: {service: {port: 9099}}\ningress: {enabled: true, tls: true, existingSecret: a}\n"
    )
    assert told(tmp_path, text)[2:] == [
        "3: ingress.existingSecret: no such key; use 'ingress.tls': [{secretName: a}]",
        "3: ingress.tls: has another form in llm-stack; use 'ingress.tls': [{secretName: a}]",
    ]


def test_a_claim_of_ollamas_chart_is_named_with_its_folder(tmp_path):
    found = told(tmp_path, "persistentVolume: {enabled: true, existingClaim: a}\nollama: {gpu: {enabled: false}}\n")
    hint = "no such key; use 'modelCache.existingClaim', with modelCache.subPath as models"
    assert f"1: persistentVolume.existingClaim: {hint}" in found


def test_a_key_that_a_secret_replaces_needs_no_value(tmp_path):
    found = told(tmp_path, "openaiApiKey: k\nopenaiApiKeyExistingSecret: s\n")
    assert "1: openaiApiKey: is not needed; remove it: openaiApiKeyExistingSecret is used in its place" in found


def test_hints_look_into_lists():
    found = hints("production-stack")
    assert "17: servingEngineSpec.modelSpec[0].shmSize: no such key; use 'servers.llama3.vllm.sharedMemory'" in found
    assert not any(line.startswith("6: servingEngineSpec.modelSpec:") for line in found)


def test_hints_show_no_password():
    assert not any("sk-one" in line or "chat:secret@" in line for line in hints("open-webui-elsewhere"))


def test_every_value_of_a_foreign_file_that_is_not_right_has_a_hint():
    file = HERE / "cases/ollama-gpu/my-values.yaml"
    lines = {int(line.split(":")[0]) for line in hints("ollama-gpu")}
    data, names = yaml.safe_load(file.read_text(encoding="utf-8")), Names(SCHEMA)
    foreign = [path for path, _ in leaves(data) if not names.has(path[:1])]
    from chartgen.reading import yamlfile

    parsed = yamlfile.read(file)
    assert [path for path in foreign if parsed.lines[path] not in lines] == []


def test_an_image_of_a_ui_as_the_servers_image_is_refused(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text("image: {repository: ghcr.io/open-webui/open-webui, tag: v1}\n", encoding="utf-8")
    code, told = run("validate", "-q", "-f", str(file), str(CHART))
    assert code == 1
    assert "is a values file of open-webui's chart, by its key image.repository; run 'chartgen import" in told
    assert "image.tag: means something else in llm-stack; use 'images.openWebui.tag'" in told


def test_validate_says_of_a_foreign_file_what_it_is():
    file = HERE / "cases/ollama-gpu/my-values.yaml"
    code, told = run("validate", "-q", "-f", str(file), str(CHART))
    assert code == 1
    assert f"is a values file of ollama's chart, by its key ollama.gpu; run 'chartgen import {file}" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "app-template: {controllers: {a: {}}}\n",
            ["1: the chart has none of its keys at the top level; if it is for"],
        ),
        (
            "controllers: {}\nservice: {app: {}}\npersistence: {}\n",
            ["1: the chart does not have 2 of its 3 keys at the top level; if it is for another chart, run 'helm"],
        ),
        ("modle: {name: a}\n", []),
        ("gpus: 1\nengine: vllm\n", []),
        ("vllm: {enabled: false}\nollama: {enabled: true}\ntgi: {}\n", []),
    ],
)
def test_validate_says_of_a_file_for_an_unknown_chart_what_to_do(tmp_path, text, said):
    file = tmp_path / "v.yaml"
    file.write_text(text, encoding="utf-8")
    code, told = run("validate", "-q", "-f", str(file), str(CHART))
    found = [line.removeprefix(f"{file}:") for line in told.splitlines() if "at the top level; if" in line]
    assert code == 1
    assert [one.startswith(each) for one, each in zip(found, said, strict=True)] == [True] * len(said)
    assert "is a values file of open-webui's chart" not in told


def test_validate_says_of_an_object_what_it_is():
    file = HERE / "cases/helm-release/release.yaml"
    code, told = run("validate", "-q", "-f", str(file), str(CHART))
    assert code == 1
    assert f"is a Kubernetes object, HelmRelease; run 'chartgen import {file}" in told


def values_files() -> list[Path]:
    """The inputs of cases that are values of a chart alone."""
    found = [case / file for case in CASES for file in inputs(case) if len(inputs(case)) == 1]
    return [file for file in found if not {"apiVersion", "services"} & set(first(file))]


def first(file: Path) -> dict:
    return next(iter(yaml.safe_load_all(file.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("file", values_files(), ids=lambda file: file.parent.name)
def test_hints_for_a_values_file_are_what_import_makes_of_it(file, monkeypatch, remembering):
    from chartgen.importing.foreign import foreign

    monkeypatch.chdir(file.parent)
    made = importer.import_files([Path(file.name)], "", lambda said: None)
    written = {dotted(path) for (_, path), note in made.draft.notes.items() if note.put}
    problems = foreign(Path(file.name), SCHEMA)
    assert f"run 'chartgen import {file.name}" in problems[0].remedy
    assert [each for each in problems if each.key in written and each.message == "llm-stack has no such value"] == []


def test_a_server_of_a_chart_of_ones_own_is_told_so(tmp_path):
    text = "image: {repository: vllm/vllm-openai, tag: v0.11.2}\nreplicaCount: 1\nargs: [--model, a/b]\n"
    found = told(tmp_path, f"{text}ingress: {{hosts: [{{host: llm.example.com}}]}}\n")
    assert found[0].startswith("1: is the values file of a chart that chartgen does not know, with the image of a")
    assert any("use 'api.ingress.hosts.server'" in line for line in found)


def test_llm_stacks_own_values_with_a_key_of_another_chart_are_not_of_that_chart(tmp_path):
    assert told(tmp_path, "image: {repository: ollama/ollama, tag: 0.13.1}\nreplicaCount: 2\n") == []
    assert told(tmp_path, "image: {repository: ollama/ollama}\nreplicaCount: 2\nargs: []\nmodelCache: {}\n") == []


@pytest.mark.parametrize(
    "form", ["{a}: {{enabled: false, {b}}}", "{a}: {{enabled: false, {b}}}\nother: {{enabled: true}}"]
)
@pytest.mark.parametrize(
    ("key", "block"),
    [
        ("open-webui", "ollamaUrls: [http://far:11434]"),
        ("chat", "image: {repository: ghcr.io/open-webui/open-webui, tag: v0.6.40}"),
        ("app", "controllers: {main: {containers: {main: {image: ghcr.io/open-webui/open-webui}}}}"),
    ],
)
def test_a_part_of_an_umbrella_chart_that_is_off_is_not_imported(tmp_path, monkeypatch, form, key, block):
    monkeypatch.chdir(tmp_path)
    server = "ollama: {ollama: {models: {pull: [qwen3:8b]}, gpu: {enabled: false}}}\n"
    Path("parent.yaml").write_text(server + form.format(a=key, b=block) + "\n", encoding="utf-8")
    made = importer.import_files([Path("parent.yaml")], "", lambda said: None)
    assert yaml.safe_load(made.text)["openWebui"] == {"enabled": False}
    said = [line for line in report.lines(made.draft) if line.key.startswith(f"{key}.")]
    assert said
    assert {line.text for line in said} == {f"{key}.enabled is false"}


def test_an_object_that_import_does_not_read_is_not_said_to_be_read(tmp_path):
    file = tmp_path / "service.yaml"
    file.write_text("apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: a}\n")
    _, said = run("validate", "-q", "-f", str(file), str(CHART))
    assert "2: is a Kubernetes object, InferenceService; name a values file" in said
    assert "chartgen import" not in said.replace("'chartgen import' does not read what is in it", "")
    _, problems = outcome(importer.import_files, [file], "", lambda said: None)
    assert [problem.message for problem in problems] == [
        "is a Kubernetes object, InferenceService, that chartgen does not import"
    ]


def test_a_list_where_llm_stack_has_a_map_has_a_hint(tmp_path):
    found = told(tmp_path, "ollamaUrls: []\nenv: [{name: A, value: b}]\n")
    assert any(line == "2: env[0].name: no such key; use 'openWebui.env.A'" for line in found)


def test_a_compose_file_without_images_names_its_services(tmp_path):
    file = tmp_path / "compose.yaml"
    file.write_text("services: {mine: {build: .}, cache: {image: redis}}\n", encoding="utf-8")
    _, problems = outcome(importer.import_files, [file], "", lambda said: None)
    assert "without an image: mine" in problems[0].message


def test_llm_stacks_own_files_are_not_taken_for_foreign():
    from chartgen.importing.foreign import foreign

    own = [*(CHART / "examples").glob("*.yaml"), *(ROOT / "chartgen/fragments").rglob("cases/*.yaml")]
    assert len(own) > 100
    assert [file for file in own if foreign(file, SCHEMA)] == []


OTHER_CHARTS = {
    "one name of open-webui's chart": "image: {repository: a}\nreplicaCount: 1\nservice: {}\ntika: {}\n",
    "settings of a chart of its own": "image: {}\nopen_webui: {ollama: {enabled: false}, tika: {url: a}, webui: {}}\n",
    "app-template without a known program": "controllers: {a: {containers: {b: {image: {repository: nginx}}}}}\n",
}


@pytest.mark.parametrize("text", OTHER_CHARTS.values(), ids=OTHER_CHARTS)
def test_values_of_other_charts_are_refused(tmp_path, text):
    file = tmp_path / "values.yaml"
    file.write_text(text + "unknown: {key: 1}\n", encoding="utf-8")
    with pytest.raises(Faults) as refused:
        importer.import_files([file], "", lambda said: None)
    assert "recognise" in str(refused.value) or "no program that chartgen knows" in str(refused.value)


# Rows that name no value, although the chart has one of that name: it means something else there.
OTHERWISE = {
    ("app-template", "controllers.*.serviceAccount"): "of one controller",
    ("app-template", "serviceAccount"): "a map of accounts",
    ("app-template", "global"): "settings of that chart's library",
    ("compose", "volumes"): "volumes without a container",
    ("ollama", "fullnameOverride"): "the whole name of the Service",
    ("ollama", "extraArgs"): "ollama takes no arguments",
    ("pipelines", "fullnameOverride"): "the whole name of the Service",
    ("pipelines", "ingress"): "that of Pipelines",
    ("production-stack", "servingEngineSpec.podDisruptionBudget"): "has no switch of its own",
}


def lost_rows(node: tables.Node, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of a table whose values have no counterpart."""
    own = [path] if node.row and ("none" in node.row or "else" in node.row) else []
    return own + [found for key, inner in node.below.items() for found in lost_rows(inner, (*path, key))]


def test_what_a_table_calls_lost_is_no_value_of_the_chart():
    names = set(SCHEMA["properties"])
    own = {name: {key for key in names if key not in ("openWebui", "nextchat")} for name in tables.charts()}
    own["open-webui"] = own["own-ui"] = set(SCHEMA["properties"]["openWebui"]["properties"])
    lost = {
        (name, ".".join(path))
        for name, table in tables.charts().items()
        for path in lost_rows(table.rows)
        if path[-1] in own[name]
    }
    assert lost == set(OTHERWISE)
