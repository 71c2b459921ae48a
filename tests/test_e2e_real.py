"""What `make e2e-real` is made of, as far as it needs no cluster."""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chartgen.problem import ToolError
from tests.e2e_real import gguf, hf, images, lab
from tests.e2e_real.__main__ import GROUPS, Done, lacking, table
from tests.registry import free_port

HERE = Path(__file__).parent / "e2e_real"
FAKE = {"kwok.x-k8s.io/node": "fake"}


@pytest.fixture(scope="module")
def registry() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A registry that runs, with its address."""
    command = [sys.executable, str(HERE / "registry.py"), "0", "one=1", "big=2,1,50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        port = next(line for line in process.stdout or () if line.startswith("ready")).split()[-1]
        yield f"http://127.0.0.1:{port}", process
        process.terminate()


def ask(url: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return answer.read()


# --- the model ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_model_is_the_same_for_the_same_seed_alone() -> None:
    assert gguf.tiny(1) == gguf.tiny(1)
    assert gguf.tiny(1) != gguf.tiny(2)


def test_a_model_ends_with_its_last_tensor() -> None:
    model = gguf.tiny(1)
    magic, version, tensors, _ = struct.unpack_from("<4sIQQ", model)
    assert (magic, version) == (b"GGUF", 3)
    place = model.index(b"blk.1.ffn_down.weight") + len("blk.1.ffn_down.weight")
    dimensions, inner, width, kind, offset = struct.unpack_from("<IQQIQ", model, place)
    assert (dimensions, inner, width, kind) == (2, gguf.INNER, gguf.WIDTH, 0)
    start = -(-(place + 32) // gguf.ALIGN) * gguf.ALIGN
    assert len(model) == start + offset + 4 * inner * width
    assert tensors == 3 + 9 * gguf.LAYERS


def test_a_model_says_how_long_a_conversation_can_be() -> None:
    said = b"llama.context_length" + struct.pack("<II", 4, 16384)
    assert said in gguf.tiny(1, 16384)
    assert said not in gguf.tiny(1)


@pytest.mark.slow
def test_a_model_of_the_hub_has_the_tensors_that_its_config_asks_for(tmp_path: Path) -> None:
    hf.write(tmp_path, 1)
    config = json.loads((tmp_path / "config.json").read_text())
    tensors = header(tmp_path / "model.safetensors")
    assert tensors["model.embed_tokens.weight"]["shape"] == [config["vocab_size"], config["hidden_size"]]
    assert len(tensors) == 2 + 12 * config["num_hidden_layers"]
    assert config["hidden_size"] // config["num_attention_heads"] == 64
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    assert sorted(tokenizer["model"]["vocab"].values()) == list(range(config["vocab_size"]))
    adapter = json.loads((tmp_path / "adapter/adapter_config.json").read_text())
    changed = header(tmp_path / "adapter/adapter_model.safetensors")
    assert len(changed) == 2 * len(adapter["target_modules"]) * config["num_hidden_layers"]


def header(path: Path) -> dict[str, Any]:
    """What a file of tensors says that it holds, which is all that it holds."""
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    tensors = json.loads(content[8 : 8 + length])
    tensors.pop("__metadata__")
    place = 0
    for each in tensors.values():
        start, end = each["data_offsets"]
        assert (start, end - start) == (place, 4 * math.prod(each["shape"]))
        place = end
    assert len(content) == 8 + length + place
    return tensors


# --- the registry ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_model_comes_from_the_registry_in_pieces(registry: tuple[str, subprocess.Popen[str]]) -> None:
    url, process = registry
    manifest = json.loads(ask(f"{url}/v2/library/tiny/manifests/big"))
    layer = next(each for each in manifest["layers"] if each["mediaType"].endswith("image.model"))
    blob = f"{url}/v2/library/tiny/blobs/{layer['digest']}"
    pieces = [ask(blob, Range="bytes=0-999"), ask(blob, Range="bytes=1000-")]
    assert hashlib.sha256(b"".join(pieces)).hexdigest() == layer["digest"].removeprefix("sha256:")
    said = [process.stdout.readline() for _ in pieces] if process.stdout else []
    assert said == ["sent big 0 1000\n", f"sent big 1000 {layer['size'] - 1000}\n"]


def test_the_registry_has_no_other_model(registry: tuple[str, subprocess.Popen[str]]) -> None:
    url, _ = registry
    for path in ("/v2/library/tiny/manifests/two", "/v2/library/other/manifests/one"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(url + path)


# --- the images -----------------------------------------------------------------------------------------------------


def test_an_image_holds_what_its_parts_are_named_after(tmp_path: Path) -> None:
    files: images.Files = {"/usr/bin/tool": b"#!/bin/sh\n", "/usr/bin/other": "tool"}
    images.write(images.Image("docker.io/a/b:1", files, ("/usr/bin/tool",)), tmp_path / "image.tar")
    with tarfile.open(tmp_path / "image.tar") as tar:
        read = {each.name: tar.extractfile(each).read() for each in tar.getmembers()}  # type: ignore[union-attr]
    for name, content in read.items():
        assert not name.startswith("blobs/") or name == blob(f"sha256:{hashlib.sha256(content).hexdigest()}")
    entry = json.loads(read["index.json"])["manifests"][0]
    assert entry["annotations"] == {"io.containerd.image.name": "docker.io/a/b:1"}
    manifest = json.loads(read[blob(entry["digest"])])
    config = json.loads(read[blob(manifest["config"]["digest"])])
    assert config["config"]["Cmd"] == ["/usr/bin/tool"]
    assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]
    (tmp_path / "layer.tar").write_bytes(read[blob(manifest["layers"][0]["digest"])])
    with tarfile.open(tmp_path / "layer.tar") as tar:
        assert tar.getmember("usr/bin/tool").mode == 0o755
        assert tar.getmember("usr/bin/other").linkname == "tool"
        assert tar.getmember("bin").linkname == "usr/bin"


def blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def test_an_image_that_somebody_packed_gets_the_name_that_the_chart_asks_for(tmp_path: Path) -> None:
    files: images.Files = {"/usr/bin/tool": b"#!/bin/sh\n"}
    images.write(images.Image("docker.io/a/b:1", files, entrypoint=("/usr/bin/tool",)), tmp_path / "old.tar")
    images.renamed(tmp_path / "old.tar", "docker.io/c/d:2", tmp_path / "new.tar")
    with tarfile.open(tmp_path / "old.tar") as old, tarfile.open(tmp_path / "new.tar") as new:
        assert old.getnames() == new.getnames()
        index = json.load(new.extractfile("index.json"))  # type: ignore[arg-type]
        assert index["manifests"][0]["annotations"] == {"io.containerd.image.name": "docker.io/c/d:2"}
        for name in new.getnames():
            if name.startswith("blobs/"):
                content = new.extractfile(name).read()  # type: ignore[union-attr]
                assert name == blob(f"sha256:{hashlib.sha256(content).hexdigest()}")


def test_a_tar_that_is_no_image_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w"):
        pass
    with pytest.raises(ToolError, match=r"no image in the OCI layout"):
        images.renamed(tmp_path / "a.tar", "docker.io/c/d:2", tmp_path / "new.tar")


def test_a_program_comes_with_the_libraries_that_it_loads() -> None:
    files = images.programs("sh")
    assert files["/usr/bin/sh"]
    assert any(re.search(r"/(libc|ld-)[^/]*$", name) for name in files)


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(ToolError, match="no-such-program: not on PATH"):
        images.programs("no-such-program")


@pytest.mark.parametrize(
    ("repository", "whole"),
    [
        ("ollama/ollama", "docker.io/ollama/ollama:1"),
        ("ghcr.io/open-webui/open-webui", "ghcr.io/open-webui/open-webui:1"),
        ("mirror:5000/ollama", "mirror:5000/ollama:1"),
    ],
)
def test_an_image_has_the_name_by_which_a_node_knows_it(repository: str, whole: str) -> None:
    assert images.reference({"repository": repository, "tag": "1"}) == whole


# --- what a group needs ---------------------------------------------------------------------------------------------


def test_a_group_names_what_it_needs_and_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OLLAMA", "KIT", "LLAMACPP", "VLLM", "RAY", "ENFORCER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("IMPORT", "true")
    every = {"LeaderWorkerSet", "RayService"}
    needed = {
        "one": "OLLAMA",
        "policy": "OLLAMA",
        "kit-init": "KIT",
        "llamacpp": "LLAMACPP",
        "group": "VLLM",
        "ray": "RAY",
    }
    assert {group: lacking(group, every).partition(" ")[0] for group in needed} == needed
    assert not lacking("batch", set())
    monkeypatch.setenv("VLLM", "image.tar")
    assert not lacking("vllm", set())
    assert "LeaderWorkerSet" in lacking("group", set())
    assert not lacking("group", every)
    assert "RayService" in lacking("ray", {"LeaderWorkerSet"})
    monkeypatch.setenv("OLLAMA", "ollama")
    assert "ENFORCER" in lacking("policy", every)
    monkeypatch.setenv("ENFORCER", "calico 3.31.0")
    assert not lacking("policy", every)
    monkeypatch.delenv("IMPORT")
    assert not lacking("one", set())  # the node fetches the chart's own images


def test_every_group_has_its_claims() -> None:
    assert lab.CLAIMS.keys() == GROUPS.keys()


# --- nodes and pods -------------------------------------------------------------------------------------------------


def node(spec: dict[str, Any] | None = None, annotations: dict[str, str] | None = None, ready: str = "True") -> Any:
    status = {"conditions": [{"type": "Ready", "status": ready}], "allocatable": {"cpu": "2", "memory": "4Gi"}}
    return {"metadata": {"name": "n", "annotations": annotations or {}}, "spec": spec or {}, "status": status}


def test_pods_are_sent_to_a_real_node_that_takes_them() -> None:
    assert lab.takes_pods(node())
    assert lab.takes_pods(node({"taints": [{"key": "a", "effect": "PreferNoSchedule"}]}))
    assert not lab.takes_pods(node(annotations=FAKE))
    assert not lab.takes_pods(node({"unschedulable": True}))
    assert not lab.takes_pods(node({"taints": [{"key": "a", "effect": "NoSchedule"}]}))
    assert not lab.takes_pods(node(ready="Unknown"))


def test_a_node_is_described_by_what_it_has() -> None:
    assert lab.described(node()) == "n (2 CPUs, 4Gi of memory)"
    assert lab.described(node({"unschedulable": True}, FAKE)) == "n (faked by kwok, cordoned)"


def test_a_pod_on_a_node_where_nothing_runs_is_a_fault() -> None:
    pods = [
        {"metadata": {"name": name}, "spec": {"nodeName": where} if where else {}, "status": {"phase": "Running"}}
        for name, where in (("a", "real"), ("b", "fake"), ("c", ""))
    ]
    assert lab.strangers(pods, {"real"}) == ["Pod/b: is Running on fake, no real node"]


def test_the_table_says_what_each_step_saw_or_what_is_wrong() -> None:
    lines = table([Done("one", "install", 1.25, saw="ready"), Done("one", "chat", 0.5, wrong=("it\nis", "not"))])
    assert lines == [
        "steps of  step     seconds  saw",
        "one       install      1.2  ready",
        "one       chat         0.5  FAILED: it",
    ]


# --- the reader of a model ------------------------------------------------------------------------------------------


def lay(folder: Path, version: str, size: int, said: int | None = None) -> None:
    """Each file appears at once, so that a reader beside it sees no file that is still being written."""
    folder.mkdir(exist_ok=True)
    config = json.dumps({"version": version, "bytes": said or size})
    for name, text in (("config.json", config), ("weights.bin", f"{version}\n".ljust(size, "."))):
        (folder / f".{name}").write_text(text)
        (folder / f".{name}").rename(folder / name)


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[tuple[Path, Any]]:
    """A reader that has loaded a model, the link through which it reads, and what asks it."""
    lay(tmp_path / "v1", "alpha", 100)
    (tmp_path / "bert").symlink_to("v1")
    port = free_port()
    command = [sys.executable, str(HERE / "reader.py"), str(port), str(tmp_path / "bert")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert next(iter(process.stdout or ())) == "loaded alpha\n"

        def asked(path: str, data: bytes | None = None) -> bytes:
            for _ in range(100):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data) as answer:
                        return answer.read()
                except urllib.error.URLError as error:
                    if isinstance(error, urllib.error.HTTPError):
                        raise
                    time.sleep(0.02)
            raise AssertionError("the reader does not answer")

        yield tmp_path, asked
        process.terminate()


def test_a_reader_loads_once_and_again_when_told(reading: tuple[Path, Any]) -> None:
    folder, asked = reading
    lay(folder / "v2", "beta", 200)
    (folder / ".new").symlink_to("v2")
    (folder / ".new").rename(folder / "bert")
    assert json.loads(asked("/state"))["loaded"] == "alpha"
    assert asked("/reload", b"") == b"beta"
    state = json.loads(asked("/state"))
    assert (state["loaded"], state["loads"], state["faults"]) == ("beta", 2, [])


def test_a_reader_notices_half_a_model(reading: tuple[Path, Any]) -> None:
    folder, asked = reading
    lay(folder / "v1", "alpha", 50, said=100)
    for _ in range(100):
        if faults := json.loads(asked("/state"))["faults"]:
            break
        time.sleep(0.02)
    assert "weights of alpha, 50 bytes, beside a config of" in faults[0]
    with pytest.raises(urllib.error.HTTPError, match="500"):
        asked("/reload", b"")


@pytest.mark.slow
def test_the_wire_of_a_pod_tells_what_has_passed(registry: tuple[str, subprocess.Popen[str]]) -> None:
    upstream = registry[0].removeprefix("http://")
    blob = json.loads(ask(f"{registry[0]}/v2/library/tiny/manifests/one"))["layers"][0]
    port = free_port()
    command = [sys.executable, "-B", str(HERE / "kit_wire.py"), str(port), upstream]
    scripts = str(HERE.parent / "scripts")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": scripts}) as process:
        path = f"/v2/library/tiny/blobs/{blob['digest']}"
        for _ in range(100):
            try:
                assert len(ask(f"http://127.0.0.1:{port}{path}")) == blob["size"]
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        told = 0
        for line in process.stdout or ():
            what, size, where = line.split()
            assert (what, where) == ("sent", path)
            told += int(size)
            if told == blob["size"]:
                break
        process.terminate()
    assert told == blob["size"]
