"""The script that brings ModelKits, in real shells, from a real registry, by kit if it is on PATH, else a stand-in."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import registry as registries
import trustme
from scripts.harbour import Harbour, weights
from scripts.modelkits import ModelKit, Part
from scripts.wire import wire
from scripts.workshop import SHELLS, Ended, all_right, content, each_shell, read_quietly, terminated, wait_for

pytestmark = pytest.mark.slow

README = Part("docs", "README.md", b"what it is for\n")
VALIDATION = Part("datasets", "data/validation.csv", content("validation", 200_000), "validation")
TRAINING = Part("datasets", "data/training.csv", content("training", 300_000), "training")
CODE = Part("code", "run.py", b"print('run')\n")


@pytest.fixture(scope="module")
def server() -> Iterator[registries.Server]:
    with registries.registry(authentication=True) as server:
        yield server


@pytest.fixture
def harbour(server: registries.Server) -> Iterator[Harbour]:
    with tempfile.TemporaryDirectory() as folder, wire(server.host) as line:
        Path(folder).chmod(0o755)
        harbour = Harbour(Path(folder) / "world", server, line)
        harbour.ask_for(bert="ml/bert:v1")
        yield harbour


@pytest.fixture
def kit(harbour: Harbour) -> ModelKit:
    return harbour.push("ml/bert:v1", weights("one"), README, VALIDATION, TRAINING, CODE)


def refused(ended: Ended, code: int, *texts: str) -> None:
    """That it ended with this code and one sentence, which holds these texts."""
    assert ended.code == code, ended
    assert len(ended.err.splitlines()) == 1, ended
    for text in texts:
        assert text in ended.err


# --- the usual way --------------------------------------------------------------------------------------------------


@each_shell
def test_a_modelkit_is_brought_whole_and_once(harbour: Harbour, kit: ModelKit, shell: list[str]) -> None:
    ended = all_right(harbour.load(shell=shell))
    files = harbour.files("bert")
    kitfile = files.pop("Kitfile")
    assert b"validation" in kitfile
    assert files == {part.path: part.data for part in (weights("one"), README, VALIDATION, TRAINING, CODE)}
    assert harbour.brought(kit) == kit.size
    assert f"all there: {harbour.wire.host}/ml/bert:v1 in bert, {kit.digest}" in ended.out
    assert list((harbour.root / "tmp").iterdir()) == []
    assert not (harbour.root / "asked").exists()


@each_shell
def test_what_is_there_asks_nobody(harbour: Harbour, kit: ModelKit, shell: list[str]) -> None:
    all_right(harbour.load(shell=shell))
    harbour.wire.passed.clear()
    harbour.wire.down = True
    ended = all_right(harbour.load(shell=shell))
    assert "already there" in ended.out
    assert harbour.wire.passed == []


@each_shell
def test_only_what_the_filters_ask_for_comes_over_the_wire(harbour: Harbour, kit: ModelKit, shell: list[str]) -> None:
    harbour.ask_for(bert="ml/bert:v1 model datasets:validation docs:README.md")
    all_right(harbour.load(shell=shell))
    assert set(harbour.files("bert")) == {"weights.bin", "README.md", "data/validation.csv"}
    assert harbour.wire.sent(TRAINING.digest) == harbour.wire.sent(CODE.digest) == 0
    assert len(harbour.stored("bert")) == 5  # three layers, the configuration, the manifest


@pytest.mark.parametrize(
    ("filters", "files"),
    [
        ("kitfile", {"Kitfile"}),
        ("code,docs", {"run.py", "README.md"}),
        ("datasets:training,validation", {"data/training.csv", "data/validation.csv"}),
        ("datasets:data/training.csv", {"data/training.csv"}),
        ("model:bert", {"weights.bin"}),
    ],
)
def test_a_filter_means_what_it_means_to_kit(harbour: Harbour, kit: ModelKit, filters: str, files: set[str]) -> None:
    harbour.ask_for(bert=f"ml/bert:v1 {filters}")
    all_right(harbour.load())
    assert set(harbour.files("bert")) == files


def test_another_filter_fetches_what_is_new_in_it(harbour: Harbour, kit: ModelKit) -> None:
    harbour.ask_for(bert="ml/bert:v1 model")
    all_right(harbour.load())
    harbour.wire.passed.clear()
    harbour.ask_for(bert="ml/bert:v1 model docs")
    all_right(harbour.load())
    assert harbour.fetched(kit) == {README.digest}


def test_a_modelkit_that_builds_on_another_is_brought_with_it(harbour: Harbour) -> None:
    base = harbour.push("ml/base:v1", weights("base"))
    harbour.push("ml/tuned:v1", README, parent=f"{harbour.wire.host}/ml/base:v1")
    harbour.ask_for(tuned="ml/tuned:v1 model docs")
    harbour.wire.corrupt = weights("base").digest
    refused(harbour.load(RETRIES="1"), 69, "downloaded file hash does not match descriptor")
    harbour.wire.corrupt = ""
    harbour.wire.forget()
    all_right(harbour.load())
    assert harbour.files("tuned") == {"weights.bin": weights("base").data, "README.md": README.data}
    assert harbour.brought(base) == base.size


def test_an_image_of_busybox_has_all_it_takes(harbour: Harbour, kit: ModelKit) -> None:
    if ["busybox", "sh"] not in SHELLS:
        pytest.skip("there is no busybox here")
    busybox = str(shutil.which("busybox"))
    for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if name not in ("kit", "sh"):
            (harbour.root / "bin" / name).symlink_to(busybox)
    kit_alone = {"PATH": str(harbour.root / "bin"), "PARALLEL": "2"}
    all_right(harbour.load(shell=[busybox, "sh"], **kit_alone))
    second = harbour.push("ml/bert:v1", weights("one"), Part("docs", "README.md", b"new\n"))
    all_right(harbour.load(shell=[busybox, "sh"], MODE="refresh", **kit_alone))
    assert (harbour.target / ".digest").read_text() == f"bert\t{second.digest}\n"


def test_a_part_of_a_model_is_taken_by_its_own_name_alone(harbour: Harbour) -> None:
    harbour.push("ml/bert:v1", Part("model", "weights.bin", b"all"), VALIDATION)
    harbour.ask_for(bert="ml/bert:v1 model:ml/bert")  # as the package is called
    refused(harbour.load(), 66, "nothing in it matches 'model:ml/bert'", "Its Kitfile contains model:weights.bin")


def test_files_that_their_packer_kept_to_himself_can_be_read(harbour: Harbour, kit: ModelKit) -> None:
    all_right(harbour.load())
    assert (harbour.target / "bert/weights.bin").stat().st_mode & 0o444 == 0o444


@pytest.mark.parametrize("keep", ["true", "false"])
def test_layers_stay_only_where_that_is_wanted(harbour: Harbour, kit: ModelKit, keep: str) -> None:
    all_right(harbour.load(KEEP_LAYERS=keep))
    assert (harbour.target / ".work/free/bert/work/kit").exists() == (keep == "true")


# --- side by side ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("concurrency", "at_once"), [("5", 4), ("1", 1)])
def test_layers_of_a_modelkit_come_side_by_side(
    harbour: Harbour, kit: ModelKit, concurrency: str, at_once: int
) -> None:
    harbour.ask_for(bert="ml/bert:v1 model docs datasets code")
    harbour.wire.hold = lambda path: any(digest in path for digest in kit.layers)
    process = harbour.start(CONCURRENCY=concurrency)
    wait_for(lambda: len(harbour.wire.held) >= at_once)
    time.sleep(0.3)
    assert len(harbour.wire.held) == at_once if concurrency == "1" else len(harbour.wire.held) >= at_once
    harbour.wire.hold = None
    all_right(Ended(process))


@pytest.mark.parametrize(("parallel", "at_once"), [("2", 2), ("1", 1)])
def test_models_come_side_by_side(harbour: Harbour, kit: ModelKit, parallel: str, at_once: int) -> None:
    harbour.push("ml/resnet:v2", weights("resnet"))
    harbour.ask_for(bert="ml/bert:v1 model", resnet="ml/resnet:v2 model")
    harbour.wire.hold = lambda path: "/blobs/" in path
    process = harbour.start(PARALLEL=parallel)

    def under_way() -> int:
        return len({path.split("/blobs/")[0] for path in harbour.wire.held})

    wait_for(lambda: under_way() >= at_once)
    time.sleep(0.3)
    assert under_way() == at_once
    harbour.wire.hold = None
    all_right(Ended(process, 60))
    assert {row.split("\t")[0] for row in (harbour.target / ".models").read_text().splitlines()} == {"bert", "resnet"}


def test_of_two_loaders_at_once_one_loads(harbour: Harbour, kit: ModelKit) -> None:
    harbour.wire.slow = 0.005
    first, second = harbour.start(), harbour.start()
    ended = [all_right(Ended(process, 60)) for process in (first, second)]
    assert harbour.brought(kit) == kit.size
    assert sum("already there" in one.out or "waiting for" in one.out for one in ended) == 1


# --- versions -------------------------------------------------------------------------------------------------------


def test_a_pinned_digest_starts_with_the_registry_down(harbour: Harbour, kit: ModelKit) -> None:
    harbour.ask_for(bert=f"ml/bert:v1@{kit.digest} model")
    all_right(harbour.load())
    harbour.wire.passed.clear()
    harbour.wire.down = True
    all_right(harbour.load(MODE="refresh"))
    assert harbour.wire.passed == []


@each_shell
def test_a_moved_tag_brings_the_layers_that_changed(harbour: Harbour, kit: ModelKit, shell: list[str]) -> None:
    all_right(harbour.load(shell=shell))
    changed = Part("docs", "README.md", b"what it is for by now\n")
    second = harbour.push("ml/bert:v1", weights("one"), changed, VALIDATION, TRAINING, CODE)
    harbour.wire.passed.clear()
    all_right(harbour.load(shell=shell, MODE="refresh"))
    assert harbour.fetched(second) == {changed.digest}
    assert harbour.files("bert")["README.md"] == changed.data
    assert len(harbour.stored("bert")) == len(second.layers) + 2  # the layer that nobody needs any more is gone
    updated = (harbour.target / ".updated").read_text()
    all_right(harbour.load(shell=shell, MODE="refresh"))
    assert (harbour.target / ".updated").read_text() == updated


def test_a_refresh_that_fails_leaves_the_last_good_model(harbour: Harbour, kit: ModelKit) -> None:
    all_right(harbour.load())
    before = harbour.files("bert")
    harbour.push("ml/bert:v1", weights("two"))
    harbour.wire.down = True
    ended = harbour.load(MODE="refresh")
    assert ended.code == 69, ended
    assert "gave up after 3 attempts without new data" in ended.err
    assert harbour.files("bert") == before
    all_right(harbour.load())


def test_a_watch_swaps_whole_versions_under_a_reader(harbour: Harbour) -> None:
    def version(number: int) -> None:
        text = str(number).encode() * 20_000
        harbour.push("ml/live:latest", Part("model", "weights.bin", text), Part("docs", "README.md", text))

    version(1)
    harbour.ask_for(live="ml/live:latest model docs")
    process = harbour.start(MODE="watch")
    wait_for(lambda: (harbour.target / ".ready").exists(), 30)
    mixtures, reads, stop = [], [0], threading.Event()

    def reader() -> None:
        while not stop.is_set():
            seen = set(harbour.files("live").values())
            reads[0] += 1
            if len(seen) != 1:
                mixtures.append(seen)
            stop.wait(0.005)

    thread = threading.Thread(target=reader)
    thread.start()
    try:
        for number in (2, 3):
            version(number)
            wait_for(lambda number=number: b"%d" % number in harbour.files("live")["README.md"], 30)
    finally:
        stop.set()
        thread.join()
        os.killpg(process.pid, signal.SIGTERM)
        ended = Ended(process)
    assert mixtures == []
    assert reads[0] > 20
    assert ended.code == 143


def test_a_watch_outlives_a_registry_that_is_away(harbour: Harbour, kit: ModelKit) -> None:
    all_right(harbour.load())
    harbour.wire.down = True
    process = harbour.start(MODE="watch", RETRIES="1")
    wait_for(lambda: len(harbour.calls("inspect")) > 4, 30)
    second = harbour.push("ml/bert:v1", weights("two"))
    harbour.wire.down = False
    wait_for(lambda: second.digest in (harbour.target / ".digest").read_text(), 30)
    process.terminate()
    assert "the present models stay; next check in" in Ended(process).out


def test_a_model_that_is_no_longer_asked_for_goes_with_its_layers_when_asked(harbour: Harbour, kit: ModelKit) -> None:
    harbour.push("ml/resnet:v2", weights("resnet"))
    harbour.ask_for(bert="ml/bert:v1", resnet="ml/resnet:v2")
    all_right(harbour.load())
    harbour.ask_for(bert="ml/bert:v1")
    all_right(harbour.load(MODE="refresh", PRUNE="true"))
    assert sorted(os.listdir(harbour.target / ".work/free")) == ["bert"]
    assert not (harbour.target / "resnet").is_symlink()


# --- who may ---------------------------------------------------------------------------------------------------------


def test_the_password_stands_in_no_argument_and_not_with_the_models(harbour: Harbour, kit: ModelKit) -> None:
    all_right(harbour.load())
    found = subprocess.run(["grep", "-rlF", registries.PASSWORD, harbour.target, harbour.root / "calls"])
    assert found.returncode == 1
    assert not list(harbour.target.rglob("credentials.json"))


def test_the_secret_of_an_image_will_do(harbour: Harbour, kit: ModelKit) -> None:
    harbour.docker_config()
    all_right(harbour.load())


def test_what_a_kit_says_of_the_secret_of_an_image_is_not_shown(harbour: Harbour) -> None:
    harbour.docker_config()
    auth = base64.b64encode(f"{registries.USER}:{registries.PASSWORD}".encode()).decode()
    harbour.program("kit", f'echo "[ERROR] status code 401: Basic {auth}, {registries.PASSWORD}"; exit 1')
    harbour.ask_for(resnet="library/resnet:v1")
    ended = harbour.load()
    refused(ended, 65, "refuses the credentials")
    assert not any(word in ended.out + ended.err for word in (auth, registries.PASSWORD))


def test_keys_of_other_names_will_do(harbour: Harbour, kit: ModelKit) -> None:
    for name, key in (("username", "user"), ("password", "token")):
        (harbour.root / "login" / name).rename(harbour.root / "login" / key)
    all_right(harbour.load(USERNAME_KEY="user", PASSWORD_KEY="token"))
    refused(harbour.load(MODE="refresh"), 65, "modelkit.existingSecret has neither", "modelkit.usernameKey")


def test_a_wrong_password_is_not_tried_again(harbour: Harbour, kit: ModelKit) -> None:
    harbour.log_in(registries.USER, "wrong")
    refused(harbour.load(), 65, "refuses the credentials", "modelkit.existingSecret", "401")
    assert len(harbour.calls()) == 1


def test_a_registry_that_wants_credentials_is_told_apart(harbour: Harbour, kit: ModelKit) -> None:
    refused(harbour.load(LOGIN_DIR=""), 65, "requires credentials", "modelkit.existingSecret")


def test_plain_http_is_spoken_only_when_asked(harbour: Harbour, kit: ModelKit) -> None:
    refused(harbour.load(PLAIN_HTTP="false"), 65, "uses plain HTTP", "modelkit.plainHttp: true")


def test_an_authority_of_ones_own_is_believed_when_named(harbour: Harbour, tmp_path: Path) -> None:
    issued = (authority := trustme.CA()).issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    (tmp_path / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    # A ConfigMap's files are links into a folder that is exchanged as a whole.
    (tmp_path / "ca/..1").mkdir(parents=True)
    authority.cert_pem.write_to_path(tmp_path / "ca/..1/ca.crt")
    (tmp_path / "ca/..data").symlink_to("..1")
    (tmp_path / "ca/ca.crt").symlink_to("..data/ca.crt")
    with registries.registry(certificate=(tmp_path / "cert.pem", tmp_path / "key.pem")) as server:
        harbour.list.write_text(f"bert\t{server.host}/ml/bert:v1\tmodel\n")
        refused(harbour.load(PLAIN_HTTP="false"), 65, "is not trusted", "modelkit.caConfigMap", "x509")
        trusted = {"PLAIN_HTTP": "false", "SSL_CERT_DIR": f"/etc/ssl/certs:{tmp_path / 'ca'}"}
        refused(harbour.load(**trusted), 66, "does not exist")
        refused(harbour.load(), 65, "refuses the request", "modelkit.plainHttp: false")


# --- what is not there -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["ml/bert:v9", "ml/nothing:v1", f"ml/bert@sha256:{'1' * 64}"])
def test_a_modelkit_that_is_not_there_is_named(harbour: Harbour, kit: ModelKit, reference: str) -> None:
    harbour.ask_for(bert=reference)
    refused(harbour.load(), 66, f"{harbour.wire.host}/{reference} does not exist")


def test_what_is_no_modelkit_is_told_apart(harbour: Harbour) -> None:
    harbour.push("ml/image:v1", README, config_type="image")
    harbour.ask_for(image="ml/image:v1")
    refused(harbour.load(), 66, "exists, but is not a ModelKit")


@pytest.mark.parametrize("filters", ["prompts", "model datasets:validaton", "model:ber", "docs:readme.md"])
def test_a_filter_that_matches_nothing_is_refused_before_anything_is_fetched(
    harbour: Harbour, kit: ModelKit, filters: str
) -> None:
    harbour.ask_for(bert=f"ml/bert:v1 {filters}")
    ended = harbour.load()
    refused(
        ended,
        66,
        f"nothing in it matches '{filters.split()[-1]}'",
        "model:bert",
        "datasets:validation",
        "docs:README.md",
    )
    assert harbour.fetched(kit) == set()
    assert not (harbour.target / "bert").exists()


def test_an_image_without_kit_is_named_as_the_fault(harbour: Harbour) -> None:
    (harbour.root / "bin/kit").unlink()
    clean = [path for path in harbour.env["PATH"].split(":") if not Path(path, "kit").exists()]
    refused(harbour.load(PATH=":".join(clean)), 70, "images.modelkit")


# --- what goes wrong on the way --------------------------------------------------------------------------------------


@each_shell
def test_a_connection_that_is_cut_is_taken_up_where_it_was(harbour: Harbour, kit: ModelKit, shell: list[str]) -> None:
    harbour.ask_for(bert="ml/bert:v1 model")
    harbour.wire.slow, harbour.wire.cut = 0.002, 700_000
    ended = all_right(harbour.load(shell=shell))
    assert "attempt 1 failed" in ended.out
    assert "unexpected EOF" in ended.out
    assert harbour.files("bert") == {"weights.bin": weights("one").data}
    assert 300_000 <= harbour.brought(kit) < 700_000  # of the million


def test_a_line_that_breaks_again_and_again_is_not_given_up_while_it_brings_something(harbour: Harbour) -> None:
    harbour.push("ml/big:v1", weights("big", 12_000_000))
    harbour.ask_for(big="ml/big:v1 model")
    # Of the answer that kit drops before it goes on, as much passes as buffers hold: an attempt can bring nothing.
    harbour.wire.slow, harbour.wire.cuts, harbour.wire.cut = 0.0005, 6, 1_700_000
    all_right(harbour.load(RETRIES="4"))
    assert harbour.files("big")["weights.bin"] == weights("big", 12_000_000).data


def test_a_blob_that_comes_corrupt_is_fetched_again(harbour: Harbour, kit: ModelKit) -> None:
    harbour.wire.corrupt = weights("one").digest
    ended = harbour.load()
    refused(ended, 69, "gave up after 3 attempts", "downloaded file hash does not match descriptor")
    assert not (harbour.target / "bert").exists()
    harbour.wire.corrupt = ""
    all_right(harbour.load())
    assert harbour.files("bert")["weights.bin"] == weights("one").data


@pytest.mark.parametrize("content_of_it", [b"", b"something else"])
def test_a_layer_that_went_bad_in_the_store_is_fetched_again(
    harbour: Harbour, kit: ModelKit, content_of_it: bytes
) -> None:
    all_right(harbour.load())
    bad = harbour.target / ".work/free/bert/work/kit/storage/blobs/sha256" / weights("one").digest.partition(":")[2]
    bad.write_bytes(content_of_it.ljust(len(weights("one").layer), b"x") if content_of_it else b"")
    harbour.push("ml/bert:v1", weights("one"), Part("docs", "README.md", b"new\n"))
    ended = all_right(harbour.load(MODE="refresh"))
    assert "is corrupt; removing it" in ended.out
    assert harbour.files("bert")["weights.bin"] == weights("one").data


def test_an_index_that_was_cut_short_is_no_obstacle(harbour: Harbour, kit: ModelKit) -> None:
    all_right(harbour.load())
    for path in (harbour.target / ".work/free/bert/work/kit/storage").glob("*.json"):
        path.write_text("")
    harbour.push("ml/bert:v1", weights("one"), Part("docs", "README.md", b"new\n"))
    harbour.wire.passed.clear()
    all_right(harbour.load(MODE="refresh"))
    assert harbour.wire.sent(weights("one").digest) == 0


def test_a_fetch_that_stands_still_is_taken_up_again(harbour: Harbour, kit: ModelKit) -> None:
    harbour.wire.hold = lambda path: path.endswith(weights("one").digest)
    process = harbour.start(STALL="2")
    wait_for(lambda: len(harbour.calls("pull")) == 2, 30)
    harbour.wire.hold = None
    ended = all_right(Ended(process))
    assert "no progress for 2 seconds" in ended.out


def test_a_registry_that_cannot_be_reached_is_tried_as_often_as_told(harbour: Harbour) -> None:
    harbour.wire.down = True
    refused(harbour.load(RETRIES="2"), 69, "gave up after 2 attempts without new data", "EOF")
    assert len(harbour.calls()) == 2


@contextlib.contextmanager
def small_volume(place: Path, size: str) -> Iterator[None]:
    """A file system of that size, where this machine lets one be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", str(place)]
    if os.getuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize(("size", "where"), [("700k", "the layers"), ("1600k", "the files")])
def test_a_full_disk_says_what_is_free(harbour: Harbour, kit: ModelKit, size: str, where: str) -> None:
    harbour.ask_for(bert="ml/bert:v1 model")
    with small_volume(harbour.target, size):
        refused(harbour.load(), 74, f"{harbour.target} is full: ", "B missing", "modelCache.size")
        assert not (harbour.target / "bert").exists(), where


def test_a_target_that_this_uid_cannot_write_is_named(harbour: Harbour, kit: ModelKit) -> None:
    refused(harbour.load(uid=1000), 77, "uid 1000 cannot write to", "podSecurityContext")


# --- killed ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "shell"), list(zip([0, 300_000, 900_000], SHELLS, strict=False)))
def test_a_loader_killed_while_it_fetches_fetches_only_the_rest(
    harbour: Harbour, kit: ModelKit, after: int, shell: list[str]
) -> None:
    harbour.wire.slow = 0.01
    process = harbour.start(shell=shell)
    wait_for(lambda: harbour.held("bert", kit) > after, 60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (harbour.target / "bert").exists()
    assert not (harbour.target / ".ready").exists()
    harbour.wire.forget()
    held = harbour.held("bert", kit)
    harbour.wire.slow = 0
    all_right(harbour.load(shell=shell))
    assert {"weights.bin": weights("one").data, TRAINING.path: TRAINING.data}.items() <= harbour.files("bert").items()
    assert harbour.brought(kit) == kit.size - held


def test_a_loader_killed_while_it_unpacks_fetches_nothing_again(harbour: Harbour, kit: ModelKit) -> None:
    process = harbour.start(KIT_PACE="0.05")
    wait_for(lambda: list(harbour.target.glob(".versions/bert/*/*")), 60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    harbour.wire.forget()
    all_right(harbour.load())
    assert harbour.fetched(kit) == set()
    assert harbour.files("bert")["weights.bin"] == weights("one").data


def running(harbour: Harbour) -> list[str]:
    """Processes of this harbour that are still there."""
    marker = f"MODELS_FILE={harbour.list}".encode()
    environments = {path: read_quietly(path) for path in Path("/proc").glob("[0-9]*/environ")}
    return [str(path) for path, text in environments.items() if marker in text.split(b"\0")]


def test_a_stopped_loader_ends_at_once_and_leaves_no_kit_behind(harbour: Harbour, kit: ModelKit) -> None:
    harbour.wire.slow = 0.02
    process = harbour.start()
    wait_for(lambda: harbour.brought(kit) >= 200_000, 30)
    ended = terminated(process)
    assert (ended.code, ended.seconds < 3) == (143, True)
    assert not running(harbour)
    assert list((harbour.root / "tmp").iterdir()) == []
    assert not (harbour.target / ".lock").exists()


# --- signatures ------------------------------------------------------------------------------------------------------

SIGNED = {"COSIGN_KEY": "/opt/cosign/cosign.pub", "COSIGN_TLOG": "false"}


def cosign(harbour: Harbour, body: str) -> None:
    harbour.program("cosign", f'echo "$*" >>"{harbour.root}/cosigned"\n{body}')


def test_a_signature_is_asked_for_before_anything_is_fetched(harbour: Harbour, kit: ModelKit) -> None:
    cosign(harbour, "exit 0")
    ended = all_right(harbour.load(**SIGNED))
    assert "its signature is valid" in ended.out
    assert (harbour.root / "cosigned").read_text() == (
        "verify --allow-http-registry --private-infrastructure --key /opt/cosign/cosign.pub"
        f" {harbour.wire.host}/ml/bert@{kit.digest}\n"
    )


def test_an_identity_is_asked_for_with_its_issuer(harbour: Harbour, kit: ModelKit) -> None:
    cosign(harbour, "exit 0")
    all_right(harbour.load(COSIGN_IDENTITY="me@example.com", COSIGN_ISSUER="https://accounts.example.com"))
    assert (harbour.root / "cosigned").read_text() == (
        "verify --allow-http-registry --certificate-identity me@example.com"
        f" --certificate-oidc-issuer https://accounts.example.com {harbour.wire.host}/ml/bert@{kit.digest}\n"
    )


def test_a_modelkit_that_is_not_signed_is_refused(harbour: Harbour, kit: ModelKit) -> None:
    cosign(harbour, 'echo "Error: no signatures found" >&2; exit 10')
    refused(harbour.load(**SIGNED), 65, "has no signature that modelkit.cosign requires", "no signatures found")
    assert harbour.fetched(kit) == set()


def test_a_signature_that_could_not_be_looked_at_is_asked_for_again(harbour: Harbour, kit: ModelKit) -> None:
    cosign(harbour, f'[ "$(wc -l <"{harbour.root}/cosigned")" -gt 1 ] || {{ echo "Error: EOF" >&2; exit 1; }}')
    assert "attempt 1 failed: EOF" in all_right(harbour.load(**SIGNED)).out


@pytest.mark.parametrize(
    ("said", "code", "texts"),
    [
        ("loading public key: open /opt/cosign/cosign.pub: no such file or directory", 64, ["modelkit.cosign.key"]),
        (
            "no matching signatures: invalid signature when validating ASN.1 encoded signature",
            65,
            ["has no signature"],
        ),
        ("GET http://x/v2/y: UNAUTHORIZED: authentication required", 65, ["modelkit.existingSecret", "(cosign: GET"]),
        (
            "getting Rekor public keys: error updating to TUF remote mirror",
            69,
            ["modelkit.cosign.transparencyLog: false"],
        ),
    ],
)
def test_what_cosign_says_is_understood(
    harbour: Harbour, kit: ModelKit, said: str, code: int, texts: list[str]
) -> None:
    """The words are those of cosign 2.4."""
    cosign(harbour, f'echo "Error: {said}" >&2; echo "main.go:69: error during command execution: {said}" >&2; exit 1')
    refused(harbour.load(**SIGNED, RETRIES="2"), code, *texts)
    assert harbour.fetched(kit) == set()


def test_what_a_modelkit_builds_on_has_to_be_signed_too(harbour: Harbour) -> None:
    base = harbour.push("ml/base:v1", weights("base"))
    harbour.push("ml/tuned:v1", README, parent=f"{harbour.wire.host}/ml/base:v1")
    harbour.ask_for(tuned="ml/tuned:v1")
    cosign(harbour, 'case "$*" in *ml/base*) echo "Error: no signatures found" >&2; exit 10 ;; esac')
    refused(harbour.load(**SIGNED), 65, f"ml/base@{base.digest}: it has no signature")
    assert not (harbour.target / "tuned").exists()
    cosign(harbour, "exit 0")
    all_right(harbour.load(**SIGNED))


def test_an_image_without_cosign_is_named_as_the_fault(harbour: Harbour, kit: ModelKit) -> None:
    clean = [path for path in harbour.env["PATH"].split(":") if not Path(path, "cosign").exists()]
    refused(harbour.load(PATH=":".join(clean), **SIGNED), 70, "images.modelkitCosign")


# --- kit itself, or what stands in for it ----------------------------------------------------------------------------


def test_kit_is_content_with_a_filter_that_matches_nothing(harbour: Harbour, kit: ModelKit) -> None:
    reference = f"{harbour.wire.host}/ml/bert:v1"
    assert harbour.kit("pull", "--plain-http", reference).returncode == 0
    assert harbour.kit("unpack", reference, "-d", "out", "--filter=datasets:none").returncode == 0
    assert os.listdir(harbour.root / "out") == []
    assert "invalid filter type" in harbour.kit("unpack", reference, "-d", "out", "--filter=wights").stderr


def test_kit_believes_what_has_a_blobs_name(harbour: Harbour, kit: ModelKit) -> None:
    reference = f"{harbour.wire.host}/ml/bert:v1"
    assert harbour.kit("pull", "--plain-http", reference).returncode == 0
    blob = harbour.root / "kit/storage/blobs/sha256" / weights("one").digest.partition(":")[2]
    blob.write_bytes(b"")
    assert harbour.kit("pull", "--plain-http", reference).returncode == 0
    assert harbour.kit("unpack", reference, "-d", "out", "--filter=model").returncode == 0
    assert os.listdir(harbour.root / "out") == []
    blob.write_text("not fetched\n")
    assert harbour.kit("pull", "--plain-http", reference).returncode == 0
    assert harbour.kit("unpack", reference, "-d", "out", "--filter=docs").returncode == 0
    assert harbour.kit("unpack", reference, "-d", "out", "--filter=model").returncode == 1


def test_kit_keeps_a_partial_file_that_is_corrupt(harbour: Harbour, kit: ModelKit) -> None:
    harbour.wire.corrupt = weights("one").digest
    for _ in range(2):
        ended = harbour.kit("pull", "--plain-http", f"{harbour.wire.host}/ml/bert:v1")
        assert ended.returncode == 1
        assert "failed to get model layer: downloaded file hash does not match descriptor" in ended.stderr
        harbour.wire.corrupt = ""


def test_kit_refuses_a_store_whose_index_was_cut_short(harbour: Harbour, kit: ModelKit) -> None:
    reference = f"{harbour.wire.host}/ml/bert:v1"
    assert harbour.kit("pull", "--plain-http", reference).returncode == 0
    (harbour.root / "kit/storage/index.json").write_text("")
    assert "Invalid OCI Image Index" in harbour.kit("pull", "--plain-http", reference).stderr


def test_the_stand_in_knows_the_commands_of_kit(harbour: Harbour) -> None:
    assert shutil.which("kit", path=harbour.env["PATH"])
    said = harbour.kit("--help").stdout
    assert all(command in said for command in ("inspect", "pull", "unpack"))
