"""What the chart leaves out of templates and scripts is comments, and lines keep their numbers."""

from __future__ import annotations

import subprocess

import pytest

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


def test_a_data_file_stays_as_it_is():
    assert comments.script("a.yaml", "a: 1\n# Why.\nload() {\n") == "a: 1\n# Why.\nload() {\n"


def test_a_comment_goes_where_what_comes_next_removes_the_same_white_space():
    text = "a\n  {{- /* one\ntwo */}}\n{{- /* more */ -}}\n  {{- if .b }}\nb\n{{- end }}\n"
    assert comments.template(text) == "a\n\n\n\n  {{- if .b }}\nb\n{{- end }}\n"
    for kept in ("a\n{{- /**/}}\n{{ .b }}\n", "a\n{{- /**/}}\nb{{- .b }}\n", "a\n{{/**/}}\n{{- .b }}\n"):
        assert comments.template(kept) == kept


def test_the_markers_of_a_comment_stay_because_they_remove_white_space():
    assert comments.template("a\n{{- /* one\ntwo */ -}}\nb {{/* c */}} d\n") == "a\n{{- /*\n*/ -}}\nb {{/**/}} d\n"
