"""What the run prints: failures as they happen, a table and the sum at the end."""

from __future__ import annotations

from collections.abc import Iterable

from .steps import Done


def failures(done: Done) -> list[str]:
    """A line `example NAME: step: Kind/name: what` for each fault of a step."""
    return [f"example {done.example}: {done.step}: {fault}" for fault in done.faults]


def table(everything: Iterable[Done]) -> list[str]:
    """A row for each example: its steps, how many of them failed, its seconds."""
    rows: dict[str, list[Done]] = {}
    for done in everything:
        rows.setdefault(done.example, []).append(done)
    width = max(map(len, ("example", *rows)))
    lines = [f"{'example':<{width}}  steps  failed  seconds"]
    for name, steps in rows.items():
        failed = sum(bool(each.faults) for each in steps)
        seconds = sum(each.seconds for each in steps)
        lines.append(f"{name:<{width}}  {len(made(steps)):5}  {failed:6}  {seconds:7.1f}")
    return lines


def made(steps: Iterable[Done]) -> list[Done]:
    """The steps that were made: those with a note were not."""
    return [each for each in steps if not each.note]


def notes(everything: list[Done]) -> list[str]:
    """What was not done, and for which examples where it was done for others."""
    found: dict[str, set[str]] = {}
    for done in everything:
        if done.note:
            found.setdefault(done.note, set()).add(done.example)
    every = {done.example for done in everything}
    return [note if names == every else f"{note}: {', '.join(sorted(names))}" for note, names in sorted(found.items())]


def total(everything: list[Done], seconds: float) -> list[str]:
    """The closing lines."""
    examples = {each.example for each in made(everything)}
    bad = {each.example for each in everything if each.faults}
    failed = sum(bool(each.faults) for each in everything)
    steps = len(made(everything))
    return [
        f"{len(examples - bad)} passed, {len(bad)} failed",
        f"e2e: {len(examples)} examples, {steps} steps, {failed} failures in {seconds:.0f} s",
    ]
