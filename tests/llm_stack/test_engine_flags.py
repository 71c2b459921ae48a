"""Every flag that the chart gives an engine is one that the sources of that version have."""

from __future__ import annotations

import json
import re

import pytest
from conftest import CHART, ROOT

from chartgen.reading import yamlfile

pytestmark = pytest.mark.slow

ENGINES = ROOT / "chartgen/fragments/engine"
HISTORY = ROOT / "tests/llm_stack/flags/vllm-history.txt"
LISTS = {path.stem: path for path in HISTORY.parent.glob("*.txt") if path != HISTORY}
# What the version of an image is that has numbers of its own.
VERSIONS = {"26.08-py3": "2.72.0"}
KNOWN = sorted({name.partition("-")[0] for name in LISTS})
CASES = {
    f"{path.parent.parent.name}/{path.stem}": path
    for engine in KNOWN
    for path in (ENGINES / engine / "cases").glob("*.yaml")
}


def versions(engine: str) -> list[str]:
    return sorted(name.partition("-")[2] for name in LISTS if name.startswith(f"{engine}-"))


def version(engine: str, tag: str) -> str | None:
    """The version that an image's tag names, if its flags are written down."""
    return next((one for one in versions(engine) if one in VERSIONS.get(tag, tag)), None)


def known(engine: str, version: str) -> set[str]:
    return set(LISTS[f"{engine}-{version}"].read_text(encoding="utf-8").split("\n"))


def flags(words: list[str]) -> set[str]:
    return {word.split("=")[0] for word in words if word.startswith("--")}


@pytest.fixture(scope="module")
def images() -> dict[str, dict[str, str]]:
    return yamlfile.read(CHART / "values.yaml").data["images"]


@pytest.mark.parametrize("engine", KNOWN)
def test_flags_of_every_image_of_the_chart_are_written_down(images, engine):
    tags = [image["tag"] for name, image in images.items() if name.startswith(engine)]
    assert tags
    assert [tag for tag in tags if not version(engine, tag)] == [], "run python -m tests.llm_stack.flags"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_flags_that_are_rendered_are_the_engines(manifests, case):
    servers = [record.manifest for record in manifests(case)._records if record.kind == "Deployment"]
    (server,) = [one for one in servers if one.metadata.name == "llm-server"]
    container = server.spec.template.spec.containers[0]
    engine = case.parent.parent.name
    tag = re.split("[:@]", container.image)[1]
    given = flags(container.args)
    assert given
    assert given - known(engine, version(engine, tag) or versions(engine)[-1]) == set()


# Flags of the chart that values may give again: the last one counts, and nothing else of the chart follows from it.
AGAIN = {
    "--metrics",  # a switch without a value
    "--offline",
    "--enable-metrics",
    "--enable-lora",
    "--headless",
    "--device",  # a program with another backend has other names
    "--batch-size",
    "--ubatch-size",
    "--kv-cache-dtype",  # the sums follow it
}


@pytest.mark.parametrize("engine", ["llamacpp", "sglang", "vllm"])  # Triton adds what its arguments name
def test_a_flag_that_the_chart_sets_from_a_value_is_refused_in_extra_args(manifests, template, tmp_path, engine):
    asked = []
    for name, case in CASES.items():
        if not name.startswith(f"{engine}/"):
            continue
        servers = [one.manifest for one in manifests(case)._records if one.kind == "Deployment"]
        (server,) = [one for one in servers if one.metadata.name == "llm-server"]
        values = yamlfile.read(case).data
        own = flags(list(values.get("extraArgs", ())))
        for flag in sorted(flags(server.spec.template.spec.containers[0].args) - own - AGAIN):
            for given in ([f"{flag}=other"], [flag, "other"]):
                file = tmp_path / f"{len(asked)}.yaml"
                file.write_text(json.dumps(values | {"extraArgs": given}), encoding="utf-8")
                asked.append((f"{name} {given}", template(file).error))
    assert asked
    assert [said for said, error in asked if "extraArgs: " not in error] == []


@pytest.mark.parametrize("engine", ["llamacpp", "sglang", "vllm"])
def test_import_has_a_row_for_each_argument_that_the_chart_refuses_in_extra_args(engine):
    text = next((ENGINES / engine / "templates").glob("_*.tpl")).read_text(encoding="utf-8")
    block = re.search(r"^arguments:\n((?:  .*\n)+)", text, re.MULTILINE)
    always = re.sub(r"(?s)\{\{- if .*?\{\{- end", "", block[1])
    refused = set(re.findall(r"^  (-[-\w]+):", always, re.MULTILINE))
    assert len(refused) > 10
    rows = yamlfile.read(ROOT / f"chartgen/importing/programs/{engine}.yaml").data["flags"]
    assert refused - rows.keys() == set()


def test_flags_that_tritons_script_adds_are_tritons():
    script = (ENGINES / "triton/files/repository.sh").read_text(encoding="utf-8")
    added = set(re.findall(r'"(--[a-z-]+)=', script))
    assert added == {"--http-restricted-api", "--grpc-restricted-protocol"}
    assert added <= known("triton", versions("triton")[-1])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("dtype",), "ModelDType"),
        (("kvCacheDtype",), "CacheDType"),
        (("lora", "properties", "maxLoraRank"), "MaxLoRARanks"),
    ],
)
def test_what_a_value_of_vllm_may_be_is_known_to_vllm(images, path, kind):
    schema = yamlfile.read(ENGINES / "vllm/values.schema.yaml").data["server"]["vllm"]["properties"]
    for step in path:
        schema = schema[step]
    assert schema["enum"]
    assert {f"{kind}={value}" for value in schema["enum"]} <= known("vllm", version("vllm", images["vllm"]["tag"]))


def changes() -> dict[str, tuple[str, str]]:
    """Argument -> (the first version that has it, the first that has it no more), "" where it was or is there."""
    lines = HISTORY.read_text(encoding="utf-8").splitlines()
    oldest = lines[1].split()[1]
    found = {}
    for line in lines[2:]:
        argument, since, removed = line.split(" ")
        found[argument] = (since if since != oldest else "", removed.strip("-"))
    return found


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, object]]:
    return yamlfile.read(ENGINES / "vllm/files/versions.yaml").data["arguments"]


def test_what_versions_of_vllm_have_is_as_their_sources_say(table):
    said = {argument: (row.get("since", ""), row.get("removed", "")) for argument, row in table.items()}
    assert said == {argument: changes().get(argument) for argument in said}


def test_every_argument_of_the_chart_that_a_version_of_vllm_lacks_is_in_the_table(manifests, table):
    given = set()
    for name, case in CASES.items():
        if name.startswith("vllm/") and "extraArgs" not in case.read_text(encoding="utf-8"):
            for record in manifests(case)._records:
                if record.kind == "Deployment" and record.manifest.metadata.name == "llm-server":
                    given |= flags(record.manifest.spec.template.spec.containers[0].args)
    schema = yamlfile.read(ENGINES / "vllm/values.schema.yaml").data["server"]["vllm"]["properties"]
    given |= {f"--kv-cache-dtype={value}" for value in schema["kvCacheDtype"]["enum"]}
    assert "--shutdown-timeout" in given
    assert (given & changes().keys()) - table.keys() == set()


def test_every_argument_that_newer_versions_of_vllm_removed_is_in_the_table(table):
    removed = {argument for argument, (_, last) in changes().items() if last}
    assert len(removed) > 30
    assert removed - table.keys() == set()


@pytest.mark.parametrize(
    ("image", "given", "said"),
    [
        ("{tag: v0.33.0}", "--nnodes=2", ""),
        ("{tag: v0.11.0}", "--nnodes=2", "--nnodes; remove it, or set image.tag to version 0.11.1 or newer"),
        ("{tag: 0.11.0-x86}", "--nnodes", "0.11.0-x86 does not have the argument --nnodes"),
        ("{tag: v0.18.0}", "--swap-space=1", "v0.18.0 does not have the argument --swap-space any more"),
        ("{tag: v0.17.1}", "--swap-space=1", ""),
        ("{tag: v0.33.0}", "--swap_space", "v0.33.0 does not have the argument --swap_space any more"),
        ("{tag: v0.33.0}", "--no-calculate-kv-scales", "does not have the argument --no-calculate-kv-scales any more"),
        ("{tag: v0.33.0}", "--guided-decoding-backend=xgrammar", "argument --guided-decoding-backend any more"),
        ("{tag: v0.33.0}", "--kv_cache_dtype=nvfp4", ""),
        (
            "{tag: v0.18.0}",
            "--kv_cache_dtype=nvfp4",
            "does not have the argument --kv_cache_dtype=nvfp4; remove it, or set image.tag to version 0.20",
        ),
        ("{tag: nightly}", "--swap-space=1", ""),
        ("{tag: latest}", "--nnodes=2", ""),
        ("{repository: team/own, tag: v0.11.0}", "--nnodes=2", ""),
        ("{repository: h:5000/a/vllm-openai, tag: v0.11.0}", "--nnodes=2", "does not have the argument --nnodes"),
    ],
)
def test_an_argument_that_an_images_version_lacks_is_refused(template, tmp_path, image, given, said):
    file = tmp_path / "values.yaml"
    values = "gpu: {vendor: nvidia, count: 1}\nmodel: {name: team/small}\n"
    file.write_text(f"engine: vllm\nimage: {image}\nextraArgs: [{given}]\n{values}", encoding="utf-8")
    rendered = template(file)
    assert said in rendered.error
    assert bool(rendered.error) == bool(said)
