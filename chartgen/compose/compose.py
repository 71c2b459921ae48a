"""Stack -> Chart: text in, text out, no input or output."""

from __future__ import annotations

from typing import Any

from ..chart.disk import Chart
from ..problem import Collected
from ..sources.stack import Stack
from . import artifacthub, comments, fit, merge, questions, readme, schema, slots, values, yamltext
from .schema import Values

HELMIGNORE = """\
# Made by chartgen.
.DS_Store
.git/
*.swp
*~
*.tgz
*.prov
"""


def compose(stack: Stack, kubernetes: dict[str, Any], proven: bool = False) -> Chart:
    """Make the chart; `kubernetes` holds Kubernetes' own definitions by name. Faults with every problem.

    `proven` says that these very texts have passed the builder's rules before.
    """
    # What a missing fragment would have brought is missed everywhere: that it is missing is said alone.
    Collected([] if proven else fit.missing(stack)).end()
    collected = Collected([] if proven else fit.check(stack))
    joined = collected.attempt(merge.gather, stack)
    if joined and not proven:
        from . import rules

        collected.problems = rules.check(stack, joined, kubernetes, collected.problems)
    collected.end()
    name = stack.chart["name"]
    document = schema.values_schema(stack, joined, kubernetes)
    files = {
        "Chart.yaml": _metadata(stack, joined),
        "values.yaml": values.text(stack, joined),
        "values.schema.json": schema.text(document),
        "README.md": readme.readme(stack, joined),
        ".helmignore": HELMIGNORE,
        "templates/_slots.tpl": rename(slots.text(stack.fragments, joined), name),
        **{f"examples/{file}": text for file, text in stack.examples.items()},
        **{f"ci/{file}": text for file, text in stack.ci.items()},
    }
    if asked := questions.text(stack, joined):
        files[questions.FILE] = asked
    if stack.notes:
        files["templates/NOTES.txt"] = rename(stack.notes, name)
    for fragment in stack.fragments:
        for file, text in fragment.templates.items():
            files[f"templates/{fragment.id}/{file}"] = rename(comments.template(text), name)
        for file, text in fragment.files.items():
            lean = comments.table(fragment.tables[file]) if file in fragment.data else comments.script(file, text)
            files[f"files/{fragment.id}/{file}"] = lean
    return Chart(name, dict(sorted(files.items())))


def rename(text: str, name: str) -> str:
    """The one change that a template sees: the chart's name in place of `fragment`."""
    return text.replace('"fragment.', f'"{name}.')


def _metadata(stack: Stack, joined: Values) -> str:
    annotations = artifacthub.annotations(stack, joined) | stack.chart.get("annotations", {})
    metadata = {"apiVersion": "v2", "type": "application", **stack.chart}
    metadata |= {"annotations": dict(sorted(annotations.items()))} if annotations else {}
    head = f"# Made by chartgen {'from ' + stack.file.rsplit('/', 1)[-1]}; do not edit.\n"
    return head + yamltext.document(metadata)
