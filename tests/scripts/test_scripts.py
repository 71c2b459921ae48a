"""The scripts that bring ollama's models and ask whether they answer, run in real shells against a stand-in."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.workshop import (
    FRAGMENTS,
    LOADERS,
    SCRIPTS,
    Ended,
    World,
    accepts,
    all_right,
    digest_of,
    each_shell,
    free_port,
    place,
    terminated,
    wait_for,
)

pytestmark = pytest.mark.slow

MODEL = "deepseek-r1:1.5b"
OTHER = "hf.co/someone/small-model:Q4_K_M"


@pytest.fixture
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # another uid must find the scripts
        world = World(Path(folder) / "world")
        world.publish(MODEL)
        world.publish(OTHER)
        world.ask_for(MODEL)
        yield world


@pytest.fixture
def blobs(world: World) -> list[bytes]:
    """The model's blobs, the weights first."""
    return world.publish(MODEL)


@pytest.fixture
def filled(world: World) -> World:
    """The same world once the loader is content with what lies in the store."""
    world.lay(MODEL)
    all_right(world.load())
    return world


def under_way(world: World, beyond: int = 0) -> None:
    wait_for(lambda: world.sent() > beyond)


def lay_partial(world: World, blob: bytes, completed: list[int]) -> None:
    """What a pull leaves that was stopped: the data, and a file for each part that says how far it came."""
    size = len(blob) // len(completed)
    data = f"{world.blob(blob)}-partial"
    Path(data).parent.mkdir(exist_ok=True)
    with open(data, "wb") as file:
        file.truncate(len(blob))
        for number, done in enumerate(completed):
            file.seek(number * size)
            file.write(blob[number * size :][:done])
            part = {"N": number, "Offset": number * size, "Size": size, "Completed": done}
            Path(f"{data}-{number}").write_text(json.dumps(part, separators=(",", ":")) + "\n")


def manifest_text(world: World) -> str:
    path = world.store / "manifests" / place(MODEL)
    return path.read_text() if path.exists() else ""


def is_whole(world: World, *blobs: bytes) -> bool:
    return all(world.blob(blob).read_bytes() == blob for blob in blobs)


# --- what stands in the files ---------------------------------------------------------------------------------------


def test_every_script_is_clean_by_shellcheck() -> None:
    assert set(LOADERS) <= set(SCRIPTS)
    found = subprocess.run(
        ["shellcheck", "--external-sources", *SCRIPTS],
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("path", [None, *filter(None, [shutil.which("ollama")])], ids=str)
def test_the_stand_in_knows_the_commands_of_ollama(world: World, path: str | None) -> None:
    program = path or str(world.root / "bin/ollama")
    env = {**os.environ, **world.env}
    commands = subprocess.run([program, "--help"], env=env, capture_output=True, text=True, check=True).stdout
    assert {"serve", "show", "run", "pull", "list"} <= set(commands.split())
    assert "--insecure" in subprocess.run([program, "pull", "--help"], env=env, capture_output=True, text=True).stdout


# --- the usual way --------------------------------------------------------------------------------------------------


@each_shell
def test_a_model_is_brought_whole(world: World, blobs: list[bytes], shell: list[str]) -> None:
    ended = all_right(world.load(shell=shell))
    assert is_whole(world, *blobs)
    assert world.sent() == sum(map(len, blobs))
    assert f"{MODEL}: verifying 262 KB" in ended.out
    assert f"all there: {MODEL} (262 KB)" in ended.out
    name, tag, digest, size = (world.store / ".models").read_text().split()
    manifest = (world.store / "manifests" / place(MODEL)).read_bytes()
    assert (name, tag, int(size)) == ("registry.ollama.ai/library/deepseek-r1", "1.5b", sum(map(len, blobs)))
    assert digest.replace(":", "-") == digest_of(manifest)
    assert world.left_over() == []


@each_shell
def test_a_second_run_brings_nothing_and_starts_nothing(filled: World, shell: list[str]) -> None:
    ended = all_right(filled.load(shell=shell))
    assert (filled.sent(), filled.lines("calls")) == (0, [])
    assert ended.out == f"already there: {MODEL} (262 KB)\n"
    assert ended.seconds < 1


def test_progress_is_shown_in_plain_lines(world: World) -> None:
    world.fault("slow", 0.02)
    ended = all_right(world.load())
    assert re.search(rf"^{MODEL}: [1-9][0-9]?% of 262 KB, 58 MB/s, 46s left$", ended.out, re.MULTILINE)
    assert ended.out.isascii()
    assert "\033" not in ended.out + ended.err


def test_every_form_of_a_reference_is_found_where_ollama_puts_it(world: World) -> None:
    references = ["llama3", "someone/llama3:8b", "registry.example.com/team/llama3:8b", "hf.co/Someone/Llama.GGUF:Q8_0"]
    for reference in references:
        world.publish(reference, 1000)
    world.ask_for(*references)
    all_right(world.load())
    assert all((world.store / "manifests" / place(reference)).exists() for reference in references)


def test_a_registry_on_plain_http_is_asked_only_when_told_to(world: World) -> None:
    world.publish("registry.local/team/llama3:8b")
    world.ask_for("http://registry.local/team/llama3:8b")
    refused = world.load()
    assert refused.code == 65
    assert "ollamaSource.insecure" in refused.err
    all_right(world.load(INSECURE="true"))


def test_what_is_there_and_was_not_asked_for_stays(filled: World, blobs: list[bytes]) -> None:
    filled.ask_for(OTHER)
    all_right(filled.load())
    assert is_whole(filled, *blobs)
    assert len((filled.store / ".models").read_text().splitlines()) == 2


def test_a_list_that_grows_brings_only_what_is_new(filled: World) -> None:
    before = filled.sent()
    filled.ask_for(OTHER, MODEL)
    all_right(filled.load())
    assert filled.sent() - before == sum(map(len, filled.publish(OTHER)))
    assert f"pull {MODEL}" not in filled.lines("calls")


def test_one_store_serves_two_lists(filled: World) -> None:
    filled.ask_for(OTHER)
    all_right(filled.load())
    starts = filled.lines("calls").count("serve")
    filled.ask_for(MODEL)
    assert "already there" in all_right(filled.load()).out
    assert filled.lines("calls").count("serve") == starts


def test_order_comments_and_blanks_of_the_list_do_not_matter(world: World) -> None:
    world.ask_for(MODEL, OTHER)
    world.lay(MODEL, OTHER)
    all_right(world.load())
    names = (world.root / "models.tsv").read_text().splitlines()[2:]
    (world.root / "models.tsv").write_text(f"{names[1].strip()}  \n\n  # again\n{names[0]}\n")
    assert "already there" in all_right(world.load()).out


# --- what a name means by now ---------------------------------------------------------------------------------------


@each_shell
def test_a_refresh_brings_what_a_name_means_by_now(filled: World, blobs: list[bytes], shell: list[str]) -> None:
    filled.load(MODE="refresh")
    updated = (filled.store / ".updated").read_text()
    newer = filled.publish(MODEL, version="2")
    before = filled.sent()
    ended = all_right(filled.load(shell=shell, MODE="refresh"))
    assert f"{MODEL}: has changed" in ended.out
    assert is_whole(filled, *newer)
    assert filled.sent() - before == sum(len(blob) for blob in newer if blob not in blobs)
    manifest = (filled.store / "manifests" / place(MODEL)).read_bytes()
    assert digest_of(manifest).replace("-", ":") in (filled.store / ".models").read_text()
    assert (filled.store / ".updated").read_text().split()[0] != updated.split()[0]
    assert not (filled.store / ".next").exists()
    assert filled.left_over() == []


@each_shell
def test_a_refresh_of_what_is_the_same_changes_nothing(filled: World, shell: list[str]) -> None:
    all_right(filled.load(MODE="refresh"))
    files = {path: path.stat().st_mtime_ns for path in filled.store.rglob("*") if path.is_file()}
    ended = all_right(filled.load(shell=shell, MODE="refresh"))
    after = {path: path.stat().st_mtime_ns for path in filled.store.rglob("*") if path.is_file()}
    assert {path.name for path in files if files[path] != after[path]} == {".last_sync", ".ready", ".models"} - {
        ".models"
    }
    assert "verifying" not in ended.out.replace("verifying sha256 digest", "")
    assert filled.sent() == 0


def test_a_once_does_not_ask_what_a_name_means_by_now(filled: World, blobs: list[bytes]) -> None:
    filled.publish(MODEL, version="2")
    assert "already there" in all_right(filled.load()).out
    assert is_whole(filled, *blobs)


def test_a_refresh_that_fails_leaves_what_was_there(filled: World, blobs: list[bytes]) -> None:
    filled.ask_for(MODEL, OTHER)
    filled.lay(OTHER)
    all_right(filled.load())
    manifest = (filled.store / "manifests" / place(MODEL)).read_bytes()
    ready = (filled.store / ".ready").read_text()
    (filled.root / "registry/manifests" / place(MODEL)).unlink()
    newer = filled.publish(OTHER, version="2")
    ended = filled.load(MODE="refresh")
    assert ended.code == 66
    assert f"{MODEL} does not exist" in ended.err
    assert (filled.store / "manifests" / place(MODEL)).read_bytes() == manifest
    assert is_whole(filled, *blobs, *newer)  # the other one had its turn
    assert (filled.store / ".ready").read_text() == ready
    assert filled.left_over() == []


def test_a_refresh_brings_what_is_not_there(world: World, blobs: list[bytes]) -> None:
    all_right(world.load(MODE="refresh"))
    assert is_whole(world, *blobs)


def test_a_corrupt_blob_of_a_new_version_never_takes_the_old_ones_place(filled: World, blobs: list[bytes]) -> None:
    newer = filled.publish(MODEL, version="2")
    manifest = (filled.store / "manifests" / place(MODEL)).read_bytes()
    filled.blob(newer[0]).write_bytes(bytes(len(newer[0])))
    process = filled.start("load.sh", MODE="refresh")
    seen = set()
    while process.poll() is None:
        seen.add((filled.store / "manifests" / place(MODEL)).read_bytes())
    assert "is corrupt; removing it" in all_right(Ended(process)).out
    assert is_whole(filled, *newer)
    assert seen <= {manifest, (filled.store / "manifests" / place(MODEL)).read_bytes()}  # never empty, never cut


def test_what_a_change_leaves_behind_goes_at_the_next(filled: World, blobs: list[bytes]) -> None:
    second, third = (filled.publish(MODEL, version=version) for version in "23")
    filled.publish(MODEL, version="2")
    all_right(filled.load(MODE="refresh"))
    assert filled.blob(blobs[0]).exists()
    filled.publish(MODEL, version="3")
    all_right(filled.load(MODE="refresh"))
    assert not filled.blob(blobs[0]).exists()
    assert filled.blob(second[0]).exists()
    assert is_whole(filled, *third)
    assert {path.name for path in (filled.store / "blobs").iterdir()} == {digest_of(blob) for blob in {*second, *third}}


@each_shell
def test_a_watch_looks_again_and_again_until_it_is_stopped(world: World, shell: list[str]) -> None:
    process = world.start("load.sh", shell=shell, MODE="watch", INTERVAL="0.05")
    wait_for(lambda: (world.store / ".ready").exists())
    for version in ("2", "3"):
        newer = world.publish(MODEL, version=version)
        wait_for(lambda newer=newer: digest_of(newer[0]).replace("-", ":") in manifest_text(world))
    ended = terminated(process)
    assert ended.code == 143
    assert world.left_over() == []
    assert not (world.store / ".lock").exists()


def test_a_watch_outlives_a_registry_that_refuses(filled: World) -> None:
    filled.fault("refuse", "503: away")
    process = filled.start("load.sh", MODE="watch", INTERVAL="0.05", RETRIES="1")
    assert any("the present models stay; next check in 0.05 s" in line for line in process.stdout)
    filled.mend("refuse")
    newer = filled.publish(MODEL, version="2")
    wait_for(lambda: digest_of(newer[0]).replace("-", ":") in manifest_text(filled))
    assert terminated(process).code == 143


def test_a_watch_with_nothing_to_serve_ends_with_the_reason(world: World) -> None:
    world.ask_for("nobody/knows:this")
    ended = world.load(MODE="watch")
    assert ended.code == 66
    assert "does not exist" in ended.err


def test_a_refresh_that_is_stopped_leaves_nothing_running(filled: World) -> None:
    filled.fault("slow", 0.2)
    filled.publish(MODEL, version="2")
    process = filled.start("load.sh", MODE="refresh")
    under_way(filled)
    assert terminated(process).code == 143
    assert filled.left_over() == []
    assert not (filled.store / ".lock").exists()


# --- what nobody asks for -------------------------------------------------------------------------------------------


def test_what_is_not_asked_for_goes_where_that_is_wanted(filled: World, blobs: list[bytes]) -> None:
    shared = set(filled.publish(OTHER))
    filled.ask_for(OTHER)
    ended = all_right(filled.load(PRUNE="true"))
    assert "registry.ollama.ai/library/deepseek-r1:1.5b is no longer requested: removing it" in ended.out
    assert not any(filled.blob(blob).exists() for blob in blobs if blob not in shared)
    assert is_whole(filled, *shared)
    assert len((filled.store / ".models").read_text().splitlines()) == 1
    assert len((filled.store / ".ready").read_text().splitlines()) == 1
    assert "deepseek" not in (filled.store / ".digest").read_text()


# --- what lies there is not believed --------------------------------------------------------------------------------


def test_a_marker_without_the_blobs_is_not_believed(filled: World, blobs: list[bytes]) -> None:
    before = filled.sent()
    filled.blob(blobs[1]).unlink()
    all_right(filled.load())
    assert is_whole(filled, *blobs)
    assert filled.sent() - before == len(blobs[1])


def test_a_blob_that_was_cut_short_is_brought_again(filled: World, blobs: list[bytes]) -> None:
    os.truncate(filled.blob(blobs[0]), 1000)
    ended = all_right(filled.load())
    assert f"has 1000 bytes instead of {len(blobs[0])}" in ended.out
    assert is_whole(filled, *blobs)


@pytest.mark.parametrize("keep", [0, -1])
def test_a_manifest_that_was_cut_short_is_brought_again(filled: World, blobs: list[bytes], keep: int) -> None:
    manifest = filled.store / "manifests" / place(MODEL)
    text = manifest.read_text()
    manifest.write_text(text[:keep])
    before = filled.sent()
    all_right(filled.load())
    assert manifest.read_text() == text
    assert filled.sent() == before


def test_a_corrupt_blob_is_found_and_brought_again(world: World, blobs: list[bytes]) -> None:
    world.lay(MODEL)
    world.blob(blobs[0]).write_bytes(bytes(len(blobs[0])))
    ended = all_right(world.load())
    assert f"{digest_of(blobs[0])} is corrupt" in ended.out
    assert is_whole(world, *blobs)


def test_a_store_filled_by_hand_is_verified_without_a_server(world: World) -> None:
    world.lay(MODEL)
    assert "verifying" in all_right(world.load()).out
    assert world.lines("calls") == []
    assert (world.store / ".ready").exists()


def test_a_manifest_written_over_many_lines_is_read(filled: World, blobs: list[bytes]) -> None:
    manifest = filled.store / "manifests" / place(MODEL)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()), indent=2))
    (filled.store / ".ready").unlink()
    calls = filled.lines("calls")
    all_right(filled.load())
    assert filled.lines("calls") == calls


# --- what goes wrong on the way -------------------------------------------------------------------------------------


def test_a_server_that_dies_in_a_pull_is_started_again(world: World, blobs: list[bytes]) -> None:
    world.fault("die-at", 150_000)
    ended = all_right(world.load())
    assert "the server ended with code 1" in ended.out
    assert world.lines("calls").count("serve") == 2
    assert is_whole(world, *blobs)
    # The part that was under way is lost, the two before it are not.
    assert world.sent() < sum(map(len, blobs)) + len(blobs[0]) / 4 + 1


@pytest.mark.parametrize("poison", ["", '{"N":1,"Off'])
def test_a_poisoned_partial_costs_that_part_alone(world: World, blobs: list[bytes], poison: str) -> None:
    quarter = len(blobs[0]) // 4
    lay_partial(world, blobs[0], [quarter, quarter, 16384, 0])
    Path(f"{world.blob(blobs[0])}-partial-1").write_text(poison)
    all_right(world.load())
    assert is_whole(world, *blobs)
    assert world.sent() == sum(map(len, blobs)) - quarter - 16384


@pytest.mark.parametrize("removed", [1, 4])
def test_a_kill_while_finished_parts_are_tidied_up_costs_nothing(
    filled: World, blobs: list[bytes], removed: int
) -> None:
    filled.blob(blobs[0]).unlink()
    lay_partial(filled, blobs[0], [len(blobs[0]) // 4] * 4)
    for number in range(removed):
        Path(f"{filled.blob(blobs[0])}-partial-{number}").unlink()
    before = filled.sent()
    all_right(filled.load())
    assert filled.sent() == before
    assert is_whole(filled, *blobs)
    assert not list((filled.store / "blobs").glob("*-partial*"))


def test_a_kill_before_the_first_byte_leaves_nothing_in_the_way(world: World, blobs: list[bytes]) -> None:
    (world.store / "blobs").mkdir()
    data = world.blob(blobs[0])
    Path(f"{data}-partial-0").write_text('{"N":0,"Offset":0,"Size":65536,"Completed":0}\n')
    Path(f"{data}-partial-1").write_text("")
    all_right(world.load())
    assert is_whole(world, *blobs)


def test_a_pull_that_stands_still_is_taken_up_again(world: World, blobs: list[bytes]) -> None:
    world.fault("hang-at", 100_000)
    process = world.start("load.sh", STALL="1")
    under_way(world, 90_000)
    wait_for(lambda: world.lines("calls").count("serve") == 2)
    world.mend("hang-at")
    ended = all_right(Ended(process))
    assert "no progress for 1 seconds" in ended.out
    assert world.sent() == sum(map(len, blobs))


def test_a_registry_that_cannot_be_reached_is_tried_as_often_as_told(world: World) -> None:
    world.fault("refuse", 'Get "https://registry.ollama.ai/v2/": dial tcp: lookup registry.ollama.ai: no such host')
    ended = world.load(RETRIES="3")
    assert ended.code == 69
    assert "gave up after 3 attempts" in ended.err
    assert "no such host" in ended.err
    assert world.lines("calls").count(f"pull {MODEL}") == 3
    assert world.left_over() == []


def test_a_line_that_breaks_again_and_again_is_not_given_up_while_it_brings_something(world: World) -> None:
    big = world.publish("big", 8_000_000)
    world.ask_for("big")
    process = world.start("load.sh", RETRIES="2", PROGRESS="9")
    for reached in (1_500_000, 3_000_000, 4_500_000):
        world.fault("die-at", reached)
        wait_for(lambda: not (world.root / "faults/die-at").exists())
    all_right(Ended(process))
    assert is_whole(world, *big)


@pytest.mark.parametrize(
    ("reference", "answer", "code"),
    [
        ("deepseek-r1:3b", None, 66),
        (MODEL, "401: access denied", 65),
        (MODEL, "412: \n\nThe model you are attempting to pull requires a newer version of Ollama.", 65),
        ("a//b", None, 65),
    ],
)
def test_what_cannot_get_better_is_not_tried_again(world: World, reference: str, answer: str | None, code: int) -> None:
    world.ask_for(reference)
    if answer:
        world.fault("refuse", answer)
    ended = world.load()
    assert ended.code == code
    assert len(ended.err.splitlines()) == 1
    assert reference in ended.err
    assert world.lines("calls").count(f"pull {reference}") <= 1
    assert code == 65 or "deepseek-r1:3b does not exist" in ended.err
    assert world.left_over() == []


def test_a_full_disk_says_what_is_free_and_what_is_missing(world: World, blobs: list[bytes]) -> None:
    world.fault("room", 100_000)
    world.program("df", "echo Filesystem 1024-blocks Used Available Capacity Mounted on; echo d 200 180 20 90% /models")
    ended = world.load()
    assert ended.code == 74
    partial = os.stat(f"{world.blob(blobs[0])}-partial")
    missing = (partial.st_size - partial.st_blocks * 512 - 20 * 1024) / 1000
    assert f"is full: 20 KB free, at least {missing:.0f} KB missing" in ended.err
    assert "modelCache.size" in ended.err
    world.mend("room")
    all_right(world.load())
    assert is_whole(world, *blobs)


@pytest.mark.parametrize("home", [None, "/dev/null/nowhere"])
def test_a_home_that_is_missing_or_cannot_be_written_is_replaced(world: World, home: str | None) -> None:
    world.env.pop("HOME")
    all_right(world.load(**({"HOME": home} if home else {})))


def test_a_home_that_holds_a_key_is_used(world: World) -> None:
    key = world.root / "home/.ollama/id_ed25519"
    key.parent.mkdir(parents=True)
    key.write_text("mine")
    all_right(world.load())
    assert key.read_text() == "mine"


@pytest.mark.parametrize("folder", [".", "blobs"])
def test_a_store_that_this_uid_cannot_write_is_refused_with_what_to_set(world: World, folder: str) -> None:
    uid = os.getuid() or 1000
    place = world.store / folder
    place.mkdir(exist_ok=True)
    world.store.chmod(0o777)
    place.chmod(0o555)
    ended = world.load(uid=uid if os.getuid() == 0 else None)
    place.chmod(0o755)
    assert ended.code == 77
    assert len(ended.err.splitlines()) == 1
    assert f"uid {uid} cannot write to {world.store}" in ended.err
    assert f"(owned by {os.getuid()}:{os.getgid()}, mode 555); set podSecurityContext.fsGroup: {uid}" in ended.err


def test_a_store_that_is_not_mounted_is_refused(world: World) -> None:
    ended = world.load(TARGET=str(world.root / "nowhere"))
    assert ended.code == 77
    assert "is not a directory" in ended.err


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"MODE": "always"}, "MODE must be once, refresh or watch"),
        ({"MODELS_FILE": "/nowhere"}, "MODELS_FILE"),
        ({"MODELS_FILE": "/dev/null"}, "lists no model"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(world: World, wrong: dict[str, str], text: str) -> None:
    ended = world.load(**wrong)
    assert ended.code == 64
    assert text in ended.err


def test_a_server_that_does_not_start_is_quoted(world: World) -> None:
    world.fault("no-start")
    ended = world.load()
    assert ended.code == 70
    assert ended.err == "ollama serve does not start: llama runner: no such library\n"


def test_an_image_without_ollama_is_named_as_the_fault(world: World) -> None:
    (world.root / "bin/ollama").unlink()
    clean = [p for p in world.env["PATH"].split(":") if not Path(p, "ollama").exists()]
    ended = world.load(PATH=":".join(clean))
    assert ended.code == 70
    assert "images.ollama" in ended.err


def test_a_port_that_is_taken_is_passed_over(world: World) -> None:
    with world.server():
        all_right(world.load(PORT=world.env["OLLAMA_HOST"].split(":")[1]))


# --- killed, and two at a time --------------------------------------------------------------------------------------


@each_shell
def test_a_stopped_loader_ends_at_once_and_is_taken_up_where_it_was(
    world: World, blobs: list[bytes], shell: list[str]
) -> None:
    world.fault("slow", 0.03)
    process = world.start("load.sh", shell=shell)
    under_way(world, 100_000)
    ended = terminated(process)
    assert ended.code == 143
    assert ended.seconds < 2
    assert world.left_over() == []
    assert not (world.store / ".lock").exists()
    assert not (world.store / ".ready").exists()
    world.mend("slow")
    all_right(world.load(shell=shell))
    assert is_whole(world, *blobs)
    assert world.sent() == sum(map(len, blobs))


def test_a_loader_stopped_while_it_waits_ends_at_once_and_leaves_the_lock(world: World) -> None:
    lock = world.store / ".lock"
    lock.mkdir()
    (lock / "somebody").touch()
    process = world.start("load.sh", LOCK_STALE="60")
    assert process.stdout
    assert "waiting for somebody" in process.stdout.readline()
    ended = terminated(process)
    assert ended.code == 143
    assert ended.seconds < 1
    assert os.listdir(lock) == ["somebody"]


def test_a_killed_loader_does_not_hold_the_lock(world: World, blobs: list[bytes]) -> None:
    world.fault("slow", 0.03)
    process = world.start("load.sh")
    under_way(world, 100_000)
    os.killpg(process.pid, signal.SIGKILL)
    Ended(process)
    assert (world.store / ".lock").exists()
    world.mend("slow")
    ended = all_right(world.load(LOCK_STALE="0"))
    assert "has shown no sign of life for 0 seconds" in ended.out
    assert is_whole(world, *blobs)
    # Nothing is brought twice but the part that was under way: nobody had the time to note it down.
    assert world.sent() <= sum(map(len, blobs)) + len(blobs[0]) / 4


def test_a_loader_killed_while_it_made_its_lock_holds_none(world: World) -> None:
    (world.store / ".lock").mkdir()
    all_right(world.load(LOCK_STALE="0"))


def test_of_many_loaders_at_once_one_loads(world: World, blobs: list[bytes]) -> None:
    world.fault("slow", 0.03)
    (world.store / ".lock").mkdir()  # and all of them find a dead one's lock
    (world.store / ".lock/dead").touch()
    processes = [world.start("load.sh", SAY_EVERY="0") for _ in range(3)]
    ended = [all_right(Ended(process)) for process in processes]
    assert world.sent() == sum(map(len, blobs))
    assert world.lines("calls").count("serve") == 1
    assert sum("taking over its lock" in one.out for one in ended) == 1
    assert sum(f"whose last message is: {MODEL}: " in one.out for one in ended) == 2
    assert not (world.store / ".lock").exists()
    assert world.left_over() == []


def test_a_living_holder_whose_clock_is_years_behind_keeps_the_lock(world: World) -> None:
    lock = world.store / ".lock"
    lock.mkdir()
    token = lock / "behind"
    token.touch()
    process = world.start("load.sh", LOCK_STALE="1")
    for second in range(12):
        os.utime(token, (1_000_000_000 + second,) * 2)
        time.sleep(0.1)
    assert os.listdir(lock) == ["behind"]
    token.unlink()
    lock.rmdir()
    all_right(Ended(process))


def test_a_loader_that_slept_too_long_stops_and_leaves_the_lock_to_its_heir(world: World) -> None:
    world.fault("hang-at", 100_000)
    sleeper = world.start("load.sh")
    under_way(world, 90_000)
    os.killpg(sleeper.pid, signal.SIGSTOP)
    heir = world.start("load.sh")
    wait_for(lambda: world.lines("calls").count("serve") == 2)
    token = os.listdir(world.store / ".lock")
    os.killpg(sleeper.pid, signal.SIGCONT)
    ended = Ended(sleeper)
    assert ended.code == 143
    assert "another loader has taken over the lock" in ended.err
    assert os.listdir(world.store / ".lock") == token
    world.mend("hang-at")
    all_right(Ended(heir))


# --- waiting for what another pod brings ----------------------------------------------------------------------------


@each_shell
def test_a_server_waits_for_what_the_job_brings(world: World, shell: list[str]) -> None:
    waiting = world.start("wait.sh", shell=shell, LOGS="job/llm-server-models-1a2b")
    wait_for(lambda: list((world.root / "tmp").iterdir()))
    assert waiting.poll() is None
    world.lay(MODEL)
    all_right(world.load(shell=shell))
    ended = all_right(Ended(waiting))
    assert "waiting for the models: none yet (kubectl logs job/llm-server-models-1a2b" in ended.out
    assert "delete it and upgrade" in ended.out
    assert world.left_over() == []


@each_shell
def test_a_probe_says_at_once_whether_the_models_are_there(world: World, shell: list[str]) -> None:
    (world.scripts / "logs").write_text("daemonset/llm-server-loader\n")
    (world.store / ".doing").write_text("deepseek-r1:1.5b: 12% of 1.1 GB\n")
    ended = world.run("wait.sh", "now", shell=shell)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "the models are not there yet: deepseek-r1:1.5b: 12% of 1.1 GB (kubectl logs daemonset/llm-server-loader "
        "shows its progress)\n"
    )
    world.lay(MODEL)
    all_right(world.load(shell=shell))
    assert all_right(world.run("wait.sh", "now", shell=shell)).out == ""
    world.ask_for(MODEL, OTHER)
    assert world.run("wait.sh", "now", shell=shell).code == 1


def test_what_nobody_knows_how_to_wait_for_is_refused(world: World) -> None:
    assert world.run("wait.sh", "later").code == 64


def test_a_server_does_not_take_another_list_for_its_own(filled: World) -> None:
    filled.ask_for(MODEL, OTHER)
    process = filled.start("wait.sh", LOGS="job/later")
    time.sleep(0.5)
    assert process.poll() is None
    ended = terminated(process)
    assert (ended.code, ended.seconds < 1) == (143, True)


def test_a_hash_can_be_waited_for_without_a_list(filled: World) -> None:
    expect = (filled.store / ".ready").read_text().strip()
    all_right(filled.run("wait.sh", EXPECT=expect, MODELS_FILE=""))


# --- whether it answers ---------------------------------------------------------------------------------------------


@each_shell
def test_a_server_is_ready_once_every_model_is_there(world: World, shell: list[str]) -> None:
    world.lay(MODEL)
    with world.server():
        all_right(world.run("probe.sh", "ready", shell=shell, MODELS=MODEL))
        missing = world.run("probe.sh", "ready", shell=shell, MODELS=f"{MODEL} {OTHER}")
        assert (missing.code, missing.out) == (1, f"{OTHER} is missing: model '{OTHER}' not found\n")
        assert not any(line.startswith(("load", f"pull {OTHER}")) for line in world.lines("calls"))


@each_shell
def test_a_started_server_has_loaded_its_first_model_and_asked_it_nothing(world: World, shell: list[str]) -> None:
    world.ask_for(MODEL, OTHER)
    world.lay(MODEL, OTHER)
    with world.server():
        all_right(world.run("probe.sh", "startup", shell=shell))
    assert [line for line in world.lines("calls") if line.startswith("load")] == [f"load {MODEL} ''"]


def test_a_model_that_only_embeds_is_loaded_with_a_text(world: World) -> None:
    world.lay(MODEL)
    world.fault("embeds-only")
    with world.server():
        all_right(world.run("probe.sh", "startup", MODELS=MODEL))
    assert f"load {MODEL} ' ready'" in world.lines("calls")


def test_a_model_that_is_there_and_does_not_load_is_not_started(world: World) -> None:
    world.lay(MODEL)
    world.fault("no-load")
    with world.server():
        ended = world.run("probe.sh", "startup", MODELS=MODEL)
        all_right(world.run("probe.sh", "ready", MODELS=MODEL))
    assert ended.code == 1
    assert ended.out == (
        f"{MODEL} is present but does not load: llama runner process has terminated: model is corrupted or incomplete\n"
    )


ON_THE_CPU = (
    f"{MODEL} is loaded, but not in GPU memory; check that the log of ollama lists the GPU, and that it has free "
    "memory, or lower ollama.minGpuPercent from 100\n"
)
IN_PART = (
    f"only 52 % of {MODEL} is in GPU memory; use GPUs with more memory, or a smaller model.contextLength, or lower "
    "ollama.minGpuPercent from 100\n"
)


@each_shell
@pytest.mark.parametrize(
    ("processor", "least", "said"),
    [
        ("100% GPU", "100", ""),
        ("100% CPU", "100", ON_THE_CPU),
        ("48%/52% CPU/GPU", "100", IN_PART),
        ("48%/52% CPU/GPU", "52", ""),
        ("Unknown", "100", ""),
        ("100% CPU", "0", ""),
        ("100% CPU", "", ""),
    ],
)
def test_a_server_with_a_gpu_is_ready_once_its_model_is_in_gpu_memory(
    world: World, shell: list[str], processor: str, least: str, said: str
) -> None:
    world.lay(MODEL)
    world.fault("processor", processor)
    with world.server():
        for arguments in (["startup"], ["startup", "5"], ["ready"]):
            ended = world.run("probe.sh", *arguments, shell=shell, MODELS=MODEL, MIN_GPU_PERCENT=least)
            assert (ended.code, ended.out, ended.err) == (1 if said else 0, said, ""), arguments
            assert ended.seconds < 4, "what ollama does not change is not repeated"


def test_a_second_model_outside_of_the_gpu_makes_a_server_unready(world: World) -> None:
    world.lay(MODEL, OTHER)
    with world.server():
        all_right(world.run("probe.sh", "startup", MODELS=f"{MODEL} {OTHER}", MIN_GPU_PERCENT="100"))
        (world.root / "loaded").write_text(f"{MODEL}\n{OTHER}\n")
        all_right(world.run("probe.sh", "ready", MODELS=MODEL, MIN_GPU_PERCENT="100"))
        world.fault("processor", "100% CPU")
        assert world.run("probe.sh", "ready", MODELS=MODEL, MIN_GPU_PERCENT="100").code == 1


@each_shell
def test_a_server_whose_idle_model_is_unloaded_stays_ready(world: World, shell: list[str]) -> None:
    world.lay(MODEL)
    with world.server():
        all_right(world.run("probe.sh", "ready", shell=shell, MODELS=MODEL, MIN_GPU_PERCENT="100"))


@each_shell
def test_a_model_that_was_loaded_and_is_nowhere_is_tried_again(world: World, shell: list[str]) -> None:
    world.lay(MODEL)
    world.fault("not-loaded")
    asked = {"MODELS": MODEL, "MIN_GPU_PERCENT": "100", "PAUSE": "0.1"}
    with world.server():
        all_right(world.run("probe.sh", "startup", shell=shell, OLLAMA_KEEP_ALIVE="0", **asked))
        ended = world.run("probe.sh", "startup", "2", shell=shell, OLLAMA_KEEP_ALIVE="-1", **asked)
        assert ended.code == 1
        assert ended.out.startswith(f"{MODEL} was loaded, but ollama does not report where it is: ")
        process = world.start("probe.sh", "startup", "15", shell=shell, **asked)
        wait_for(lambda: len([line for line in world.lines("calls") if line.startswith("load")]) > 4)
        world.mend("not-loaded")
        all_right(Ended(process))


@each_shell
def test_an_api_that_fails_or_answers_late_is_asked_until_the_startup_timeout(world: World, shell: list[str]) -> None:
    world.lay(MODEL)
    world.fault("ps", "503 Service Unavailable: loading")
    asked = {"MODELS": MODEL, "MIN_GPU_PERCENT": "100", "PAUSE": "0.1"}
    with world.server():
        for arguments in (["startup", "1"], ["ready"]):
            ended = world.run("probe.sh", *arguments, shell=shell, **asked)
            assert (ended.code, ended.out) == (
                1,
                "the models in memory are not known: 503 Service Unavailable: loading\n",
            )
        world.fault("ps", "1")
        world.fault("slow-load", "1")
        ended = all_right(world.run("probe.sh", "startup", "9", shell=shell, **asked))
        assert ended.seconds >= 2


@each_shell
@pytest.mark.parametrize("mode", ["startup", "ready"])
def test_an_api_that_hangs_ends_with_the_probe(world: World, shell: list[str], mode: str) -> None:
    """A kubelet ends a probe after its timeout, and all processes of it."""
    world.lay(MODEL)
    world.fault("ps", "hang")
    with world.server():
        process = world.start("probe.sh", mode, shell=shell, MODELS=MODEL, MIN_GPU_PERCENT="100")
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=1.5)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


def test_a_server_that_does_not_answer_is_named_with_its_address(world: World) -> None:
    ended = world.run("probe.sh", "ready", MODELS=MODEL, OLLAMA_HOST="0.0.0.0:1")
    assert ended.code == 1
    assert ended.out.startswith("ollama does not answer on 127.0.0.1:1: ")


@pytest.mark.parametrize(("arguments", "env"), [(["ready"], {"MODELS_FILE": "/dev/null"}), (["live"], {})])
def test_a_probe_that_asks_for_nothing_fails(world: World, arguments: list[str], env: dict[str, str]) -> None:
    world.lay(MODEL)
    with world.server():
        assert world.run("probe.sh", *arguments, **env).code == 1


# --- models that are made from others -------------------------------------------------------------------------------


def serving(world: World, shell: list[str] | None = None) -> subprocess.Popen[str]:
    """serve.sh, once its server accepts connections."""
    address = f"0.0.0.0:{free_port()}"
    world.env |= {"OLLAMA_HOST": address, "OLLAMA_MODELS": str(world.store), "OLLAMA_NOPRUNE": "1", "PAUSE": "0.1"}
    process = world.start("serve.sh", shell=shell, FILES=str(world.scripts))
    wait_for(lambda: accepts(address))
    return process


def created(world: World) -> list[str]:
    return [line for line in world.lines("calls") if line.startswith("create")]


@each_shell
def test_models_of_modelfiles_are_made_once_and_again_where_they_change(world: World, shell: list[str]) -> None:
    world.lay(MODEL)
    (world.scripts / "modelfile-0").write_text(f'# pirate:v1\nFROM {MODEL}\nSYSTEM """Ahoy."""\n')
    for _ in range(2):
        process = serving(world, shell)
        wait_for(lambda: world.run("probe.sh", "ready", MODELS=f"{MODEL} pirate:v1").code == 0)
        wait_for(lambda: (world.store / ".modelfiles/pirate@v1").exists())
        time.sleep(1)
        terminated(process)
        assert created(world) == [f'create pirate:v1 \'# pirate:v1\\nFROM {MODEL}\\nSYSTEM """Ahoy."""\\n\'']
    (world.scripts / "modelfile-0").write_text(f"# pirate:v1\nFROM {MODEL}\nPARAMETER temperature 1\n")
    process = serving(world, shell)
    wait_for(lambda: len(created(world)) == 2)
    terminated(process)


def test_a_model_that_cannot_be_made_is_tried_again_and_said_once(world: World) -> None:
    world.lay(MODEL)
    world.fault("no-create")
    (world.scripts / "modelfile-0").write_text(f"# pirate\nFROM {MODEL}\n")
    process = serving(world)
    time.sleep(1)
    assert world.run("probe.sh", "ready", MODELS="pirate").code == 1
    world.mend("no-create")
    wait_for(lambda: created(world))
    ended = terminated(process)
    said = [line for line in ended.out.splitlines() if line.startswith("serve: ")]
    assert said == ["serve: pirate: not created: no space left on device", "serve: pirate: created"]


@each_shell
def test_what_is_in_place_of_a_mark_is_neither_followed_nor_waited_for(world: World, shell: list[str]) -> None:
    """Others put links, a pipe and a folder where serve.sh writes what a model was created from."""
    world.lay(MODEL)
    outside = world.root / "outside"
    outside.mkdir()
    (outside / "file").write_text("of a person")
    marks = world.store / ".modelfiles"
    marks.mkdir()
    (marks / "linked@v1").symlink_to(outside / "file")
    (marks / "lost@v1").symlink_to(outside / "new")
    os.mkfifo(marks / "piped@v1")
    (marks / "folder@v1").mkdir()
    names = ["linked:v1", "lost:v1", "piped:v1", "folder:v1"]
    for number, name in enumerate(names):
        (world.scripts / f"modelfile-{number}").write_text(f"# {name}\nFROM {MODEL}\n")
    process = serving(world, shell)
    wait_for(lambda: len(created(world)) == 4, 15)
    wait_for(lambda: (marks / "piped@v1").is_file(), 15)
    time.sleep(0.5)
    ended = terminated(process)
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").read_text() == "of a person"
    assert [name for name in names if (marks / name.replace(":", "@")).is_file()] == names[:3]
    assert f"serve: {marks}/folder@v1 cannot be written, so folder:v1 is created again at each start" in ended.out


@each_shell
def test_a_link_in_place_of_the_folder_of_marks_is_not_followed(world: World, shell: list[str]) -> None:
    world.lay(MODEL)
    outside = world.root / "outside"
    outside.mkdir()
    (world.store / ".modelfiles").symlink_to(outside)
    (world.scripts / "modelfile-0").write_text(f"# pirate:v1\nFROM {MODEL}\n")
    process = serving(world, shell)
    wait_for(lambda: created(world))
    time.sleep(0.5)
    ended = terminated(process)
    assert list(outside.iterdir()) == []
    assert "pirate@v1 cannot be written" in ended.out


def test_pruning_keeps_what_a_server_made(world: World) -> None:
    world.publish("pirate:v1")
    world.lay(MODEL, OTHER, "pirate:v1")
    world.ask_for(MODEL)
    (world.store / ".modelfiles").mkdir()
    (world.store / ".modelfiles/pirate@v1").write_text("made\n")
    all_right(world.load(PRUNE="true"))
    kept = [name for name in (MODEL, OTHER, "pirate:v1") if (world.store / "manifests" / place(name)).exists()]
    assert kept == [MODEL, "pirate:v1"]


@each_shell
def test_a_store_below_the_root_is_named_and_nothing_is_pulled(world: World, shell: list[str]) -> None:
    world.lay(MODEL)
    world.ask_for(MODEL)
    (world.store / "models").mkdir()
    for part in ("manifests", "blobs"):
        (world.store / part).rename(world.store / "models" / part)
    ended = world.load(shell=shell)
    assert (ended.code, world.sent()) == (64, 0)
    assert "set modelCache.subPath to models" in ended.err
    probed = world.run("probe.sh", "ready", shell=shell, MODELS=MODEL, OLLAMA_MODELS=str(world.store))
    assert probed.out == (
        f"{MODEL} is missing: the volume has a store of ollama in its folder models/; "
        "set modelCache.subPath to models\n"
    )


# --- a folder of the node -------------------------------------------------------------------------------------------


@each_shell
def test_the_folder_of_a_node_is_given_to_who_brings_the_models(tmp_path: Path, shell: list[str]) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "models"
    outside.write_text("the node's own")
    (folder / "blobs").mkdir(parents=True)
    (folder / ".lock").mkdir()
    (folder / "link").symlink_to(outside)
    folder.chmod(0o700)
    command = [*shell, str(FRAGMENTS / "delivery/daemonset/files/own.sh")]
    # Root alone gives anything away; whoever else runs this has the folder already.
    owner = (1234, 4321) if os.getuid() == 0 else (os.getuid(), os.getgid())
    given = f"changing the owner of {folder} to 1234:4321\n" if os.getuid() == 0 else ""
    for said in (given, ""):
        env = {"PATH": os.environ["PATH"], "TARGET": str(folder), "OWNER": "{}:{}".format(*owner)}
        ended = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        assert ended.stdout == said
        owners = {(path.lstat().st_uid, path.lstat().st_gid) for path in (folder, *folder.iterdir())}
        assert owners == {owner}
        assert folder.stat().st_mode & 0o777 == 0o755
    assert outside.stat().st_uid == os.getuid()


@each_shell
@pytest.mark.skipif(os.getuid() != 0, reason="only root can change an owner")
def test_a_folder_of_the_node_with_files_that_no_loader_made_keeps_its_owner(tmp_path: Path, shell: list[str]) -> None:
    own = tmp_path / "home/.ssh/authorized_keys"
    own.parent.mkdir(parents=True)
    own.write_text("key")
    env = {"PATH": os.environ["PATH"], "TARGET": str(own.parent), "OWNER": "1234:4321"}
    command = [*shell, str(FRAGMENTS / "delivery/daemonset/files/own.sh")]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 77
    assert "contains files that no loader made; set modelCache.hostPath to an empty folder" in ended.stderr
    assert (own.stat().st_uid, own.parent.stat().st_uid) == (0, 0)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/find").write_text("#!/bin/sh\nkill -KILL $$\n")
    (tmp_path / "bin/find").chmod(0o755)
    killed = env | {"PATH": f"{tmp_path / 'bin'}:{env['PATH']}"}
    ended = subprocess.run(command, env=killed, capture_output=True, text=True, check=False)
    assert (ended.returncode, own.parent.stat().st_uid) == (70, 0)
    own.unlink()
    subprocess.run(command, env=env, capture_output=True, check=True)
    assert own.parent.stat().st_uid == 1234
