"""A template is parsed as text/template does it; what it refuses is refused here, on the same line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

from chartgen.reading import gofunctions, gotemplate

# Texts that break a template when they are put into one, or taken out.
BROKEN = [
    ("{{ .a ", 1, "unclosed action"),
    ("x\n{{ if .a }}y", 2, "unexpected EOF: {{if}} has no {{end}}"),
    ("x\n\n{{ end }}", 3, "unexpected {{end}}"),
    ("{{ else }}", 1, "unexpected {{else}}"),
    ("{{ if .a }}{{ else }}{{ else }}{{ end }}", 1, "expected end; found {{else}}"),
    ('{{ define "a" }}\n{{ define "b" }}{{ end }}{{ end }}', 2, "unexpected {{define}}"),
    ("{{ define a }}{{ end }}", 1, "{{define}} has no name in quotes"),
    ("\n{{ nope . }}", 2, 'function "nope" not defined'),
    ("{{ env }}", 1, 'function "env" not defined'),
    ("{{ $x }}", 1, 'undefined variable "$x"'),
    ("{{ range $i := .a }}{{ $i }}{{ end }}{{ $i }}", 1, 'undefined variable "$i"'),
    ('{{ .a | "b" }}', 1, "non executable command in pipeline stage 2"),
    ("{{ if }}{{ end }}", 1, "missing value for if"),
    ("{{}}", 1, "missing value for command"),
    ('{{ "a }}', 1, "unterminated quoted string"),
    ("{{ `a }}", 1, "unterminated raw quoted string"),
    ("{{ (.a }}", 1, "unclosed left paren"),
    ("{{ .a) }}", 1, "unexpected right paren"),
    ("{{ .a..b }}", 1, "unexpected '.' in operand"),
    ("{{ 1x }}", 1, "bad number syntax: '1x'"),
    ('{{ "a""b" }}', 1, "unexpected '\"b\"' in operand"),
    ("{{ $a, $b := .a }}", 1, "too many declarations in command"),
    ("{{ break }}", 1, "{{break}} outside {{range}}"),
    ("{{/* a }}", 1, "unclosed comment"),
    ("{{/* a */ x}}", 1, "comment ends before closing delimiter"),
    ("{{ /* a */ }}", 1, "unrecognized character in action: '/'"),
    ("{{-.a}}", 1, "unrecognized character in action: '-'"),
    ("{{ .a & .b }}", 1, "unrecognized character in action: '&'"),
    ("{{ end }}x", 1, "unexpected {{end}}"),
]
SOUND = [
    "",
    "no action at all",
    "{{/* a comment */}}{{- /* one\nof two lines */ -}}",
    '{{ include "x" (list . "y" 1 1.5 -2 0x1F 1e3 true nil) | nindent 2 | quote -}}  x',
    "{{ if .a }}{{ else if eq .b `c` }}{{ else }}{{ end }}",
    "{{ with .a }}{{ . }}{{ else with .b }}{{ . }}{{ end }}",
    "{{ range $i, $x := .a }}{{ if $i }}{{ continue }}{{ end }}{{ break }}{{ else }}{{ end }}",
    "{{ $x := 1 }}{{ $x = 2 }}{{ with $y := $x }}{{ $y }}{{ end }}",
    '{{ define "x" }}{{ $.a }}{{ end }}{{ template "x" . }}{{ template "x" }}{{ block "y" . }}{{ end }}',
    "{{ (index .a 0).b.c }}{{ (.a).b }}{{ printf \"%c\" 'a' }}{{ print `raw\ntext` }}",
    "{{ .a\n  | quote }}",
    "}} {{ `{{` }}",
]


@pytest.mark.parametrize(("text", "line", "said"), BROKEN)
def test_what_does_not_parse_is_refused_with_its_line(text, line, said):
    with pytest.raises(gotemplate.Unparsable) as caught:
        gotemplate.parse(text)
    assert (caught.value.line, caught.value.message.partition(": it is")[0]) == (line, said)


@pytest.mark.parametrize(
    ("text", "said"), [("{{ $x = 1 }}", 'undefined variable "$x"'), ("{{ .a | }}", "missing value for command")]
)
def test_what_go_parses_and_nobody_means_is_refused(text, said):
    with pytest.raises(gotemplate.Unparsable, match=re.escape(said)):
        gotemplate.parse(text)


@pytest.mark.parametrize("text", SOUND)
def test_what_parses_is_accepted(text):
    gotemplate.parse(text)


def test_what_is_inside_an_action_is_kept_with_its_line():
    parsed = gotemplate.parse('a\n{{ define "x" }}\n{{ $v := .Values.a | default "b" }}{{ end }}\n{{ .c }}')
    (define,) = parsed.defines
    assert (define.name, define.line) == ("x", 2)
    action = next(node for node in define.body if isinstance(node, gotemplate.Action))
    assert (action.line, action.pipe.names) == (3, ("$v",))
    first, second = action.pipe.commands
    assert (first[0].kind, first[0].fields) == ("dot", ("Values", "a"))
    assert [(term.kind, term.text) for term in second] == [("function", "default"), ("text", "b")]
    assert [node.line for node in parsed.body if isinstance(node, gotemplate.Action)] == [4]


def helm_says(helm: str, folder: Path, text: str) -> tuple[int, str] | None:
    """The line and the message with which Helm refuses to parse a template; None where it parses."""
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n", encoding="utf-8")
    (chart / "templates/_t.tpl").write_text(text, encoding="utf-8")
    done = subprocess.run([helm, "template", "x", chart], capture_output=True, text=True, check=False)
    found = re.search(r"parse error at \(c/templates/_t\.tpl:(\d+)\): (.*)", done.stderr)
    return (int(found[1]), found[2]) if found else None


@pytest.mark.slow
def test_helm_refuses_the_same_texts(helm, tmp_path):
    # Go ends a template at the end of the text where an {{end}} is missing; here the block that lacks it is named.
    for text, line, said in BROKEN:
        found = helm_says(helm, tmp_path, text)
        assert found, text
        assert found[0] == line or "EOF" in said, (text, found)
    together = "".join(
        f'{{{{ define "t{n}" }}}}{text}{{{{ end }}}}' for n, text in enumerate(SOUND) if "define" not in text
    )
    assert helm_says(helm, tmp_path, together) is None


@pytest.mark.slow
def test_helm_has_each_function_and_no_other(helm, tmp_path):
    calls = "".join(f"{{{{ if false }}}}{{{{ {name} }}}}{{{{ end }}}}\n" for name in sorted(gofunctions.FUNCTIONS))
    assert helm_says(helm, tmp_path, calls) is None
    for name in ("env", "expandenv", "getenv", "mustQuote", "toYAML"):
        assert name not in gofunctions.FUNCTIONS
        assert helm_says(helm, tmp_path, f"{{{{ {name} }}}}")


@pytest.mark.slow
def test_a_character_less_is_judged_as_helm_judges_it(helm, tmp_path):
    text = (ROOT / "chartgen/fragments/engine/vllm/templates/_vllm.tpl").read_text(encoding="utf-8")[:2500]
    text = text[: text.rindex("{{- define")]
    for at in range(0, len(text), 41):
        changed = text[:at] + text[at + 1 :]
        try:
            gotemplate.parse(changed)
            ours = True
        except gotemplate.Unparsable:
            ours = False
        assert ours == (helm_says(helm, tmp_path, changed) is None), changed[max(0, at - 40) : at + 40]
