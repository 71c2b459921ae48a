"""Odd names and texts against the real API server, as a dry run.

`python -m tests.e2e.dry_run [SEED [ROUNDS]]`: releases and servers with names from a seed are accepted, all objects of
them; and what odd texts in the values render to is read by the API server, whether it accepts the text or not.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from chartgen.programs import tools
from chartgen.programs.helm import Request, render
from chartgen.reading.unprinted import opened
from tests.llm_stack import naming, texts

CHART = Path("charts/llm-stack")
NAMESPACE = "chartgen-dry-run"
# What the API server says where it cannot read an object, as opposed to a value that it does not accept.
UNREADABLE = re.compile(r"unmarshal|decod|unknown field|error converting|error parsing|mapping values|did not find")
# Nothing exists after a dry run, so the test pods have no service account.
IGNORED = re.compile(r"^Warning:|error looking up service account")


def main(seed: int = 1, rounds: int = 30) -> int:
    kubectl = shutil.which("kubectl")
    if not os.environ.get("KUBECONFIG") or not kubectl:
        print("dry_run: KUBECONFIG is not set, or kubectl is not on PATH", file=sys.stderr)
        return 2
    chance = random.Random(seed)
    wanted = [(naming.release(chance), naming.values(chance)) for _ in range(rounds)]
    wanted += [("llm", values) for values in _texts(chance, rounds)]
    subprocess.run([kubectl, "create", "namespace", NAMESPACE], check=False, capture_output=True)
    failures = refused = 0
    try:
        for n, (release, text) in enumerate(_rendered(wanted)):
            said = _applied(kubectl, text)
            if n < rounds:
                found = list(said)
            else:
                refused += bool(said)
                found = [line for line in said if UNREADABLE.search(line)]
            failures += bool(found)
            for line in found:
                print(f"dry_run: {release}: {json.dumps(wanted[n][1])[-300:]}: {line[:300]}")
    finally:
        subprocess.run([kubectl, "delete", "namespace", NAMESPACE, "--wait=false"], check=False, capture_output=True)
    read = f"{rounds} texts, of which it does not accept {refused}"
    print(f"dry_run: seed {seed}: {rounds} releases, {read}, {failures} failures")
    return 1 if failures else 0


def _texts(chance: random.Random, count: int) -> list[dict]:
    """Values of cases, each with one odd text that the schema allows."""
    schema = texts.Texts(opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))))
    found = []
    for file in sorted(Path("chartgen/fragments").glob("**/cases/*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        for place in schema.places(file, data):
            text = schema.frame(place).replace("{}", chance.choice(texts.ODD))
            if text and not place.general.startswith("extraObjects") and schema.accepts(place, text):
                found.append(texts.with_text(data, place, text))
    return chance.sample(found, count)


def _rendered(wanted: list[tuple[str, dict]]) -> list[tuple[str, str]]:
    """(release, manifests) of each; empty where the chart refuses the values."""
    helm = tools.ensure(["helm"], print)["helm"].path
    with tempfile.TemporaryDirectory(prefix="e2e-dry-run-") as place:
        requests = []
        for n, (release, values) in enumerate(wanted):
            file = Path(place, f"{n}.json")
            file.write_text(texts.dumped(values), encoding="utf-8")
            requests.append(Request(CHART, (file,), "1.37.0", release, NAMESPACE))
        done = render(requests, helm)
    return [(each.request.release, each.text) for each in done]


def _applied(kubectl: str, text: str) -> list[str]:
    """What the API server says against the manifests."""
    if not text.strip():
        return []
    command = [
        kubectl,
        "-n",
        NAMESPACE,
        "apply",
        "--server-side",
        "--dry-run=server",
        "--field-manager=helm",
        "-f",
        "-",
    ]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines() if done.returncode else []
    return [line for line in lines if line.strip() and not IGNORED.search(line)]


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
