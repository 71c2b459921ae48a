"""Runs kubeconform: in the prover, or one process for each Kubernetes version, over the documents that differ.

Everything that is not valid is a finding, and so is a document that kubeconform gave no answer for: it is never told to
ignore a missing schema, and its exit code alone is never believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..problem import Say, ToolError
from .helm import steady
from .limits import cores
from .prover import Prover

TIMEOUT = 300  # seconds for one process
QUIET = 2.0  # seconds without a line of progress
Path_ = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Finding:
    """What kubeconform has against a document, one fault each.

    `version` is Kubernetes', `filename` the caller's, `status` one of Invalid, Error, Skipped, Empty and Missing (no
    answer), `path` where the fault lies within the object (lists by number), empty where it is the whole of it.
    """

    version: str
    filename: str
    kind: str
    name: str
    status: str
    path: Path_
    message: str
    remedy: str = ""


def check(
    batches: Mapping[str, Mapping[str, str]],
    locations: list[str],
    binary: Path,
    say: Say | None = None,
    prover: Prover | None = None,
) -> list[Finding]:
    """Check documents: full Kubernetes version (`1.37.0`) -> file name -> YAML text of one document.

    Texts that are alike are checked once for a version, and a finding is given for each of their file names. No finding
    means that kubeconform called every one of them valid. ToolError where it cannot be run or breaks off.
    """
    import time
    from concurrent.futures import ThreadPoolExecutor

    wanted = [(version, _named(texts)) for version, texts in batches.items() if texts]
    findings: list[Finding] = []
    proved = _proved(wanted, locations, prover) if prover else {}
    with ThreadPoolExecutor(cores()) as pool:
        said = time.monotonic()
        answers = pool.map(lambda batch: proved.get(batch[0]) or _command(*batch, locations, binary), wanted)
        for done, ((version, texts), found) in enumerate(zip(wanted, answers, strict=True), 1):
            found = _version(version, texts, found, locations)
            findings += found
            if say and time.monotonic() - said >= QUIET:
                said = time.monotonic()
                say(f"kubeconform: {done} of {len(wanted)} Kubernetes versions checked")
    return sorted(findings, key=lambda finding: (finding.version, finding.filename, str(finding.path), finding.message))


def _named(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Text -> the file names that have it."""
    names: dict[str, list[str]] = {}
    for filename, text in texts.items():
        names.setdefault(text, []).append(filename)
    return names


Batch = tuple[str, dict[str, list[str]]]  # a Kubernetes version, and its texts with their names


def _proved(wanted: list[Batch], locations: list[str], prover: Prover) -> dict[str, list[dict[str, Any]]]:
    """Kubernetes version -> the prover's answers, each named by the number of its text."""
    requests = []
    for version, texts in wanted:
        documents = {str(number): text for number, text in enumerate(texts)}
        requests.append({"check": {"version": version, "locations": locations, "documents": documents}})
    return {wanted[number][0]: answer.resources for number, answer in prover.answers(requests)}


def _command(version: str, texts: dict[str, list[str]], locations: list[str], binary: Path) -> list[dict[str, Any]]:
    """The command's answers, each named by the number of its text."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="chartgen-kubeconform-") as folder:
        for number, text in enumerate(texts):
            Path(folder, f"{number}.yaml").write_text(text, encoding="utf-8")
        answers = _run(version, folder, locations, binary)
    return [{**answer, "filename": Path(answer["filename"]).stem} for answer in answers]


def _version(
    version: str, texts: dict[str, list[str]], answers: list[dict[str, Any]], locations: list[str]
) -> list[Finding]:
    """The findings of one Kubernetes version, a document without an answer among them, by the caller's file names."""
    found = [finding for answer in answers for finding in _findings(version, answer, locations)]
    numbered = {str(number): names for number, names in enumerate(texts.values())}
    for number in numbered.keys() - {answer["filename"] for answer in answers}:
        found.append(Finding(version, number, "", "", "Missing", (), "kubeconform gave no result for this document"))
    return [replace(finding, filename=name) for finding in found for name in numbered.get(finding.filename, [""])]


def _run(version: str, folder: str, locations: list[str], binary: Path) -> list[dict[str, Any]]:
    import json
    import subprocess

    places = [f"-schema-location={location}" for location in locations]
    options = ["-strict", "-verbose", "-output=json", f"-kubernetes-version={version}", *places]
    try:
        done = subprocess.run(
            [str(binary), *options, folder], capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL
        )
        if done.returncode not in (0, 1):
            raise ValueError(f"exit code {done.returncode}")
        answers = json.loads(done.stdout)["resources"]
    except subprocess.TimeoutExpired:
        raise ToolError(f"{binary}: Kubernetes {version}: did not end within {TIMEOUT} s") from None
    except OSError as error:
        raise ToolError(f"{binary}: {error.strerror}; run 'chartgen tools'") from None
    except (ValueError, KeyError, TypeError) as error:
        said = done.stderr.strip().splitlines() or [str(error)]
        raise ToolError(f"{binary}: Kubernetes {version}: kubeconform failed: {said[0].strip()}") from None
    return answers


def _findings(version: str, answer: dict[str, Any], locations: list[str]) -> list[Finding]:
    """The findings of one answer, `filename` as kubeconform has it; none where the document is valid."""
    status = answer["status"].removeprefix("status") or "Empty"
    if status == "Valid":
        return []
    said = answer["msg"] or f"kubeconform reports {status} without a reason"
    whole = Finding(version, answer["filename"], answer["kind"], answer["name"], status, (), said)
    if status == "Invalid":
        return [replace(whole, path=path, message=message) for path, message in faults(answer["msg"])] or [whole]
    if "could not find schema" in answer["msg"]:
        return [replace(whole, **_without_schema(version, answer, locations))]
    if status == "Empty":
        remedy = "put the complete document inside the condition, with its comments"
        return [replace(whole, message="contains no object", remedy=remedy)]
    return [whole]


def _without_schema(version: str, answer: dict[str, Any], locations: list[str]) -> dict[str, str]:
    """kubeconform says the same of a schema that is not there and of one that it cannot compile: tell them apart."""
    api, kind = answer["version"], answer["kind"]
    for location in locations:
        file = Path(schema_file(location, version, api, kind))
        if file.is_file():
            remedy = f"kubeconform cannot read {file}: correct or delete it, and remove any # from its path"
            return {"message": answer["msg"], "remedy": remedy}
    group, _, name = api.rpartition("/")
    place = f"schemas/{group or name}/{kind.lower()}_{name}.json"
    return {
        "message": f"found no schema of {api} {kind} in Kubernetes {version}",
        "remedy": f"correct apiVersion and kind, or add its schema as {place} next to stack.yaml",
    }


def schema_file(location: str, version: str, api: str, kind: str) -> str:
    """Where kubeconform looks for a kind by one `-schema-location`: `api` is an apiVersion, `version` Kubernetes'."""
    group, _, name = api.rpartition("/")
    words = {
        "NormalizedKubernetesVersion": f"v{version}",
        "Group": group or name,
        "ResourceKind": kind.lower(),
        "ResourceAPIVersion": name,
    }
    return re.sub(r"{{\s*\.(\w+)\s*}}", lambda found: words.get(found[1], found[0]), location)


def schema(locations: list[str], version: str, data: Any) -> dict[str, Any] | None:
    """The schema that kubeconform uses for an object; None where there is none."""
    import json

    for location in locations:
        file = Path(schema_file(location, version, str(data.get("apiVersion")), str(data.get("kind"))))
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
    return None


def faults(message: str) -> list[tuple[Path_, str]]:
    """The faults in kubeconform's message of an invalid document, as (path, sentence); the innermost of each branch.

    It lists them as "- at '/spec': validation failed   - at '/spec/replicas': got string, want integer", two more
    blanks for each level; its own list of errors names the outermost only.
    """
    parts = re.split(r"( +)- at '((?:[^'\\]|\\.)*)': ", message)[1:]
    levels = [(len(blanks), pointer, said.strip()) for blanks, pointer, said in zip(*[iter(parts)] * 3, strict=True)]
    branches = pairwise([*_outer(levels), (0, "", "")])
    return [(_path(pointer), _plain(said)) for (level, pointer, said), (after, *_) in branches if after <= level]


def _outer(levels: list[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    """Without what is said of each branch of an anyOf, and without the path of a key's name, which is not right."""
    inside = 0
    for level, pointer, said in levels:
        if not inside or level <= inside:
            named = said.startswith("invalid propertyName")
            inside = level if named or said.startswith("'anyOf' failed") else 0
            yield level, "" if named else pointer, said


def _path(pointer: str) -> Path_:
    parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _plain(said: str) -> str:
    quantity = re.fullmatch(r"('.*') does not match pattern '.*\[KMGTPE\]i.*'", said)
    if quantity:
        return f"{quantity[1]} is not a quantity such as 500m or 2Gi"
    # Nobody chooses null, or the empty text that is as good as none.
    said = re.sub(r"(value must be one of .*?)(, ''|, <nil>)+$", r"\1", steady(said))
    said = re.sub(r"value must be one of ('[^']*')$", r"value must be \1", said)
    said = re.sub(r"([\d.]+)×10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", _digits, said)
    return said.replace("want null or ", "want ").replace(", <nil>", "")


def _digits(number: re.Match[str]) -> str:
    """A large number as it is written in YAML."""
    power = int(number[2].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
    return f"{Decimal(number[1]).scaleb(power):f}"
