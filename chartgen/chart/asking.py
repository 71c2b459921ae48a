"""What a chart's own helpers say: a copy of the chart that renders one question in place of its objects."""

from __future__ import annotations

import shutil
from pathlib import Path

FILES = ("Chart.yaml", "values.yaml")
SCHEMA = "values.schema.json"


def asking(chart: Path, name: str, question: str, place: Path, schema: bool = True) -> Path:
    """A copy of a chart, in the folder `place`, whose templates are its helpers and the question.

    CHART in the question is the chart's name, which the names of its helpers begin with. Without `schema`, the copy has
    none: for values that are held against it anyway.
    """
    folder = place / name
    (folder / "templates").mkdir(parents=True)
    for file in (*FILES, *((SCHEMA,) if schema else ())):
        if (chart / file).is_file():
            shutil.copyfile(chart / file, folder / file)
    if (chart / "files").is_dir():
        shutil.copytree(chart / "files", folder / "files")
    for helper in sorted((chart / "templates").rglob("_*.tpl")):
        shutil.copyfile(helper, folder / "templates" / "_".join(helper.relative_to(chart / "templates").parts))
    (folder / "templates/ask.yaml").write_text(question.replace("CHART", name), encoding="utf-8")
    return folder


def defines(chart: Path, name: str) -> bool:
    """Whether a chart has a helper of this name."""
    text = f'define "{name}"'
    return any(text in file.read_text(encoding="utf-8") for file in (chart / "templates").rglob("_*.tpl"))
