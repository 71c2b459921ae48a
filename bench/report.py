"""The rows -> docs/bench.md, and the lines on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from .rows import Row

HEAD = """\
# Benchmarks

Made by `make bench`; do not edit. What counts are ratios of things that ran in turn in one run; seconds are those of
one machine on one day. `median (lowest to highest, number of pairs)`.

"""

MEANING = """
## What each row means

**`chartgen build --check`** is a whole process: it starts, reads the stack and every fragment, composes the chart, and
compares it with the one on disk. What it is measured against is a process that only imports the two packages that it
cannot do without. Python's bytecode is there for both, as it is where a wheel was installed.

**`chartgen validate --json`** is measured against a loop in bash: for each of its renders `helm template … |
kubeconform -strict …`, with the same chart, values, release names, versions, APIs and schemas; for a render that must
be refused, `helm template` alone. Only renders and documents that are the same in number on both sides are compared.
The loop uses one core at a time, validation all there are, so that on a busy machine validation loses more; the ratio
in seconds of CPU is the work that is saved. The loop proves less. It does not prove

- that fragments and stack are well-formed, and that the chart is what they make;
- that a refusal says what its case expects, and that a fault in values is told with its line;
- the rules of the house: names, labels, security contexts, limits;
- the wiring: that what a manifest points at exists, that names of other releases do not clash.

**`helm template`, per object** is the time of the whole process by the number of objects rendered: the example that
renders the most, without proofs, and another public chart with its own defaults. Helm's own start is the larger part of
all of them, so that a chart with more objects looks better than it is; what an object takes beyond it is in the notes.

**The Secret of a release** is what Helm keeps in the cluster for each revision: base64 of gzip of the release with the
chart's templates, schema, files, values and manifests. The release is what `helm install --dry-run=client
--output=json` prints; Python compresses it, to some 2 % less than Go does in a real one. Kubernetes takes no Secret of
more than 1024 KiB.

**Bytes** are those of all answers' bodies that pass between the loader's script, in a real shell, and a real registry
that wants credentials; a wire between them counts. Loaders that share a folder run at once.
"""


def document(rows: Sequence[Row], facts: Sequence[str]) -> str:
    """docs/bench.md; `facts` say when, on what machine and with which versions."""
    table = ["| what | measured | aim | |", "|---|---|---|---|"]
    for row in rows:
        what = row.what.replace("|", "\\|")  # a bar ends a cell, even in code
        table.append(f"| {what} | {row.measured} | {row.aim} | {verdict(row)} |")
    notes = [f"- {row.what}: {' '.join(filter(None, row.more))}" for row in rows if row.more]
    return HEAD + "\n".join([*facts, "", *table, "", "## Notes", "", *notes, ""]) + MEANING


def lines(rows: Sequence[Row]) -> list[str]:
    """The rows for a terminal."""
    found = []
    for row in rows:
        aim = f"; {row.aim}: {verdict(row)}" if row.aim else ""
        found.append(f"{row.what.replace('`', '')}: {row.measured}{aim}")
    return found


def verdict(row: Row) -> str:
    """Whether the aim is met, in a word; empty where there is none."""
    return "" if row.met is None else "aim met" if row.met else "aim missed"
