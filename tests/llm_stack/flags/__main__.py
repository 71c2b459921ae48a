"""Writes down every flag of an engine, and what some of them may be, by reading its sources: nothing of it is run.

    python -m tests.llm_stack.flags vllm 0.33.0 FOLDER      the sdist of that version, unpacked
    python -m tests.llm_stack.flags triton 2.72.0 FOLDER    triton-inference-server/server, branch r26.08
    python -m tests.llm_stack.flags sglang 0.5.21 FOLDER    the wheel of that version, unpacked
    python -m tests.llm_stack.flags llamacpp b11312 FOLDER  ggml-org/llama.cpp, that tag, or the one before it
    python -m tests.llm_stack.flags vllm history FOLDER     a folder VERSION for each version, with what it has above

The lists lie beside this file. tests/llm_stack/test_engine_flags.py holds what the chart renders against them.
A history has a line for each argument that came after the first version, or went: the argument, the first version that
has it, and the first that has it no more.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent


def declared(tree: ast.Module) -> Iterator[str]:
    """Flags that vLLM makes of its classes of arguments for the front end: their fields."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("FrontendArgs"):
            for item in node.body:
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                    yield f"--{item.target.id}"


def added(tree: ast.Module) -> Iterator[str]:
    """Flags that are named in a call of add_argument."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
            for word in node.args:
                if isinstance(word, ast.Constant) and str(word.value).startswith("--"):
                    yield str(word.value)


def literals(tree: ast.Module, name: str) -> set[str]:
    """NAME=VALUE for every value of `NAME = Literal[…]`."""
    (node,) = (one for one in tree.body if isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "") == name)
    assert isinstance(node.value, ast.Subscript)
    return {f"{name}={value}" for value in ast.literal_eval(node.value.slice)}


def vllm(source: Path) -> dict[str, set[str]]:
    """File -> flags."""
    (front,) = (source / "vllm/entrypoints").rglob("cli_args.py")
    found = {}
    batch = (source / "vllm/entrypoints").glob("launchers/run_batch.py")
    for path in (source / "vllm/engine/arg_utils.py", front, *batch):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        flags = {*declared(tree), *added(tree)}
        found[str(path.relative_to(source))] = {flag.replace("_", "-") for flag in flags}
    for name, wanted in {"cache": "CacheDType", "model": "ModelDType", "lora": "MaxLoRARanks"}.items():
        path = source / f"vllm/config/{name}.py"
        found[str(path.relative_to(source))] = literals(ast.parse(path.read_text(encoding="utf-8")), wanted)
    return found


def triton(source: Path) -> dict[str, set[str]]:
    name = "src/command_line_parser.cc"
    text = (source / name).read_text(encoding="utf-8")
    return {name: {f"--{flag}" for flag in re.findall(r'\{OPTION_[A-Z_]+,\s*"([a-z-]+)"', text)}}


def sglang(source: Path) -> dict[str, set[str]]:
    """Flags are the annotated fields of classes of arguments, and the aliases that an annotation gives them."""
    found = {}
    for path in sorted((source / "sglang/srt/arg_groups/fields").glob("*.py")):
        flags = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                if getattr(getattr(node.annotation, "value", None), "id", "") == "A":
                    flags.add(f"--{node.target.id.replace('_', '-')}")
            elif isinstance(node, ast.keyword) and node.arg == "aliases":
                flags |= set(ast.literal_eval(node.value))
        if flags:
            found[str(path.relative_to(source))] = flags
    return found


def llamacpp(source: Path) -> dict[str, set[str]]:
    """The names at the beginning of every option, in braces: those that turn it on, and then those that turn it off."""
    name = "common/arg.cpp"
    text = (source / name).read_text(encoding="utf-8")
    options = re.findall(r"add_opt\(common_arg\(\s*\{([^}]*)\},(?:\s*\{([^}]*)\},)?", text)
    return {name: {flag for pair in options for flag in re.findall(r'"(--[a-z0-9-]+)"', "".join(pair))}}


def present(source: Path) -> set[str]:
    """The arguments of a version of vLLM, and the values of --kv-cache-dtype, which older versions have elsewhere."""
    files = [source / "vllm/engine/arg_utils.py", *(source / "vllm/entrypoints").rglob("cli_args.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    found = {flag.replace("_", "-") for tree in trees for flag in {*declared(tree), *added(tree)}}
    cache = ast.parse((source / "vllm/config/cache.py").read_text(encoding="utf-8"))
    return found | {value.replace("CacheDType", "--kv-cache-dtype") for value in literals(cache, "CacheDType")}


def history(folder: Path) -> None:
    versions = sorted((path.name for path in folder.iterdir()), key=lambda name: [*map(int, name.split("."))])
    have = {version: present(folder / version) for version in versions}
    lines = ["# The arguments of vllm that came or went, as its sources have them.", f"# {' '.join(versions)}"]
    for flag in sorted(set().union(*have.values())):
        since = next(version for version in versions if flag in have[version])
        later = versions[versions.index(since) :]
        removed = next((version for version in later if flag not in have[version]), "-")
        if (since, removed) != (versions[0], "-"):
            lines.append(f"{flag} {since} {removed}")
    (HERE / "vllm-history.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(engine: str, version: str, source: str) -> None:
    if version == "history":
        history(Path(source))
        return
    found = {"vllm": vllm, "triton": triton, "sglang": sglang, "llamacpp": llamacpp}[engine](Path(source))
    lines = [f"# The flags of {engine} {version}, as its sources have them."]
    for name, flags in found.items():
        lines += [f"# {name}", *sorted(flags)]
    (HERE / f"{engine}-{version}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
