"""Makes rows of the catalogue of models: `python -m docs.makers.catalogue NAME=PATH/config.json…`.

Prints a row of chartgen/fragments/sizing/files/models.yaml for each configuration. Compare the size with that of the
files on the model's page.
"""

from __future__ import annotations

import sys
from pathlib import Path

from chartgen.needs import modelconfig


def line(name: str, row: modelconfig.Row, source: str = "config", **more: str) -> str:
    """A row as text: NAME: {weightsMiB: …, …}. `more` are fields that a configuration does not have, such as kv."""
    fields: dict[str, object] = {
        "weightsMiB": row.weightsMiB,
        "kvKiBPerToken": _figure(row.kvKiBPerToken),
        "windowKiBPerToken": _figure(row.windowKiBPerToken),
        "window": row.window,
        "context": row.context,
        "parametersM": row.parametersM,
        "wideM": row.wideM,
        "expertsM": row.expertsM,
        "dtype": row.dtype,
        "quantization": row.quantization,
        "heads": row.heads,
        "kvHeads": row.kvHeads,
        **more,
        "source": source,
    }
    kept = {key: value for key, value in fields.items() if value not in ("", 0) or key == "kvKiBPerToken"}
    return f"{name}: {{{', '.join(f'{key}: {value}' for key, value in kept.items())}}}"


def _figure(value: float) -> float:
    return int(value) if value.is_integer() else value


def main(arguments: list[str]) -> int:
    """Print the rows; exit code 1 where a size cannot be counted."""
    missing = 0
    for argument in arguments:
        name, _, path = argument.partition("=")
        row = modelconfig.read(Path(path))
        if not row.weightsMiB:
            print(f"{name}: the size cannot be counted; put model.safetensors.index.json next to it", file=sys.stderr)
            missing = 1
        print(line(name, row))
    return missing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
