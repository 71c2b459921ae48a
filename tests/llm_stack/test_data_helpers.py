"""base's helpers that turn text into data, and text into blocks, by the real Helm."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from conftest import ROOT

HELPERS = (ROOT / "chartgen/fragments/base/templates/_data.tpl").read_text(encoding="utf-8")
TEXTS = {
    "script": "#!/bin/sh\n\nif true; then\n  echo '\"x\": y'\nfi\n",
    "tab": "a\tb\n\tc\n",
    "letters": "é … 模型 \U0001f600\n",
    "empty": "",
    "one line": "no newline",
    "two newlines at its end": "a\n\n",
    "blank before": "  a\nb\n",
    "newline before": "\na\n",
    "blank before the last newline": "a \n",
    "blanks within": "a  \n   \n  b\n",
    "windows": "a\r\nb\r\n",
    "line separator": "a\u2028b\n",
    "next line": "a\u0085b\n",
    "byte order mark": "\ufeffa\n",
    "bell": "a\u0007\n",
    "document": "---\n...\n%YAML\n# not a comment\n",
    "number": "123\n",
}
BLOCKS = ["script", "tab", "letters", "blanks within", "document", "number"]


@pytest.fixture
def render(helm: str, write: Callable[..., Any]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Render one template with these values, next to the helpers."""

    def rendered(template: str, **values: Any) -> subprocess.CompletedProcess[str]:
        chart = write(
            {
                "Chart.yaml": {"apiVersion": "v2", "name": "little", "version": "1.0.0"},
                "templates/_data.tpl": HELPERS,
                "templates/a.yaml": template,
                "values.yaml": yaml.safe_dump(values),
            }
        )
        return subprocess.run([helm, "template", "x", str(chart)], capture_output=True, text=True)

    return rendered


def test_text_in_a_config_map_is_the_same_to_the_letter_and_a_block_where_one_holds_it(render):
    template = (
        "data:\n"
        "  {{- range $name, $text := .Values.texts }}\n"
        '  {{ quote $name }}: {{ include "fragment.block" $text }}\n'
        "  {{- end }}\n"
        "  # The end.\n"
    )
    done = render(template, texts=TEXTS)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["data"] == TEXTS
    assert [name for name in TEXTS if f'"{name}": |\n' in done.stdout] == BLOCKS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("helper", "text", "data"),
    [
        ("map", "", {}),
        ("map", "a: 1\nError: b\n", {"a": 1, "Error": "b"}),
        ("map", "# nothing\n", {}),
        ("map", 'a: |\n  x\n   y\n"b": c', {"a": "x\n y\n", "b": "c"}),
        ("map", '{"a": [1]}', {"a": [1]}),
        ("list", "", []),
        ("list", "- a\n- {b: c}\n", ["a", {"b": "c"}]),
        ("list", '["a"]', ["a"]),
    ],
)
def test_yaml_text_becomes_data(render, helper, text, data):
    template = f'found: {{{{ .Values.text | include "fragment.{helper}" | mustFromJson | toJson }}}}\n'
    done = render(template, text=text)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout) == {"found": data}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("- {a: b}\n- c: |+\n    d\n", [{"a": "b"}, {"c": "d\n\n"}]),
        ("# nothing\n", []),
        ("[]", []),
        ("- {a: '...'}\n- {b: '---'}\n", [{"a": "..."}, {"b": "---"}]),
        ("- error converting YAML to JSON\n", ["error converting YAML to JSON"]),
        ("- [1, 2.5, true, null]\n", [[1, 2.5, True, None]]),
    ],
)
def test_lists_that_are_read_in_one_step_or_two_are_the_same(render, text, data):
    template = 'found: {{ .Values.text | include "fragment.list" | mustFromJson | toJson }}\n'
    done = render(template, text=text)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout) == {"found": data}


def test_a_second_document_is_not_left_out_in_silence(render):
    done = render('found: {{ .Values.text | include "fragment.list" }}\n', text="- {a: b}\n---\n- {c: d}\n")
    assert done.returncode != 0
    assert "not a YAML list: " in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("helper", "text"),
    [
        ("map", "a: ["),
        ("map", "- a"),
        ("map", "a: b: c"),
        ("map", "plain"),
        ("list", "a: b"),
        ("list", "- a: ["),
        ("list", "plain"),
    ],
)
def test_text_that_is_no_such_yaml_fails_the_render_with_the_text(render, helper, text):
    done = render(f'found: {{{{ .Values.text | include "fragment.{helper}" }}}}\n', text=text)
    assert done.returncode != 0
    assert f"not a YAML {helper}: " in done.stderr
    assert text.splitlines()[0] in done.stderr
    assert "a.yaml" in done.stderr
