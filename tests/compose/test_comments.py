"""What the chart leaves out of templates and scripts is comments, and lines keep their numbers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from chartgen.compose import comments
from chartgen.compose.building import composed

STACK = composed("llm-stack").stack
SCRIPTS = {
    f"{fragment.id}/{file}": text
    for fragment in STACK.fragments
    for file, text in fragment.files.items()
    if file.endswith(".sh")
}


def parsed(script: str) -> str:
    """A script as bash understands it: without comments, spaces and blank lines of its own."""
    done = subprocess.run(["bash", "--pretty-print"], input=script, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("file", SCRIPTS)
def test_a_script_means_the_same_without_its_comments(file):
    assert parsed(comments.script(file, SCRIPTS[file])) == parsed(SCRIPTS[file])


def test_lines_keep_their_numbers():
    texts = [*SCRIPTS.items(), *(item for fragment in STACK.fragments for item in fragment.templates.items())]
    for file, text in texts:
        for bare in (comments.script(file, text), comments.template(text)):
            kept = zip(text.split("\n"), bare.split("\n"), strict=True)
            assert all(new in ("", old) or "/*" in new or new.startswith("*/") for old, new in kept)


def test_the_comment_at_the_top_of_a_script_stays_and_those_above_functions_go():
    script = "# What it is.\nset -u\n\n# Why.\n# More.\nload() {\n  : # here\n}\n# Not above a function.\nload\n"
    bare = "# What it is.\nset -u\n\n\n\nload() {\n  : # here\n}\n# Not above a function.\nload\n"
    assert comments.script("a.sh", script) == bare


def test_of_the_comment_at_the_top_of_a_script_the_first_paragraph_stays():
    script = "#!/bin/sh\n# What it is,\n# and for what.\n#\n# Environment\n#   A  a name\nset -u\n#\n# Here.\n"
    bare = "#!/bin/sh\n# What it is,\n# and for what.\n\n\n\nset -u\n#\n# Here.\n"
    assert comments.script("a.sh", script) == bare
    assert comments.script("a.awk", "# All\n# of it.\n{ print }\n") == "# All\n# of it.\n{ print }\n"


def test_a_data_file_stays_as_it_is():
    assert comments.script("a.yaml", "a: 1\n# Why.\nload() {\n") == "a: 1\n# Why.\nload() {\n"


def test_a_comment_goes_where_what_comes_next_removes_the_same_white_space():
    text = "a\n  {{- /* one\ntwo */}}\n{{- /* more */ -}}\n  {{- if .b }}\nb\n{{- end }}\n"
    assert comments.template(text) == "a\n\n\n\n  {{- if .b }}\nb\n{{- end }}\n"
    for kept in ("a\n{{- /**/}}\n{{ .b }}\n", "a\n{{- /**/}}\nb{{- .b }}\n", "a\n{{/**/}}\n{{- .b }}\n"):
        assert comments.template(kept) == kept


def test_the_markers_of_a_comment_stay_because_they_remove_white_space():
    assert comments.template("a\n{{- /* one\ntwo */ -}}\nb {{/* c */}} d\n") == "a\n{{- /*\n*/ -}}\nb {{/**/}} d\n"


# Texts of templates with comments, and with what looks like one.
ODD = (
    "a\n{{/* one */\n-}}\nb\n{{/* two */}}\nc\n",
    "a\n{{/* one */\t-}}\nb\n{{-\n/* two\n */}}\nc\n{{-\t/* three */\r-}}\n{{- 1 }}\n",
    '{{ "{{/* text */}}" }} {{ `{{- /* text */}} {{- x }}` }}\n',
    '{{ "{{/* " }}\nb\n{{/* one */}}c {{ "\\"{{/* " }}\nb\n{{/* two */}}c\n',
    "{{ '\"' }} {{/* \" */}} {{ '`' }} b {{- /* ` */}} {{- '}' }}\n",
    'a\n{{- /* one */}}\u00a0{{- "b" }}\n{{- /* two */}}\f{{- "c" }}\n',
    'a {{- /* one */ -}} {{- " b" }} c {{/* two */ -}}  d {{- /* three */}} {{- /* four */}} {{ "e" }}\n',
    "a {{/***/}} {{/* ** / */}}b{{- /**/ -}} {{- 2 }} {{ 1 -}} {{- /* x */}} {{- 2 }}\n",
    "a\r\n{{- /* one\r\ntwo */ -}}\r\n{{- 2 }}\r\n",
    '# {{/* one: */}} {{- /* two */}} # {{- 1 }}\n{{ tpl "1 {{- /* x */}} {{- 2 }}" . }}\n{{- /* three */}}\n',
)


def test_an_odd_template_makes_the_same_text_without_its_comments(helm: str, tmp_path: Path):
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: odd\nversion: 1.0.0\n", encoding="utf-8")
    (tmp_path / "templates").mkdir()
    made = "{{ range .Values.texts }}\n- {{ tpl . $ | toJson }}\n{{ end }}"
    (tmp_path / "templates/a.yaml").write_text(f"kind: A\nmetadata: {{name: a}}\ntexts: {made}", encoding="utf-8")
    lean = [comments.template(text) for text in ODD]
    (tmp_path / "given.json").write_text(json.dumps({"texts": [*ODD, *lean]}), encoding="utf-8")
    command = [helm, "template", str(tmp_path), "-f", str(tmp_path / "given.json")]
    done = subprocess.run(command, capture_output=True, check=True)
    texts = yaml.safe_load(done.stdout)["texts"]
    assert texts[len(ODD) :] == texts[: len(ODD)]
    assert all(
        new != old and new.count("\n") == old.count("\n") for new, old in zip(lean, ODD, strict=True) if "one" in old
    )
