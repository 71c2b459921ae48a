"""The table of accelerators: true to its page, complete in its cases, and a vendor is one block."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT

from docs.makers.accelerators import PAGE, TABLE, page

VENDORS = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
ROWS = [(vendor, scheme) for vendor, block in VENDORS.items() for scheme in block["schemes"]]


def test_page_is_made_from_the_table():
    assert PAGE.read_text(encoding="utf-8") == page(), "run 'make docs'"


@pytest.mark.slow
@pytest.mark.parametrize(("vendor", "scheme"), ROWS)
def test_every_row_stands_in_a_case(vendor, scheme):
    cases = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in (TABLE.parents[1] / "cases").glob("*.yaml")]
    asked = [case["gpu"] for case in cases if "gpu" in case]
    assert [gpu for gpu in asked if (gpu.get("vendor"), gpu.get("scheme", "devicePlugin")) == (vendor, scheme)]


@pytest.mark.parametrize(("vendor", "scheme"), ROWS)
def test_every_row_says_where_it_was_read_and_nothing_that_no_template_knows(vendor, scheme):
    row = VENDORS[vendor]["schemes"][scheme]
    assert row["source"]
    devices = {"resource", "memory", "cores", "partition", "class"}
    assert row.keys() <= devices | {"tolerations", "nodeSelector", "type", "source", "open"}
    assert row.keys() & {"resource", "memory", "cores", "class"}


@pytest.mark.parametrize(
    ("gpu", "devices"),
    [
        (
            "vendor: mthreads, scheme: hami, memory: 16Gi, coresPercent: 50",
            {"vgpu": 1, "sgpu-memory": 32, "sgpu-core": 8},
        ),
        ("vendor: nvidia, scheme: qgpu, count: 2", {"qgpu-core": 200}),
        ("vendor: nvidia, scheme: qgpu, memory: 8Gi, coresPercent: 50", {"qgpu-core": 50, "qgpu-memory": 8}),
        ("vendor: ascend, scheme: hami, type: 910B3, memory: 16Gi", {"910B3": 1, "910B3-memory": 16384}),
        ("vendor: nvidia, scheme: mig, partition: 1g.10gb", {"mig-1g.10gb": 1}),
        ("vendor: metax, scheme: hami, memory: 4Gi", {"sgpu": 1, "vmemory": 4}),
    ],
)
@pytest.mark.slow
def test_shares_are_counted_as_the_scheme_counts_them(manifests, tmp_path, gpu, devices):
    file = tmp_path / "values.yaml"
    file.write_text(f"gpu: {{{gpu}}}\nimage: {{repository: r.example.com/o, tag: '1'}}\n", encoding="utf-8")
    resources = manifests(file).get("deployment/llm-server").spec.template.spec.containers[0].resources
    for kind in (resources.requests, resources.limits):
        found = {name.rpartition("/")[2]: int(amount) for name, amount in dict(kind).items() if "/" in name}
        assert found == devices


@pytest.mark.slow
def test_new_vendor_is_one_block(tmp_path, helm):
    shutil.copytree(ROOT / "chartgen", tmp_path / "chartgen")
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    table = tmp_path / TABLE.relative_to(ROOT)
    block = "acme:\n  title: Acme\n  schemes:\n    devicePlugin: {resource: acme.example/card, source: Acme}\n"
    table.write_text(table.read_text(encoding="utf-8") + block, encoding="utf-8")
    script = "from chartgen.cli import main; main(['build', 'llm-stack', '-o', 'chart'])"
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
    command = [helm, "template", "x", "chart", "--set=gpu.vendor=acme,image.repository=r.example.com/o,image.tag=v1"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.count("acme.example/card: 1") == 2
