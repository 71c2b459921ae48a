"""Every flag that the chart gives an engine is one that the sources of that version have."""

from __future__ import annotations

import re

import pytest
from conftest import CHART, ROOT

from chartgen.reading import yamlfile

pytestmark = pytest.mark.slow

ENGINES = ROOT / "chartgen/fragments/engine"
LISTS = {path.stem: path for path in (ROOT / "tests/llm_stack/flags").glob("*.txt")}
# What the version of an image is that has numbers of its own.
VERSIONS = {"26.08-py3": "2.72.0"}
CASES = {
    f"{path.parent.parent.name}/{path.stem}": path
    for engine in ("vllm", "triton")
    for path in (ENGINES / engine / "cases").glob("*.yaml")
}


def known(engine: str, tag: str) -> set[str]:
    version = VERSIONS.get(tag, tag.removeprefix("v"))
    assert f"{engine}-{version}" in LISTS, (
        f"write down the flags of {engine} {version}: python -m tests.llm_stack.flags"
    )
    return set(LISTS[f"{engine}-{version}"].read_text(encoding="utf-8").split("\n"))


def flags(words: list[str]) -> set[str]:
    return {word.split("=")[0] for word in words if word.startswith("--")}


@pytest.fixture(scope="module")
def tags() -> dict[str, str]:
    """Repository -> tag, of all images that the values name."""
    images = yamlfile.read(CHART / "values.yaml").data["images"].values()
    return {image["repository"]: image["tag"] for image in images}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_flags_that_are_rendered_are_the_engines(manifests, tags, case):
    servers = [record.manifest for record in manifests(case)._records if record.kind == "Deployment"]
    (server,) = [one for one in servers if one.metadata.name == "llm-server"]
    container = server.spec.template.spec.containers[0]
    repository = re.split("[:@]", container.image)[0]
    engine = case.parent.parent.name
    default = "26.08-py3" if engine == "triton" else "v0.33.0"
    given = flags(container.args)
    assert given
    assert given - known(engine, tags.get(repository, default)) == set()


def test_flags_that_tritons_script_adds_are_tritons(tags):
    script = (ENGINES / "triton/files/repository.sh").read_text(encoding="utf-8")
    added = set(re.findall(r'"(--[a-z-]+)=', script))
    assert added == {"--http-restricted-api", "--grpc-restricted-protocol"}
    assert added <= known("triton", tags["nvcr.io/nvidia/tritonserver"])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("dtype",), "ModelDType"),
        (("kvCacheDtype",), "CacheDType"),
        (("lora", "properties", "maxLoraRank"), "MaxLoRARanks"),
    ],
)
def test_what_a_value_of_vllm_may_be_is_known_to_vllm(tags, path, kind):
    schema = yamlfile.read(ENGINES / "vllm/values.schema.yaml").data["server"]["vllm"]["properties"]
    for step in path:
        schema = schema[step]
    assert schema["enum"]
    assert {f"{kind}={value}" for value in schema["enum"]} <= known("vllm", tags["vllm/vllm-openai"])
