"""docs/proved.md: it is made from what the runs wrote, and leaves no engine and no source out."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from conftest import CHART, ROOT

from chartgen.problem import ToolError
from docs.makers.proved import FILE, PAGE, TABLES, names, page
from tests import proved
from tests.e2e import __main__ as e2e
from tests.e2e.steps import Done
from tests.e2e_real import __main__ as e2e_real

EXAMPLES = CHART / "examples"


@pytest.fixture(scope="module")
def runs() -> dict[str, dict[str, proved.Entry]]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def test_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run 'make docs'"


@pytest.mark.parametrize("group", TABLES)
def test_every_fragment_of_a_group_has_a_row(group):
    rows = re.findall(r"(?m)^\| `([a-z0-9/-]+)` \|", PAGE.read_text(encoding="utf-8"))
    folders = [path.parent for path in (ROOT / f"chartgen/fragments/{group}").glob("*/fragment.yaml")]
    assert folders
    assert {f"{group}/{folder.name}" for folder in folders} <= set(rows)


def test_only_fragments_that_exist_are_said_to_be_proved(runs):
    known = {name for group in TABLES for name in names(group)}
    for entries in runs.values():
        for name, entry in entries.items():
            assert set(entry["fragments"]) <= known, name


def test_every_entry_is_of_an_example_or_a_group_that_exists(runs):
    files = {path.stem for path in EXAMPLES.glob("*.yaml")} | {"defaults"}
    assert set(runs.get("e2e") or {}) <= files
    assert set(runs.get("e2e-real") or {}) <= e2e_real.GROUPS.keys()
    assert runs.keys() <= {"e2e", "e2e-real"}


# --- what a run writes ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "fragments"),
    [
        (
            "guarded",
            [
                "delivery/init",
                "delivery/none",
                "engine/ollama",
                "engine/vllm",
                "observe/alerts",
                "observe/dashboard",
                "observe/monitor",
                "scale/topology-spread",
                "secure/network-policy",
                "server",
                "source/ollama",
            ],
        ),
        (
            "nodeport-ha",
            [
                "delivery/init",
                "engine/ollama",
                "scale/autoscaling",
                "scale/pod-disruption-budget",
                "scale/topology-spread",
                "server",
                "source/ollama",
            ],
        ),
        (
            "batch-predict",
            [
                "delivery/init",
                "engine/custom",
                "engine/vllm",
                "scale/topology-spread",
                "source/modelkit",
                "workload/batch",
            ],
        ),
        (
            "two-servers",
            [
                "delivery/init",
                "delivery/none",
                "engine/ollama",
                "engine/vllm",
                "scale/topology-spread",
                "server",
                "source/ollama",
            ],
        ),
        (
            "distributed-lws",
            ["delivery/none", "engine/vllm", "scale/pod-disruption-budget", "workload/leader-worker-set"],
        ),
        ("tke-ollama", ["delivery/job", "engine/ollama", "scale/topology-spread", "server", "source/ollama"]),
    ],
)
def test_the_chart_says_which_fragments_values_use(helm, example, fragments):
    assert proved.used(CHART, [EXAMPLES / f"{example}.yaml"], Path(helm)) == fragments


@pytest.mark.slow
def test_values_that_the_chart_cannot_read_prove_nothing(helm, tmp_path):
    (tmp_path / "values.yaml").write_text("engine: unheard-of\n")
    with pytest.raises(ToolError, match="does not say what these values use"):
        proved.used(CHART, [tmp_path / "values.yaml"], Path(helm))


def test_every_kind_of_workload_that_a_server_can_be_has_its_fragment():
    templates = [
        *(ROOT / "chartgen/fragments/workload").rglob("_*.tpl"),
        ROOT / "chartgen/fragments/server/templates/_pod.tpl",
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in templates)
    kinds = {*re.findall(r"(?m)^kind: ([A-Z]\w+)$", text)}
    for line in re.findall(r"kind.*ternary (.*)", text):
        kinds |= set(re.findall(r'"([A-Z][A-Za-z]+)"', line))
    assert kinds == proved.WORKLOADS.keys()


def entry(day: str = "2026-11-29", **more) -> proved.Entry:
    return {"date": day, "fragments": ["engine/ollama"], "failed": [], **more}


def test_a_run_replaces_its_own_entries_and_no_others(tmp_path):
    file = tmp_path / "proved.yaml"
    proved.record(file, "e2e", {"one": entry("2026-01-01"), "two": entry("2026-01-01")}, ["one", "two"])
    proved.record(file, "e2e-real", {"one": entry("2026-01-02")}, ["one"])
    proved.record(file, "e2e", {"two": entry("2026-01-03")}, ["one", "two"])
    found = yaml.safe_load(file.read_text())
    dates = {run: {name: each["date"] for name, each in entries.items()} for run, entries in found.items()}
    assert dates == {"e2e": {"one": "2026-01-01", "two": "2026-01-03"}, "e2e-real": {"one": "2026-01-02"}}


def test_what_does_not_exist_any_more_is_forgotten_and_ones_own_files_are_not_written_down(tmp_path):
    file = tmp_path / "proved.yaml"
    proved.record(file, "e2e", {"old": entry(), "stays": entry()}, ["old", "stays"])
    proved.record(file, "e2e", {"my-values": entry()}, ["stays"])
    assert list(yaml.safe_load(file.read_text())["e2e"]) == ["stays"]


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("ollama version is 0.17.4", "0.17.4"),
        ("Version: 1.16.0-rc1\nCommit: abc", "1.16.0-rc1"),
        ("version: b11312 (1a2b3c4d)", "b11312"),
        ("warning\nversion: 11434 (abc)", "11434"),
        ("version: 0.6.0-dev (build 11434, commit unknown)\nbuilt with GNU 12.2.0", "b11434"),
    ],
)
def test_a_program_says_its_version(tmp_path, said, version):
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ncat <<'E'\n{said}\nE\n")
    program.chmod(0o755)
    assert proved.version(program) == version


def test_a_program_without_a_version_is_an_error(tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho none\n")
    program.chmod(0o755)
    with pytest.raises(ToolError, match="does not say which version"):
        proved.version(program)


@pytest.mark.slow
def test_what_failed_in_a_run_is_written_down_with_what_was_not_made(helm):
    done = [
        Done("tke-ollama", "helm 4 install", 1),
        Done("tke-ollama", "helm 4 test", 0, note="helm test: not run (fake nodes)"),
        Done("tke-ollama", "helm 4 rollback", 1, ("Job/a: gone",)),
        Done("guarded", "render", 0, note="not run (not for Kubernetes 1.29.0)"),
    ]
    chosen = [SimpleNamespace(name=name, files=(EXAMPLES / f"{name}.yaml",)) for name in ("tke-ollama", "guarded")]
    # A file of one's own may have an example's name.
    done.append(Done("two-servers", "helm 4 install", 1))
    chosen.append(SimpleNamespace(name="two-servers", files=(Path("/elsewhere/two-servers.yaml"),)))
    session = SimpleNamespace(
        wanted=SimpleNamespace(chart=CHART),
        chosen=chosen,
        done=done,
        helms=[SimpleNamespace(path=Path(helm))],
        versions=["v4.3.1"],
        cluster=SimpleNamespace(version="1.37.2"),
    )
    found = e2e.entries(session)
    assert found.keys() == {"tke-ollama"}
    assert (found["tke-ollama"]["failed"], found["tke-ollama"]["steps"]) == (["helm 4 rollback"], 2)
    assert found["tke-ollama"]["notes"] == ["helm test: not run (fake nodes)"]
    assert "engine/ollama" in found["tke-ollama"]["fragments"]


@pytest.mark.slow
def test_a_group_for_real_is_written_down_with_its_program_and_what_each_step_saw(helm, tmp_path, monkeypatch):
    program = tmp_path / "ollama"
    program.write_text("#!/bin/sh\necho ollama version is 0.17.4\n")
    program.chmod(0o755)
    monkeypatch.setenv("OLLAMA", str(program))
    (tmp_path / "one-0.json").write_text('{"model": {"delivery": "sidecar"}}')
    scene = SimpleNamespace(
        given={"one": [tmp_path / "one-0.json"]},
        others={"one": {"observe/monitor"}},
        programs={},
        chart=CHART,
        helm=SimpleNamespace(path=Path(helm)),
        stand_ins=True,
        cluster=SimpleNamespace(version="1.37.2"),
    )
    steps = [e2e_real.Done("one", "install", 1, "ready in 9 s"), e2e_real.Done("one", "kill", 1, wrong=("hangs",))]
    found = e2e_real.entries(scene, "v4.3.1", steps)["one"]
    assert found["programs"] == {"ollama": "0.17.4"}
    assert (found["steps"], found["failed"]) == ([{"step": "install", "saw": "ready in 9 s"}], ["kill"])
    assert found["fragments"] == [
        "delivery/sidecar",
        "engine/ollama",
        "observe/monitor",
        "scale/topology-spread",
        "server",
        "source/ollama",
    ]
