"""`python -m tests.fuzz --count N --seed S`: prints each kind of finding with the smallest file that shows it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from . import cluster, objects, proof


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cluster", metavar="NAMESPACE", help="also dry-run the manifests of accepted files there")
    parser.add_argument("--dry-runs", type=int, default=500)
    parser.add_argument("--objects", action="store_true", help="change good objects instead; needs --cluster")
    parser.add_argument("--empty", action="store_true", help="empty each field of good objects; needs --cluster")
    options = parser.parse_args()
    if (options.objects or options.empty) and not options.cluster:
        parser.error("--objects and --empty need --cluster NAMESPACE, whose API server they ask")
    if options.empty:
        return _empty(options)
    if options.objects:
        return _objects(options)
    with proof.bench() as made:
        found = proof.run(made, options.seed, options.count, lambda text: print(text, file=sys.stderr))
        for finding in found:
            small = proof.shrunk(made, finding)
            print(f"# {small.what}\n{yaml.safe_dump(small.data, allow_unicode=True)}")
        if options.cluster:
            tried = made.admitted[: options.dry_runs]
            refused = []
            with ThreadPoolExecutor(4) as pool:
                asked = pool.map(lambda each: cluster.refused(*each, options.cluster), tried)
                for number, each in enumerate(asked, 1):
                    refused += each
                    if number % 50 == 0 or number == len(tried):
                        print(f"{number} of {len(tried)} dry-run: {len(refused)} refusals", file=sys.stderr, flush=True)
            for each in {each.signature: each for each in refused}.values():
                print(f"# {each.what}\n{yaml.safe_dump(each.data, allow_unicode=True)}")
            objects = sum(text.count("\n---\n") + 1 for _, text in tried)
            print(f"{len(tried)} files ({objects} objects) dry-run by the API server, {len(refused)} refusals")
            found += refused
    print(f"{options.count} values files: {dict(made.counts)}; {len(found)} kinds of findings")
    return 1 if found else 0


def _objects(options: argparse.Namespace) -> int:
    """1 where the API server refuses what validation has nothing against."""
    with tempfile.TemporaryDirectory() as place:
        found = objects.missed(
            options.seed, options.count, options.cluster, Path(place), lambda text: print(text, file=sys.stderr)
        )
    for each in sorted(found, key=lambda each: each.said):
        print(f"# {each.change.what}\n{each.said}\n")
    print(f"{options.count} objects; {len(found)} kinds of faults that only the API server finds")
    return 1 if found else 0


def _empty(options: argparse.Namespace) -> int:
    """1 where the API server refuses what validation has nothing against; read the others."""
    made = list(objects.emptied())
    with tempfile.TemporaryDirectory() as place:
        ours, theirs = objects.disputed(made, options.cluster, Path(place))
    for change in ours:
        print(f"only validation refuses {change.what}")
    for each in theirs:
        print(f"only the API server refuses {each.change.what}: {each.said}")
    print(f"{len(made)} objects; validation alone refuses {len(ours)}, the API server {len(theirs)} kinds")
    return 1 if theirs else 0


if __name__ == "__main__":
    sys.exit(main())
