"""Writes down every metric that an engine exports, by reading its sources: nothing of it is run.

    python -m tests.llm_stack.metrics vllm 0.33.0 FOLDER      the sdist of that version, unpacked
    python -m tests.llm_stack.metrics sglang 0.5.21 FOLDER    the wheel of that version, unpacked
    python -m tests.llm_stack.metrics llamacpp b11312 FOLDER  ggml-org/llama.cpp, that tag, or the one before it
    python -m tests.llm_stack.metrics triton 2.72.0 FOLDER    triton-inference-server/core, branch r26.08

The lists lie beside this file. tests/llm_stack/test_watching.py holds what the chart renders against them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
# What the Python client of Prometheus appends to a name, by the word in the name of the class.
SUFFIXES = {
    "gauge": [""],
    "counter": ["_total"],
    "histogram": ["_bucket", "_count", "_sum"],
    "summary": ["_count", "_sum"],
}


def python(file: Path) -> Iterator[str]:
    """The exported names of the metrics that a Python file makes."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            made = getattr(node.func, "attr", getattr(node.func, "id", "")).lower()
            named = [word.value for word in node.keywords if word.arg == "name"] or node.args[:1]
            kind = next((kind for kind in SUFFIXES if kind in made), None)
            if kind and named and isinstance(named[0], ast.Constant) and ":" in str(named[0].value):
                name = str(named[0].value).removesuffix("_total" if kind == "counter" else "\0")
                yield from (name + suffix for suffix in SUFFIXES[kind])


def llamacpp(source: Path) -> Iterator[str]:
    text = (source / "tools/server/server-task.cpp").read_text(encoding="utf-8")
    (table,) = re.findall(r"(std::vector<metric_item> counters = .*?)std::stringstream", text, re.S)
    yield from (f"llamacpp:{name}" for name in re.findall(r'\{\s*"([a-z_]+)",', table))


def triton(source: Path) -> Iterator[str]:
    text = (source / "src/metrics.cc").read_text(encoding="utf-8")
    yield from re.findall(r'\.Name\("(nv_[a-z_]+)"\)', text)


READ = {
    "vllm": ("vllm/v1/metrics/loggers.py", lambda source: python(source / "vllm/v1/metrics/loggers.py")),
    "sglang": (
        "sglang/srt/observability/metrics_collector.py",
        lambda source: python(source / "sglang/srt/observability/metrics_collector.py"),
    ),
    "llamacpp": ("tools/server/server-task.cpp", llamacpp),
    "triton": ("src/metrics.cc", triton),
}


def main(engine: str, version: str, source: str) -> None:
    file, read = READ[engine]
    lines = [f"# The metrics of {engine} {version}, as its sources have them.", f"# {file}"]
    text = "\n".join([*lines, *sorted(set(read(Path(source))))])
    (HERE / f"{engine}-{version}.txt").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
