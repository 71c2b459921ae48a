"""Finding tools and installing them: with stand-ins for them and for Go, and once with the real ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chartgen import paths
from chartgen.problem import ToolError
from chartgen.programs import gorun, lock, tools, toolversion
from chartgen.programs.run import hermetic

HELM = 'case "$1" in version) echo "{}";; esac'

INSTALL = "install -ldflags=-s -w"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and a PATH that holds nothing but the usual commands and the folder `path`."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("CHARTGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    return tmp_path


def put(file: Path, script: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def go(world: Path, before: str = "", helm: str = HELM.format("v4.3")) -> None:
    """A Go that "installs" what it is asked for after running `before`, and writes down every call."""
    put(world / "built/helm", helm)
    put(world / "built/kubeconform", "echo v0.8.0")
    put(
        world / "path/go",
        f'echo "$@" >> {world}/calls; {before}\n'
        'mkdir -p "$GOBIN"; shift\n'
        f'for package in "$@"; do cp {world}/built/${{package##*/}} "$GOBIN"; done',
    )


def calls(world: Path) -> list[str]:
    log = world / "calls"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def quiet(text: str) -> None:
    pass


def test_home_is_what_the_environment_says(world: Path) -> None:
    assert paths.home() == world / "home"


def test_home_of_a_checkout_is_beside_it_and_of_an_installed_package_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHARTGEN_HOME", raising=False)
    (tmp_path / "chartgen").mkdir()
    monkeypatch.setattr(paths, "HERE", tmp_path / "chartgen")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert paths.home() == tmp_path / "cache/chartgen"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert paths.home() == tmp_path / "me/.cache/chartgen"
    (tmp_path / "pyproject.toml").touch()
    assert paths.home() == tmp_path / ".tools"


@pytest.mark.parametrize("version", ["v4.0.0", "v4.3", "v4.3.1", "v4.10.0-rc.1"])
def test_a_helm_on_path_that_is_recent_enough_is_taken(version: str, world: Path) -> None:
    path = put(world / "path/helm", HELM.format(version))
    assert tools.find("helm") == tools.Tool("helm", path, version, "on PATH")


@pytest.mark.parametrize("script", [HELM.format("v3.22"), HELM.format("v5.0.0"), "exit 1", "echo hello", "kill -9 $$"])
def test_a_helm_on_path_that_will_not_do_is_passed_over(script: str, world: Path) -> None:
    put(world / "path/helm", script)
    assert tools.find("helm") is None


def test_a_helm_further_down_the_path_is_found(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world / "path/helm", HELM.format("v3.22"))
    put(world / "later/helm", HELM.format("v4.1.0"))
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{world / 'later'}")
    found = tools.find("helm")
    assert found is not None
    assert found.path == world / "later/helm"


def test_a_tool_without_end_is_passed_over(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolversion, "TIMEOUT", 0.2)
    put(world / "path/helm", "exec sleep 60")
    assert tools.find("helm") is None


@pytest.mark.parametrize("name", ["helm3", "helm"])
def test_helm_3_is_found_under_either_name(name: str, world: Path) -> None:
    path = put(world / f"path/{name}", HELM.format("v3.22"))
    assert tools.find("helm3") == tools.Tool("helm3", path, "v3.22", "on PATH")
    put(path, HELM.format("v4.3.1"))
    assert tools.find("helm3") is None


def test_helm_3_is_installed_beside_helm_4_from_a_module_of_its_own(world: Path) -> None:
    older = f'[ "$2" = helm.sh/helm/v3/cmd/helm ] && sed -i s/v4.3/v3.22/ {world}/built/helm'
    go(world, before=f"{older}; cat go.sum >> {world}/sums")
    found = tools.ensure(["helm", "helm3"], quiet)
    assert [found[name].version for name in ("helm", "helm3")] == [tools.pinned("helm"), tools.pinned("helm3")]
    assert tools.pinned("helm3").startswith("v3.")
    assert calls(world) == [f"{INSTALL} helm.sh/helm/v4/cmd/helm", f"{INSTALL} helm.sh/helm/v3/cmd/helm"]
    both = (gorun.GOTOOLS / "go.sum").read_bytes() + (gorun.GOTOOLS / "helm3/go.sum").read_bytes()
    assert (world / "sums").read_bytes() == both
    assert found["helm3"].path == world / "home/bin/helm3"
    assert tools.ensure(["helm3"], quiet)["helm3"] == found["helm3"]
    assert len(calls(world)) == 2


@pytest.mark.parametrize(
    ("version", "taken"), [("v0.6.7", True), ("v0.8.0", True), ("v0.6.4", False), ("v1.0.0", False)]
)
def test_a_kubeconform_on_path_is_taken_from_its_first_fit_version(version: str, taken: bool, world: Path) -> None:
    put(world / "path/kubeconform", f"echo {version}")
    assert (tools.find("kubeconform") is not None) is taken


@pytest.mark.parametrize(("version", "taken"), [("v0.7.0", True), ("v0.6.4", False)])
def test_a_kubeconform_that_says_development_is_judged_by_what_go_noted(version: str, taken: bool, world: Path) -> None:
    put(world / "path/kubeconform", "echo development")
    put(world / "path/go", f"printf '\\tmod\\tgithub.com/yannh/kubeconform\\t{version}\\th1:x=\\n'")
    found = tools.find("kubeconform")
    assert (found.version if found else None) == (version if taken else None)


def test_a_kubeconform_that_says_development_and_refuses_nothing_is_passed_over(world: Path) -> None:
    put(world / "path/kubeconform", '[ "$1" = -v ] && echo development || echo \'{"resources": []}\'')
    assert tools.find("kubeconform") is None


def test_a_version_is_asked_once_for_as_long_as_the_file_stays(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolversion, "settled", lambda name, path: True)
    log = world / "log"
    path = put(world / "path with blanks/helm", f"echo asked >> {log}; {HELM.format('v4.1.0')}")
    memory = world / "home/versions.json"
    for _ in range(3):
        assert toolversion.remembered("helm", path, memory) == "v4.1.0"
    assert log.read_text(encoding="utf-8") == "asked\n"
    put(path, HELM.format("v4.22.0"))
    assert toolversion.remembered("helm", path, memory) == "v4.22.0"


def test_a_script_that_runs_the_program_of_its_settings_is_asked_each_time_and_has_no_identity(world: Path) -> None:
    put(world / "path/helm", f"cat {world}/setting")
    for version in ("v4.1.0", "v4.2.0"):
        (world / "setting").write_text(version, encoding="ascii")
        found = tools.find("helm")
        assert found is not None
        assert (found.version, tools.identity(found)) == (version, "")


def test_a_program_on_the_path_is_known_by_the_file_that_a_link_leads_to(world: Path) -> None:
    file, link = world / "helm-v4", world / "path/helm"
    file.write_bytes(b"\x7fELF one")
    link.symlink_to(file)
    tool = tools.Tool("helm", link, "v4.1.0", tools.PATH)
    before = tools.identity(tool)
    file.write_bytes(b"\x7fELF two!")
    assert before not in ("", tools.identity(tool))
    launcher = world / "launcher"  # of many programs, by the name of the link
    file.rename(launcher)
    link.unlink()
    link.symlink_to(launcher)
    assert tools.identity(tool) == ""


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", '{"PATH": 1}', '{"PATH": ["helm"]}', "\xff"])
def test_a_spoilt_memory_of_versions_costs_time_only(text: str, world: Path) -> None:
    path = put(world / "path/helm", HELM.format("v4.1.0"))
    (world / "home").mkdir()
    (world / "home/versions.json").write_text(text.replace("PATH", str(path)), encoding="latin-1")
    assert tools.find("helm") is not None


@pytest.mark.slow
def test_what_is_missing_is_installed_pinned_with_progress_and_a_second_run_does_nothing(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gorun, "EVERY", 0.1)
    go(world, before=f"sleep 0.35; env > {world}/env; cp go.mod go.sum {world}")
    said: list[str] = []
    found = tools.ensure(["helm", "kubeconform"], said.append)
    assert found["helm"] == tools.Tool("helm", world / "home/bin/helm", tools.pinned("helm"), "installed by chartgen")
    assert found["kubeconform"].version == tools.pinned("kubeconform")
    assert calls(world) == [f"{INSTALL} helm.sh/helm/v4/cmd/helm github.com/yannh/kubeconform/cmd/kubeconform"]
    assert said[0] == f"installing helm {tools.pinned('helm')}, kubeconform {tools.pinned('kubeconform')}"
    assert len([line for line in said if line.endswith(" … 0 s")]) >= 2
    assert "done in" in said[-1]
    environment = (world / "env").read_text(encoding="utf-8").splitlines()
    assert {"GOFLAGS=-mod=readonly", "GOWORK=off", "CGO_ENABLED=0"} <= set(environment)
    for file in ("go.mod", "go.sum"):
        assert (world / file).read_bytes() == (gorun.GOTOOLS / file).read_bytes()
    said.clear()
    assert tools.ensure(["helm", "kubeconform"], said.append) == found
    assert said == []
    assert len(calls(world)) == 1
    assert sorted(path.name for path in (world / "home").iterdir()) == [".tools.lock", "bin"]


def test_only_what_is_missing_is_installed(world: Path) -> None:
    put(world / "path/helm", HELM.format("v4.1.0"))
    go(world)
    found = tools.ensure(["helm", "kubeconform"], quiet)
    assert found["helm"].origin == "on PATH"
    assert calls(world) == [f"{INSTALL} github.com/yannh/kubeconform/cmd/kubeconform"]


def test_a_moved_pin_installs_anew(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(world)
    tools.ensure(["helm"], quiet)
    moved = world / "gotools"
    shutil.copytree(gorun.GOTOOLS, moved)
    mod = (moved / "go.mod").read_text(encoding="utf-8")
    (moved / "go.mod").write_text(mod.replace(tools.pinned("helm"), "v4.99.0"), encoding="utf-8")
    monkeypatch.setattr(gorun, "GOTOOLS", moved)
    assert tools.find("helm") is None
    assert tools.ensure(["helm"], quiet)["helm"].version == "v4.99.0"
    assert len(calls(world)) == 2


def test_a_tool_that_was_cut_short_or_has_no_note_is_not_believed(world: Path) -> None:
    go(world)
    path = tools.ensure(["helm"], quiet)["helm"].path
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert tools.find("helm") is None
    path.write_bytes(whole)
    assert tools.find("helm") is not None
    (path.parent / ".helm.pin").unlink()
    assert tools.find("helm") is None


@pytest.mark.parametrize("how", ["one byte", "times kept", "other file", "no sum", "other sum", "link"])
def test_a_tool_with_another_checksum_is_installed_anew(how: str, world: Path) -> None:
    go(world)
    path = tools.ensure(["helm"], quiet)["helm"].path
    whole, state, note = path.read_bytes(), path.stat(), path.with_name(".helm.sum")
    spoilt = whole.replace(b"v4.3", b"v4.4")
    assert len(spoilt) == len(whole)
    if how in ("one byte", "times kept"):
        path.write_bytes(spoilt)
        if how == "times kept":
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    elif how == "other file":
        put(world / "other", "").write_bytes(spoilt)
        os.replace(world / "other", path)
    elif how == "no sum":
        note.unlink()
    elif how == "other sum":
        note.write_text(f"{'0' * 64} {note.read_text().partition(' ')[2].replace(' ', ' 1', 1)}")
    else:
        put(world / "other", "").write_bytes(spoilt)
        path.unlink()
        path.symlink_to(world / "other")
    assert tools.find("helm") is None
    assert tools.ensure(["helm"], quiet)["helm"].path.read_bytes() == whole
    assert len(calls(world)) == 2


def test_a_tool_is_hashed_again_only_if_its_file_changed(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(world)
    path = tools.ensure(["helm"], quiet)["helm"].path
    hashed: list[Path] = []
    real = tools._hashed
    monkeypatch.setattr(tools, "_hashed", lambda path: hashed.append(path) or real(path))
    assert tools.find("helm") is not None
    assert hashed == []
    path.touch()
    for _ in range(3):
        assert tools.find("helm") is not None
    assert hashed == [path]


ENSURE = "from chartgen.programs import tools; tools.ensure(['helm'], lambda text: print(text, flush=True))"


def test_a_kill_leaves_nothing_that_is_later_believed(world: Path) -> None:
    go(world, before='mkdir -p "$GOBIN"; printf half > "$GOBIN/helm"; exec sleep 60')
    process = subprocess.Popen([sys.executable, "-c", ENSURE], stdout=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 30
    while not list((world / "home").glob(".install-*/helm")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list((world / "home").glob(".install-*/helm"))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert tools.find("helm") is None
    go(world)
    assert tools.ensure(["helm"], quiet)["helm"].path == world / "home/bin/helm"
    assert list((world / "home").glob(".install-*")) == []


@pytest.mark.slow
def test_two_runs_at_a_time_install_once(world: Path) -> None:
    go(world, before="sleep 0.4")
    runs = [subprocess.Popen([sys.executable, "-c", ENSURE], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(run.communicate()[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert len(calls(world)) == 1
    assert said[1].startswith(f"waiting for another chartgen process that uses {world}/home … 0 s")


@pytest.mark.slow
def test_a_long_wait_for_another_run_is_told_again(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "EVERY", 0.1)
    said: list[str] = []
    with tools.locked("tools", quiet):
        waiting = threading.Thread(target=lambda: tools.locked("tools", said.append).__enter__())
        waiting.start()
        time.sleep(0.6)
    waiting.join()
    assert len(said) >= 3


def test_without_go_the_error_says_what_to_install(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(world / "path"))
    with pytest.raises(ToolError) as error:
        tools.ensure(["helm", "kubeconform"], quiet)
    assert str(error.value) == (
        "helm, kubeconform: not on the PATH, or too old; install Helm 4 from https://helm.sh/docs/intro/install and "
        "kubeconform from https://github.com/yannh/kubeconform, or install Go 1.26 or newer: chartgen then builds "
        "the missing tools"
    )
    with pytest.raises(ToolError, match=r"fetching: Go is not on the PATH; install Go 1\.26 or newer"):
        gorun.go(["version"], gorun.GOTOOLS, quiet, "fetching")


def test_go_s_own_words_are_told_when_it_fails(world: Path) -> None:
    go(world, before="echo 'go: go.mod requires go >= 1.26.0 (running go 1.20)' >&2; exit 1")
    with pytest.raises(ToolError, match=r"installing helm v4\S+ failed: go: go\.mod requires go >= 1\.26\.0"):
        tools.ensure(["helm"], quiet)
    assert tools.find("helm") is None


@pytest.mark.parametrize("helm", ["exit 1", "echo no version"])
def test_a_tool_that_was_built_but_does_not_run_is_not_put_in_place(helm: str, world: Path) -> None:
    go(world, helm=helm)
    with pytest.raises(ToolError, match="helm: 'go install' built it, but it does not run"):
        tools.ensure(["helm"], quiet)
    assert not (world / "home/bin/helm").exists()


def test_a_home_that_cannot_be_written_is_a_sentence(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (world / "file").touch()
    monkeypatch.setenv("CHARTGEN_HOME", str(world / "file/home"))
    with pytest.raises(ToolError, match="Not a directory; set CHARTGEN_HOME to a writable folder"):
        tools.ensure(["helm"], quiet)


def test_helm_s_environment_has_nothing_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HELM_NAMESPACE", "HELM_KUBECONTEXT", "HELM_DEBUG", "KUBECONFIG"):
        monkeypatch.setenv(name, "theirs")
    environment = hermetic(tmp_path)
    assert "theirs" not in environment.values()
    assert environment["HELM_CONFIG_HOME"] == str(tmp_path / "config")
    assert environment["PATH"] == os.environ["PATH"]


def test_the_real_tools_are_there_and_recent() -> None:
    found = tools.ensure(["helm", "kubeconform"], print)
    for name, tool in found.items():
        assert toolversion.fits(name, toolversion.asked(name, tool.path))
    start = time.perf_counter()
    assert tools.ensure(["helm", "kubeconform"], print) == found
    assert time.perf_counter() - start < 0.5


def test_a_real_kubeconform_is_tried_where_there_is_no_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tools.ensure(["kubeconform"], print)["kubeconform"].path
    monkeypatch.setenv("CHARTGEN_HOME", str(tmp_path / "home"))
    path = put(tmp_path / "path/kubeconform", f'[ "$1" = -v ] && echo development || exec {real} "$@"')
    monkeypatch.setenv("PATH", str(path.parent))
    assert tools.find("kubeconform") == tools.Tool("kubeconform", path, toolversion.TRIED, "on PATH")


def test_a_tool_with_sources_here_is_built_from_them_and_again_when_one_changes(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(world, before=f"ls prover > {world}/sources")
    put(world / "built/prover", HELM.format("v4.3"))
    moved = world / "gotools"
    shutil.copytree(gorun.GOTOOLS, moved)
    monkeypatch.setattr(gorun, "GOTOOLS", moved)
    found = tools.built("prover", quiet)
    assert found
    assert found == tools.Tool("prover", found.path, tools.pinned("helm"), "installed by chartgen")
    assert found.path.parent == world / "home/bin"
    assert (world / "sources").read_text(encoding="utf-8").split() == sorted(os.listdir(moved / "prover"))
    with (moved / "prover/main.go").open("a", encoding="utf-8") as file:
        file.write("// more\n")
    assert tools.find("prover") is None
    os.utime(found.path, (0, 0))
    other = tools.built("prover", quiet)
    assert other
    assert other.path != found.path
    assert len(calls(world)) == 2
    assert not found.path.exists(), "it was built long ago"


def test_a_tool_that_chartgen_can_do_without_is_no_error_where_it_cannot_be_built(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    go(world, before="echo 'no network' >&2; exit 1")
    assert tools.built("prover", said.append) is None
    assert said[-1] == f"installing prover {tools.pinned('helm')} failed: no network"
    monkeypatch.setenv("PATH", str(world / "nothing"))
    assert tools.built("prover", said.append) is None
    put(world / "path/prover", HELM.format("v4.3"))
    monkeypatch.setenv("PATH", str(world / "path"))
    assert tools.find("prover") is None, "a program of that name on the PATH is another"


def test_helm_reads_no_logins_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", "/elsewhere")
    assert hermetic(tmp_path)["DOCKER_CONFIG"] == str(tmp_path / "docker")
