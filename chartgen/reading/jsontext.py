"""JSON that others wrote: data, or a sentence that says why it is none."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NoReturn

from .. import files
from ..problem import fault


def read(file: Path, remedy: str, infinite: bool = False) -> Any:
    """What a file of JSON holds; Faults, with what to do, where it is not JSON.

    Its numbers are finite, unless `infinite` allows what Python writes for others: `Infinity` and `NaN`.
    """
    text = files.text(file)
    try:
        return json.loads(text, parse_float=_finite, parse_constant=float if infinite else _refused)
    except json.JSONDecodeError as error:
        raise fault(file, f"is not JSON: line {error.lineno}: {error.msg}", remedy) from None
    except ValueError:
        raise fault(file, "has a number that is too large", remedy) from None
    except RecursionError:
        raise fault(file, "is nested too deeply", remedy) from None


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refused(text)


def _refused(text: str) -> NoReturn:
    raise ValueError(text)
