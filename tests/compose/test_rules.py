"""Each of the builder's rules on a little fragment that breaks it: the place, the problem, the remedy."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import outcome

from chartgen.compose import compose

SLOTS = {
    "engine.facts": {
        "kind": "one",
        "scope": "server",
        "summary": "What is known of an engine.",
        "keys": {
            "port": {"type": "integer", "required": True, "description": "Its port."},
            "protocol": {"type": "string", "enum": ["ollama", "openai"], "description": "Its API."},
            "ready": {"type": "array", "items": {"type": "string"}, "description": "Its paths."},
            "formats": {"type": "array", "items": {"type": "string", "enum": ["directory"]}, "description": "Models."},
            "ports": {"type": "object", "description": "More ports."},
            "metrics": {
                "type": "object",
                "description": "Its metrics.",
                "keys": {"port": {"type": "string", "keyOf": "ports", "or": ["http"], "description": "Its port."}},
            },
            "secret": {
                "type": "object",
                "description": "Its Secret.",
                "keys": {"name": {"type": "string", "description": "Its name."}},
            },
        },
    },
    "ui.facts": {
        "kind": "list",
        "scope": "release",
        "summary": "What is known of UIs.",
        "keys": {"name": {"type": "string", "required": True, "description": "Its name."}},
    },
    "server.checks": {"kind": "list", "scope": "server", "summary": "Sentences."},
}
SERVERS = '{{- define "fragment.servers" }}{{- end }}\n'


def value(default: Any = "", **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": "What it sets.", "default": default, **more}


def define(name: str, body: str) -> str:
    return f'{{{{- define "{name}" }}}}\n{body}\n{{{{- end }}}}\n'


@pytest.fixture
def refused(stack):
    """The problems of a stack of little fragments, a line each, with paths from the fragments' folder on."""

    def lines(fragments: dict[str, dict[str, Any]], files: dict[str, Any], **recipe: Any) -> list[str]:
        found, problems = stack(fragments, files, **recipe)
        if found:
            _, problems = outcome(compose.compose, found, {})
        return [str(problem).partition("/fragments/")[2] or str(problem) for problem in problems]

    return lines


# --- values ----------------------------------------------------------------------------------------------------------

OTHERS = [
    "{{ quote .Values.a.text }}",
    "{{ with .Values.a }}{{ quote .text }}{{ end }}",
    "{{ $x := . }}{{ with $x.Values.a.text }}{{ quote . }}{{ end }}",
    '{{ $y := get .Values "a" }}{{ quote $y.text }}',
    '{{ dig "a" "text" "" .Values | quote }}',
    '{{ index .Values "a" "text" | quote }}',
    '- {{ range $key, $v := pick .Values.a "text" }}{{ $_ := $v }}{{ end }}',
    '- {{ range list "text" }}{{ $_ := get $.Values.a . }}{{ end }}',
    '{{ $z := dict "v" .Values.a }}{{ quote $z.v.text }}',
    '{{ (first (pluck "a" .Values)).text | quote }}',
    "{{ if true }}{{ else }}{{ quote (default .Values.a nil).text }}{{ end }}",
    '{{ $d := dict }}{{ $_ := set $d "v" .Values }}{{ quote $d.v.a.text }}',
    '{{ $d := dict }}{{ $e := $d }}{{ $_ := set $d "v" .Values.a }}{{ quote $e.v.text }}',
    '{{ $d := dict "e" dict }}{{ $_ := set $d.e "v" .Values.a }}{{ quote $d.e.v.text }}',
    '{{ $d := dict }}{{ $_ := merge $d (dict "v" .Values.a) }}{{ quote $d.v.text }}',
    '{{ with dict }}{{ $_ := set . "v" $.Values.a }}{{ quote .v.text }}{{ end }}',
    '{{ include "fragment.b.x" (list .Values.a.text) }}{{ define "fragment.b.x" }}{{ quote (first .) }}{{ end }}',
]


@pytest.mark.slow
@pytest.mark.parametrize("text", OTHERS)
def test_value_of_a_fragment_that_is_not_required_is_refused_however_it_is_read(refused, text):
    files = {
        "a/values.schema.yaml": {
            "release": {"a": {"type": "object", "description": "A.", "properties": {"text": value()}}}
        },
        "a/templates/a.yaml": "kind: A\ntext: {{ quote .Values.a.text }}\n",
        "b/templates/b.yaml": f"kind: B\n{text}\n",
    }
    assert refused({"a": {}, "b": {}}, files) == [
        "b/templates/b.yaml:2: a.text: is a value of a, which this fragment does not require; "
        "read one of its slots instead, or add a to requires in fragment.yaml"
    ]
    assert refused({"a": {}, "b": {"requires": ["a"]}}, files) == []
    assert refused({"a": {}, "c": {"requires": ["a"]}, "b": {"requires": ["c"]}}, files) == []


def test_value_that_is_read_on_several_lines_is_one_problem_at_the_first(refused):
    read = "kind: B\n{{- with .Values.a }}\ntext: {{ quote .text }}\nmore: {{ quote .text }}\n{{- end }}\n"
    files = {
        "a/values.schema.yaml": {
            "release": {"a": {"type": "object", "description": "A.", "properties": {"text": value()}}}
        },
        "a/templates/a.yaml": "kind: A\ntext: {{ quote .Values.a.text }}\n",
        "b/templates/b.yaml": read,
        "b/templates/c.yaml": read.replace(".a ", ".aa "),
    }
    assert [line.partition(";")[0] for line in refused({"a": {}, "b": {}}, files)] == [
        "b/templates/b.yaml:2: a: is a value of a, which this fragment does not require",
        "b/templates/c.yaml:2: aa: no fragment declares this value",
    ]


def test_value_without_a_type_or_a_description_that_says_something_is_refused(refused):
    files = {
        "a/values.schema.yaml": "release:\n  a: {description: A., default: ''}\n",
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.a }}\n",
    }
    assert refused({"a": {}}, files) == [
        "a/values.schema.yaml:2: release.a.type: is missing; "
        "add the type of the value, such as string: without it, every value is accepted"
    ]
    files["a/values.schema.yaml"] = "release:\n  a: {type: string, description: '  ', default: ''}\n"
    (found,) = refused({"a": {}}, files)
    assert found.startswith("a/values.schema.yaml:2: release.a.description: ")
    assert "a text that says something" in found
    files["a/values.schema.yaml"] = files["a/values.schema.yaml"].replace("'  '", "A.")
    (found,) = refused({"a": {"summary": " "}}, files)
    assert found.startswith("a/fragment.yaml:1: summary: ")


def test_value_of_base_is_everybodys(refused):
    files = {
        "base/values.schema.yaml": {"release": {"a": value()}},
        "b/templates/b.yaml": "kind: B\na: {{ quote .Values.a }}\n",
    }
    assert refused({"base": {}, "b": {}}, files) == []


def test_part_of_a_shared_object_belongs_to_the_fragment_that_declares_it(refused):
    part = {"type": "object", "description": "Images."}
    files = {
        "a/values.schema.yaml": {"release": {"images": {**part, "properties": {"a": value()}}}},
        "b/values.schema.yaml": {"release": {"images": {**part, "properties": {"b": value()}}}},
        "a/templates/a.yaml": "kind: A\ntext: {{ quote .Values.images.a }}\n",
        "b/templates/b.yaml": "kind: B\ntext: {{ quote .Values.images.b }}\na: {{ quote .Values.images.a }}\n",
    }
    assert [line.partition(";")[0] for line in refused({"a": {}, "b": {}}, files)] == [
        "b/templates/b.yaml:3: images.a: is a value of a, which this fragment does not require"
    ]


def test_value_that_no_fragment_declares_is_refused_with_the_one_meant(refused):
    items = {
        "type": "array",
        "description": "L.",
        "default": [],
        "items": {"type": "object", "properties": {"name": {}}},
    }
    files = {
        "a/values.schema.yaml": {"release": {"memoryFraction": value(), "list": items}},
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.memoryFraction }}\nb: {{ quote .Values.memFraction }}\n"
        "{{ range .Values.list }}{{ $_ := .nam }}{{ end }}\nz: {{ quote .Values.zebra }}\n",
    }
    assert sorted(refused({"a": {}}, files)) == [
        "a/templates/a.yaml:3: memFraction: no fragment declares this value; did you mean 'memoryFraction'?",
        "a/templates/a.yaml:4: list.*.nam: no fragment declares this value; did you mean 'list.*.name'?",
        "a/templates/a.yaml:5: zebra: no fragment declares this value; declare it in the fragment's values.schema.yaml",
    ]


def test_value_that_no_template_reads_is_refused_at_its_line(refused):
    schema = (
        "release:\n"
        "  a:\n    type: object\n    description: A.\n    properties:\n"
        "      read: {type: string, description: R., default: ''}\n"
        "      unread: {type: string, description: U., default: ''}\n"
        "  whole: {type: object, description: W., default: {}}\n"
    )
    files = {
        "a/values.schema.yaml": schema,
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.a.read }}\n{{ with .Values.a }}{{ end }}\n"
        "{{ toYaml .Values.whole }}\n",
    }
    assert refused({"a": {}}, files) == [
        "a/values.schema.yaml:7: a.unread: no template reads this value; use it in a template, or remove it"
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{{ range $k, $v := omit .Values "b" }}{{ end }}',
        "a: {{ toJson .Values }}",
        'a: {{ index .Values (printf "%s" "a") | quote }}',
        '{{ $key := "a" | upper }}a: {{ get .Values $key | quote }}',
        "a: {{ .Values | toJson | quote }}",
        'a: {{ include "fragment.labels" .Values }}',
        'a: {{ include "fragment.labels" (dict "all" .Values) }}',
    ],
)
def test_reading_all_values_is_refused_and_reads_none(refused, text):
    files = {
        "base/templates/_b.tpl": define("fragment.labels", "1"),
        "a/values.schema.yaml": {"release": {"a": value()}},
        "a/templates/a.yaml": f"kind: A\n{text}\n",
    }
    found = [line for line in refused({"base": {}, "a": {}}, files) if "prints" not in line]
    assert [line for line in found if "templates/a.yaml" in line] == [
        "a/templates/a.yaml:2: .Values: reads all values, those of other fragments too; "
        "name each value that the template reads"
    ]
    assert [line for line in found if "schema" in line] == [
        "a/values.schema.yaml:1: a: no template reads this value; use it in a template, or remove it"
    ]


def test_text_that_is_rendered_as_a_template_is_refused(refused):
    assert refused({"a": {}}, {"a/templates/a.yaml": 'kind: A\na: {{ tpl "x" . | quote }}\n'}) == [
        "a/templates/a.yaml:2: tpl: renders a text as a template, which reads the values of every fragment; "
        "print the text as it is, or read the value in a template"
    ]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (".", ".Values.a.text"),
        (".Values", ".a.text"),
        ('(dict "c" .)', ".c.Values.a.text"),
        ("(list .)", "(first .).Values.a.text"),
        (".Values.a", ".text"),
    ],
)
def test_value_is_followed_into_the_fragments_own_templates(refused, given, read):
    files = {
        "a/values.schema.yaml": {
            "release": {"a": {"type": "object", "description": "A.", "properties": {"text": value()}}}
        },
        "a/templates/a.yaml": "kind: A\ntext: {{ quote .Values.a.text }}\n",
        "b/templates/b.yaml": f'kind: B\ntext: {{{{ include "fragment.b.x" {given} }}}}\n',
        "b/templates/_b.tpl": define("fragment.b.x", f"{{{{ quote {read} }}}}"),
    }
    found = refused({"a": {}, "b": {}}, files)
    assert "b/templates/_b.tpl:2: a.text: is a value of a, which this fragment does not require" in str(found)
    assert refused({"a": {}, "b": {"requires": ["a"]}}, files) == []


def test_object_that_several_fragments_extend_is_read_key_by_key(refused):
    part = {"type": "object", "description": "Images."}
    text = "kind: A\ntext: {{ quote .Values.images.a }}\n{{ range $key, $_ := .Values.images }}\n{{ end }}\n"
    files = {
        "a/values.schema.yaml": {"release": {"images": {**part, "properties": {"a": value()}}}},
        "b/values.schema.yaml": {"release": {"images": {**part, "properties": {"b": value()}}}},
        "a/templates/a.yaml": text,
        "b/templates/b.yaml": "kind: B\ntext: {{ quote .Values.images.b }}\n",
    }
    assert refused({"a": {}, "b": {}}, files) == [
        "a/templates/a.yaml:3: images: has values of b, which this fragment does not require; "
        "name each value that the template reads"
    ]
    files["a/templates/a.yaml"] = text.replace("range $key, $_ := .Values.images", 'with get .Values.images "a"')
    assert refused({"a": {}, "b": {}}, files) == []


def test_key_below_a_text_is_refused(refused):
    files = {
        "a/values.schema.yaml": {"release": {"a": value()}},
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.a.b }}\n",
    }
    assert [line.partition(";")[0] for line in refused({"a": {}}, files)] == [
        "a/templates/a.yaml:2: a.b: no fragment declares this value"
    ]


def test_number_of_a_text_is_refused(refused):
    count = {"type": "integer", "description": "C.", "default": 1}
    files = {
        "a/values.schema.yaml": {"release": {"a": value(), "count": count}},
        "a/templates/a.yaml": 'kind: A\na: {{ int64 .Values.a }}\nb: {{ trimSuffix "x" .Values.a | int64 }}\n'
        "c: {{ int64 .Values.count }}\n",
    }
    assert refused({"a": {}}, files) == [
        "a/templates/a.yaml:2: a: is a text, of which 'int64' makes 0 unless it is a number; "
        "declare it as an integer, or take the number out of the text first"
    ]


def test_value_that_chooses_a_fragment_or_stands_in_notes_alone_is_read(refused, tmp_path):
    (tmp_path / "NOTES.txt").write_text("{{ .Values.a }}\n", encoding="utf-8")
    files = {
        "base/values.schema.yaml": {"release": {"a": value(), "engine": value("b", **{"x-choice": True})}},
        "b/cases/b.yaml": "engine: b\n",
        "b/rejected/b.yaml": "# engine\nengine: c\n",
    }
    assert refused({"base": {}, "b": {"choice": {"engine": "b"}}}, files) == []


def test_value_without_description_or_default_is_refused(refused):
    files = {
        "a/values.schema.yaml": "release:\n  a:\n    type: object\n    properties:\n      b:\n        type: string\n",
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.a.b }}\n",
    }
    said = "is missing; add what it sets, what its default does, and its limit"
    assert refused({"a": {}}, files) == [
        f"a/values.schema.yaml:2: release.a.description: {said}",
        "a/values.schema.yaml:5: release.a.properties.b.default: is missing; add one, so that values.yaml shows the "
        'value; "", 0, {} or [] where nothing is set',
        f"a/values.schema.yaml:5: release.a.properties.b.description: {said}",
    ]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "missing ), unterminated subpattern at position 0"),
        ("^(?=a)", "it has no '(?='"),
        ("^(?<!a)", "it has no '(?<!'"),
        (r"(a)\1", r"it has no '\1'"),
        (r"a\Z", r"it has no '\Z'"),
        (r"\u00e9", r"it has no '\u'"),
        ("a*+", "it has no '*+'"),
        ("a{2,1001}", "it repeats at most 1000 times"),
    ],
)
def test_pattern_that_go_does_not_compile_is_refused(refused, pattern, why):
    files = {
        "a/values.schema.yaml": {"release": {"a": value(pattern=pattern)}},
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.a }}\n",
    }
    assert refused({"a": {}}, files) == [
        f"a/values.schema.yaml:1: release.a.pattern: '{pattern}' is not a regular expression of Go's: {why}; "
        "write it in RE2's syntax, which Helm uses"
    ]


@pytest.mark.parametrize("pattern", [r"[*+]+", r"\*+", "[aA]", "(?:a)", "(?P<n>a)", r"[\]*+]", r"\\1", "a{1,1000}"])
def test_pattern_that_go_compiles_is_not(refused, pattern):
    files = {
        "a/values.schema.yaml": {"release": {"a": value(pattern=f"^$|{pattern}")}},
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.a }}\n",
    }
    assert refused({"a": {}}, files) == []


SCOPED = {
    "base/values.schema.yaml": {"server": {"a": value()}, "release": {"b": value()}},
    "base/templates/_servers.tpl": SERVERS,
}


def test_value_of_a_server_is_read_in_its_context_alone(refused):
    text = (
        'kind: A\n{{- include "fragment.servers" . }}\na: {{ quote .Values.a }}\n'
        "{{ range .Servers }}\n- [{{ quote .Values.a }}, {{ quote .Values.b }}]\n- {{ quote $.Values.a }}\n"
        "- {{ quote $.Values.b }}\n{{ end }}\n"
    )
    server = "the template runs for each server, but reads the release's values; read .Values, the server's own"
    assert refused({"base": {}}, {**SCOPED, "base/templates/a.yaml": text}) == [
        "base/templates/a.yaml:3: a: is a value of each server, but the template reads the release's; "
        "read it in the context of a server",
        f"base/templates/a.yaml:6: $.Values.a: {server}",
        f"base/templates/a.yaml:7: $.Values.b: {server}",
    ]


@pytest.mark.parametrize(
    ("text", "function", "key"),
    [
        ('{{ $_ := set .Values.a "x" 1 }}', "set", "Values.a"),
        ('{{ $_ := unset .Values "a" }}', "unset", "Values"),
        ("{{ toYaml (merge .Values.a dict) }}", "merge", "Values.a"),
        ("{{ $a := .Values.a }}{{ toYaml (mergeOverwrite $a dict) }}", "mergeOverwrite", "Values.a"),
        ('{{ with .Values }}{{ $_ := set .a "x" 1 }}{{ end }}', "set", "Values.a"),
        ('{{ $_ := set (omit .Values "b").a "x" 1 }}', "set", "Values.a"),
        ('{{ $_ := set (merge dict .Values).a "x" 1 }}', "set", "Values.a"),
        ('{{ range .Values.a }}{{ $_ := set . "x" 1 }}{{ end }}', "set", "Values.a.*"),
        ('{{ $d := dict }}{{ $_ := set $d "g" .Values.a }}{{ $_ = set $d.g "x" 1 }}', "set", "Values.a"),
        ('{{ $d := dict "g" .Values.a }}{{ with $d.g }}{{ $_ := unset . "x" }}{{ end }}', "unset", "Values.a"),
        ('{{ toYaml (merge (dict "g" .Values.a) (dict "g" (dict "x" 1))) }}', "merge", "Values.a"),
        (
            '{{ toYaml (merge (dict "g" (dict "h" .Values.a)) (dict "g" (dict "h" (dict "x" 1)))) }}',
            "merge",
            "Values.a",
        ),
        ('{{ toYaml (mergeOverwrite (omit .Values.a "y") (dict "g" (dict "x" 1))) }}', "mergeOverwrite", "Values.a.g"),
        ('{{ toYaml (merge dict .Values.a (dict "g" (dict "x" 1))) }}', "merge", "Values.a.g"),
    ],
)
def test_values_changed_in_place_are_refused(refused, text, function, key):
    files = {
        "a/values.schema.yaml": {"release": {"a": {"type": "object", "description": "A.", "default": {}}}},
        "a/templates/a.yaml": f"kind: A\n{{{{ toYaml .Values.a }}}}\n{text}\n",
    }
    assert refused({"a": {}}, files) == [
        f"a/templates/a.yaml:3: {key}: '{function}' changes it for every template that is rendered later; "
        f"give '{function}' a deepCopy of it"
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{{ $_ := set (deepCopy .Values.a) "x" 1 }}',
        "{{ toYaml (merge dict .Values.a) }}",
        '{{ $_ := set (omit .Values.a "y") "x" 1 }}',
        '{{ $_ := set (dict "a" .Values.a) "x" 1 }}',
        '{{ $_ := set (mergeOverwrite (deepCopy .Values) (deepCopy .Values)).a "x" 1 }}',
        '{{ $_ := set (deepCopy (dict "g" .Values.a)).g "x" 1 }}',
        '{{ $d := dict }}{{ $_ := set $d "g" (deepCopy .Values.a) }}{{ $_ = set $d.g "x" 1 }}',
        '{{ $d := dict }}{{ $e := dict }}{{ $_ := set $d "g" .Values.a }}{{ $_ = set $e "x" 1 }}{{ toYaml $e }}',
        '{{ toYaml (merge (dict "g" (deepCopy .Values.a)) (dict "g" (dict "x" 1))) }}',
        '{{ toYaml (merge (dict "g" .Values.a) (dict "h" (dict "x" 1))) }}',
        '{{ toYaml (merge (dict "g" .Values.a) (dict "g" "text")) }}',
        '{{ toYaml (merge dict .Values.a (dict "g" 1)) }}',
    ],
)
def test_copies_of_values_can_be_changed(refused, text):
    files = {
        "a/values.schema.yaml": {"release": {"a": {"type": "object", "description": "A.", "default": {}}}},
        "a/templates/a.yaml": f"kind: A\n{{{{ toYaml .Values.a }}}}\n{text}\n",
    }
    assert refused({"a": {}}, files) == []


# --- facts -----------------------------------------------------------------------------------------------------------


def facts(body: str, slot: str = "engine.facts") -> tuple[dict[str, Any], dict[str, str]]:
    return (
        {"base": {"offers": SLOTS}, "b": {"requires": ["base"], "fills": {slot: "fragment.b.facts"}}},
        {"base/templates/_servers.tpl": SERVERS, "b/templates/_b.tpl": define("fragment.b.facts", body)},
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("port: 1\nprotocl: openai", "3: protocl: is not a key of engine.facts; did you mean 'protocol'?"),
        ("port: 1\nprotocol: opnai", "3: protocol: opnai is not one of its values; did you mean 'openai'?"),
        ("port: http", '2: port: "http" is not an integer; state an integer'),
        ("port: true", "2: port: true is not an integer; state an integer"),
        ("port: 1\nready: /health", '3: ready: "/health" is not an array; state an array'),
        ("port: 1\nready: [1]", "3: ready: 1 is not a string; state a string"),
        (
            "port: 1\nsecret: {nme: {{ quote .Server }}}",
            "3: secret.nme: is not one of its keys; did you mean 'name'?",
        ),
        (
            "protocol: openai",
            "1: port: engine.facts requires it, and the template never states it; add 'port: …' to fragment.b.facts",
        ),
        (
            "port: 1\n{{- if .Server }}\nprotocl: x\n{{- end }}",
            "4: protocl: is not a key of engine.facts; did you mean 'protocol'?",
        ),
    ],
)
def test_facts_that_the_slot_does_not_declare_are_refused(refused, body, said):
    assert refused(*facts(body)) == [f"b/templates/_b.tpl:{said}"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('port: 1\nprotocol: {{ "openapi" | quote }}', "protocol: openapi is not one of its values"),
        ('port: 1\nprotocol: {{ "openapi" }}', "protocol: openapi is not one of its values"),
        ('{{- $p := "openapi" }}\nport: 1\nprotocol: {{ $p | quote }}', "protocol: openapi is not one of its values"),
        ('{{- $p := quote "openapi" }}\nport: 1\nprotocol: {{ $p }}', "protocol: openapi is not one of its values"),
        ('port: 1\nprotocol: {{ ternary "openai" "x" .a | quote }}', "protocol: x is not one of its values"),
        ('port: 1\nprotocol: {{ .a | default "openapi" | quote }}', ""),
        ('port: {{ "1" | quote }}', 'port: "1" is not an integer'),
        ("port:", "port: has no value; state one, or leave the key out"),
        ("port: 1\nprotocol:\n# Its API.\nready: [/]", "protocol: has no value; state one, or leave the key out"),
        ("port: 1\nready:\n- /health\n- 1", "ready: 1 is not a string"),
        ("port: 1\nready:\n- /health", ""),
        ("port: 1\nsecret:\n  nme: x", "secret.nme: is not one of its keys"),
        ("port: 1\nsecret:\n  name: {{ quote .a }}", ""),
        ("port: 1\nsecret:\n{{- toYaml .a | nindent 2 }}", ""),
        ("port: 1\nformats: [dirctory]", "formats: dirctory is not one of its values; did you mean 'directory'?"),
        ("port: 1\nmetrics: {port: htp}", "metrics.port: htp is not http or a key of ports; did you mean 'http'?"),
        ("port: 1\nmetrics:\n  port: grcp\nports: {grpc: 2}", "metrics.port: grcp is not http or a key of ports"),
        ("port: 1\nmetrics: {port: http}", ""),
        ("port: 1\nmetrics: {port: grpc}\nports:\n  grpc: {{ int64 .a }}", ""),
        ("port: 1\nmetrics: {port: grpc}\nports: {{ toJson .a }}", ""),
    ],
)
def test_what_facts_state_is_judged_wherever_text_says_it(refused, body, said):
    found = refused(*facts(body))
    assert [line.partition("_b.tpl:")[2].partition(": ")[2].startswith(said) for line in found] == (
        [True] if said else []
    )


def test_facts_that_the_slot_declares_are_not(refused):
    text = "port: {{ int64 .Server }}\nprotocol: {{ quote .Server }}\n{{- with .Server }}\n"
    text += "secret: {name: {{ quote . }}}\n{{- end }}"
    assert refused(*facts(text)) == []
    assert refused(*facts("{{ toYaml (dict) }}")) == []  # the render sees to it


def test_each_item_of_a_list_of_facts_is_checked(refused):
    said = "ui.facts requires it, and the template never states it; add 'name: …' to fragment.b.facts"
    assert refused(*facts("- name: a\n- title: b", "ui.facts")) == [
        f"b/templates/_b.tpl:1: name: {said}",
        "b/templates/_b.tpl:3: title: is not a key of ui.facts; its keys are: name",
    ]


def test_slot_of_facts_without_keys_is_refused(refused):
    slot = {"kind": "one", "scope": "server", "summary": "Facts."}
    assert refused({"a": {"offers": {"a.facts": slot}}}, {}) == [
        'a/fragment.yaml:1: offers."a.facts".keys: is missing; add each key with its type and description'
    ]


def test_facts_are_read_by_their_keys_and_in_their_scope(refused):
    fragments, files = facts("port: 1")
    files["b/templates/b.yaml"] = (
        'kind: B\n{{- include "fragment.servers" . }}\na: {{ int64 .Facts.engine.port }}\n'
        "{{ range .Servers }}\n{{ $facts := .Facts.engine }}- [{{ quote $facts.prt }}, {{ quote $facts.secret }}]\n"
        "{{ end }}\n"
    )
    assert refused(fragments, files) == [
        "b/templates/b.yaml:3: Facts.engine: are facts of a server, but the template reads the release's; "
        "read them in the context of a server",
        "b/templates/b.yaml:5: Facts.engine.prt: is not a key of engine.facts; did you mean 'port'?",
    ]


@pytest.mark.parametrize(
    ("inside", "way"),
    [
        ('{{ include "fragment.servers" . }}', "fragment.b.facts includes fragment.servers"),
        ("{{ range .Servers }}{{ end }}", "fragment.b.facts reads .Servers"),
        ("{{ $all := .Servers }}", "fragment.b.facts reads .Servers"),
        ('{{ range index . "Servers" }}{{ end }}', "fragment.b.facts reads .Servers"),
        ('{{ range get $ "Servers" }}{{ end }}', "fragment.b.facts reads .Servers"),
        ('{{ range (pick . "Servers") }}{{ end }}', "fragment.b.facts reads .Servers"),
        ("{{ range .Values.servers }}{{ end }}", "fragment.b.facts reads .Values.servers"),
        ("{{ with .Values }}{{ range .servers }}{{ end }}{{ end }}", "fragment.b.facts reads .Values.servers"),
        ('{{ range get .Values "servers" }}{{ end }}', "fragment.b.facts reads .Values.servers"),
        ('{{ range dig "servers" (dict) .Values }}{{ end }}', "fragment.b.facts reads .Values.servers"),
        ("{{ if .Values.servers.big.enabled }}{{ end }}", "fragment.b.facts reads .Values.servers"),
        ("{{ if $.Values.servers }}{{ end }}", "fragment.b.facts reads .Values.servers"),
        ('{{ include "fragment.b.y" . }}', "fragment.b.facts includes fragment.b.y includes fragment.servers"),
        ('{{ include "fragment.b.z" . }}', "fragment.b.facts includes fragment.b.z reads .Servers"),
        (
            '{{ include (ternary "fragment.b.y" "x" true) . }}',
            "fragment.b.facts includes fragment.b.y includes fragment.servers",
        ),
    ],
)
def test_facts_of_a_server_do_not_go_through_all_servers(refused, inside, way):
    fragments, files = facts(f"port: 1\n{inside}")
    files["b/templates/_y.tpl"] = define("fragment.b.y", '{{ include "fragment.servers" . }}')
    files["b/templates/_z.tpl"] = define("fragment.b.z", '{{ $all := index . "Servers" }}')
    assert [line for line in refused(fragments, files) if "goes through" in line] == [
        f"b/templates/_b.tpl:3: fragment.b.facts: goes through all servers: {way}; "
        "read the server's own context only; what concerns several servers belongs to release.checks"
    ]


# --- files, names, folders -------------------------------------------------------------------------------------------


def test_file_that_is_not_there_is_refused(refused):
    files = {
        "a/files/run.sh": "echo\n",
        "a/templates/a.yaml": 'kind: A\na: {{ .Files.Get "files/a/run.sh" | quote }}\n'
        'b: {{ .Files.Get "files/a/rnu.sh" | quote }}\n'
        'c: {{ range $path, $_ := .Files.Glob "files/a/*.py" }}{{ end }}\n'
        '{{ range list "run" }}\n- {{ $.Files.Get (printf "files/a/%s.sh" .) | quote }}\n{{ end }}\n'
        '{{ range list "run" }}\n- {{ $.Files.Get (printf "files/b/%s.sh" .) | quote }}\n{{ end }}\n'
        'd: {{ include "fragment.a.read" (list . "files/a/run.py") | quote }}{{ define "fragment.a.read" }}{{ end }}\n',
    }
    assert refused({"a": {}}, files) == [
        "a/templates/a.yaml:3: files/a/rnu.sh: is not a file of this fragment; did you mean 'files/a/run.sh'?",
        "a/templates/a.yaml:4: files/a/*.py: is not a file of this fragment; did you mean 'files/a/run.sh'?",
        "a/templates/a.yaml:9: files/b/*.sh: is not a file of this fragment; did you mean 'files/a/run.sh'?",
        "a/templates/a.yaml:11: files/a/run.py: is not a file of this fragment; did you mean 'files/a/run.sh'?",
    ]


SCHEMA = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"resource": {"type": "string"}},
        "additionalProperties": False,
    },
}


def test_data_file_is_checked_against_the_schema_that_is_declared_for_it(refused):
    fragments = {"a": {"data": {"files/rows.yaml": "schemas/rows.json"}}}
    files = {"a/files/rows.yaml": "one:\n  resource: x\ntwo:\n  resorce: y\n", "a/schemas/rows.json": SCHEMA}
    assert refused(fragments, files) == ["a/files/rows.yaml:4: two.resorce: no such key; did you mean 'resource'?"]


def test_data_file_and_its_schema_have_to_be_there_and_readable(refused):
    fragments = {"a": {"data": {"files/rows.yaml": "schemas/rows.json"}}}
    key = 'a/fragment.yaml:1: data."files/rows.yaml"'
    assert refused(fragments, {"a/files/row.yaml": "a: {}\n"}) == [
        f"{key}: no file 'files/rows.yaml' in the fragment; did you mean 'files/row.yaml'?",
        f"{key}: no file 'schemas/rows.json' in the fragment; add it, or remove this line",
    ]
    broken = {"a/files/rows.yaml": "a: {}\n", "a/schemas/rows.json": "{\n'x': 1}\n"}
    assert [line.partition(": Exp")[0] for line in refused(fragments, broken)] == ["a/schemas/rows.json:2: is not JSON"]
    odd = {"a/files/rows.yaml": "a: {}\n", "a/schemas/rows.json": {"type": "objekt"}}
    assert [line.partition(": 'o")[0] for line in refused(fragments, odd)] == [
        "a/schemas/rows.json: type: is not a JSON Schema"
    ]


def test_define_that_stands_twice_is_refused(refused, tmp_path):
    files = {
        "a/templates/_a.tpl": define("fragment.a.x", "1"),
        "a/templates/_b.tpl": "\n" + define("fragment.a.x", "2"),
    }
    first = f"{tmp_path}/fragments/a/templates/_a.tpl:1"
    assert refused({"a": {}}, files) == [
        f"a/templates/_b.tpl:2: fragment.a.x: is defined twice, first at {first}; rename or remove one of them"
    ]


def test_fragment_below_another_cannot_define_its_names(refused, tmp_path):
    files = {"a/templates/_a.tpl": define("fragment.a.b.x", "1"), "a/b/templates/_b.tpl": define("fragment.a.b.x", "2")}
    first = f"{tmp_path}/fragments/a/templates/_a.tpl:1"
    assert refused({"a": {}, "a/b": {}}, files) == [
        f"a/b/templates/_b.tpl:1: fragment.a.b.x: is defined twice, first at {first}; rename or remove one of them"
    ]


def test_choice_that_two_fragments_have_is_refused(refused):
    files = {"base/values.schema.yaml": {"release": {"engine": value("x", **{"x-choice": True})}}}
    for name in ("a", "b"):
        files |= {f"{name}/cases/x.yaml": "engine: x\n", f"{name}/rejected/x.yaml": "# engine\nengine: y\n"}
    choice = {"choice": {"engine": "x"}}
    assert refused({"base": {}, "a": choice, "b": choice}, files) == [
        "b/fragment.yaml:1: choice: engine: x already chooses a; choose another value for one of them"
    ]


def test_facts_that_others_choose_are_not_filled_without_a_choice(refused):
    files = {"base/values.schema.yaml": {"release": {"engine": value("x", **{"x-choice": True})}}}
    slot = {"kind": "one", "scope": "server", "summary": "Facts.", "required": True}
    fragments = {"base": {"offers": {"engine.facts": slot}}}
    for name in ("a", "b"):
        files |= {f"{name}/cases/x.yaml": "engine: x\n", f"{name}/rejected/x.yaml": "# engine\nengine: y\n"}
        files[f"{name}/templates/_a.tpl"] = define(f"fragment.{name}.facts", "port: 80")
        fragments[name] = {"fills": {"engine.facts": f"fragment.{name}.facts"}}
    fragments["a"]["choice"] = {"engine": "x"}
    found = [each for each in refused(fragments, files) if each.startswith("b/fragment.yaml")]
    assert found == [
        'b/fragment.yaml:1: fills."engine.facts": fills the slot for every server, because it has no choice and a '
        "has one; add choice to this file, or fill another slot"
    ]


def test_requires_in_a_circle_is_called_circular(refused):
    said = "remove one of them from requires"
    assert refused({"a": {"requires": ["a"]}}, {}) == [
        f"a/fragment.yaml:1: requires: is circular: a requires a; {said}"
    ]
    circle = {"a": {"requires": ["b"]}, "b": {"requires": ["c"]}, "c": {"requires": ["a"]}}
    assert refused(circle, {}) == [
        f"a/fragment.yaml:1: requires: is circular: a requires b requires c requires a; {said}"
    ]


def test_two_circles_of_requires_are_two_problems(refused):
    circles = {"a": {"requires": ["b"]}, "b": {"requires": ["a"]}, "c": {"requires": ["c"]}}
    assert [line.partition(":")[0] for line in refused(circles, {})] == ["a/fragment.yaml", "c/fragment.yaml"]


def test_missing_fragment_is_said_once_and_nothing_that_follows_from_it(refused, tmp_path):
    text = 'kind: B\na: {{ quote .Values.images.curl }}\nb: {{ include "fragment.labels" . }}\n'
    fragments = {name: {"requires": ["base", "curl"]} for name in "bcd"}
    assert refused(fragments, {"b/templates/b.yaml": text}) == [
        f"{tmp_path}/stack.yaml:1: fragments[0]: 'b' and 2 more require 'base'; add it before",
        f"{tmp_path}/stack.yaml:1: fragments[0]: 'b' and 2 more require 'curl'; add it before",
    ]


def test_name_of_another_fragment_is_refused_once_where_it_is_defined(refused):
    files = {
        "a/templates/_a.tpl": define("fragment.a.x", "1"),
        "b/templates/_b.tpl": define("fragment.a.x", "2"),
        "a/templates/a.yaml": 'kind: A\na: {{ include "fragment.a.x" . | quote }}\n',
    }
    assert refused({"b": {}, "a": {}}, files) == [
        "b/templates/_b.tpl:1: fragment.a.x: is not a name of this fragment; begin it with 'fragment.b.'"
    ]


def test_template_of_another_fragment_is_answered_with_what_can_be_included(refused):
    files = {
        "base/templates/_b.tpl": define("fragment.textChecks", "1"),
        "a/templates/_a.tpl": define("fragment.a.textCheck", "1"),
        "a/templates/a.yaml": 'kind: A\na: {{ include "fragment.a.textCheck" . | quote }}\n',
        "b/templates/b.yaml": 'kind: B\na: {{ include "fragment.a.textCheck" . | quote }}\n',
    }
    assert refused({"base": {}, "a": {}, "b": {}}, files) == [
        "b/templates/b.yaml:2: fragment.a.textCheck: belongs to another fragment; "
        "include a slot, one of base's templates, or one of this fragment's own"
    ]


def test_second_object_of_a_file_is_refused_at_its_line(refused):
    assert refused({"a": {}}, {"a/templates/a.yaml": "kind: A\n---\nkind: B\n"}) == [
        "a/templates/a.yaml:3: kind: makes more than one object; give each a separate file"
    ]


@pytest.mark.parametrize(("scope", "said"), [("release", "is also declared by a"), ("server", "is declared under")])
def test_value_of_two_fragments_names_the_other(refused, scope, said):
    files = {"a/values.schema.yaml": {scope: {"x": value()}}, "b/values.schema.yaml": {"release": {"x": value()}}}
    (found,) = refused({"a": {}, "b": {}}, files)
    assert found.startswith("b/values.schema.yaml:1: release.x: ")
    assert said in found
    assert "a;" in found


def test_folder_or_file_that_no_fragment_has_is_refused_with_the_one_meant(refused):
    files = {"a/case/x.yaml": "a: 1\n", "a/values-schema.yaml": "release: {}\n", "a/README.md": "For people.\n"}
    assert refused({"a": {}}, files) == [
        "a/case: is not a folder of a fragment; did you mean 'cases'?",
        "a/values-schema.yaml: is not a file of a fragment; did you mean 'values.schema.yaml'?",
    ]


def test_fragment_with_a_choice_has_cases_and_rejections(refused):
    files = {"base/values.schema.yaml": {"release": {"engine": value("x", **{"x-choice": True})}}}
    assert refused({"base": {}, "a": {"choice": {"engine": "x"}}}, files) == [
        "a/fragment.yaml:1: choice: has no file in cases/, which a fragment with a choice needs; "
        "add cases/NAME.yaml with values that must render",
        "a/fragment.yaml:1: choice: has no file in rejected/, which a fragment with a choice needs; "
        "add rejected/NAME.yaml with values that must be refused",
    ]


def test_template_that_does_not_parse_is_reported_once_at_its_own_line(refused, tmp_path):
    (tmp_path / "NOTES.txt").write_text("One.\n{{ nope }}\n", encoding="utf-8")
    files = {
        "a/templates/a.yaml": "kind: A\n{{- if .Values.x }}\na: 1\n",
        "a/templates/_b.tpl": 'fine\n\n{{ define "fragment.a.x" }}\n{{ .y | foo }}\n{{ end }}\n',
    }
    assert sorted(refused({"a": {}}, files)) == [
        f'{tmp_path}/NOTES.txt:2: does not parse: function "nope" not defined; correct the template there',
        'a/templates/_b.tpl:4: does not parse: function "foo" not defined; correct the template there',
        "a/templates/a.yaml:2: does not parse: unexpected EOF: {{if}} has no {{end}}; correct the template there",
    ]


# --- text into YAML --------------------------------------------------------------------------------------------------

PRINTS = "prints text that YAML can read as something else"
SAID = f"{PRINTS}; end it with quote, toJson or int64"
INT64 = "prints text that YAML can read as something else; print the number with int64, such as {{ int64 .y }}"
WHOLE = f"{PRINTS}; print all of it in one action, such as {{{{ printf "


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("a: {{ .Release.Name }}", "a"),
        ("- {{ .Release.Name }}", "-"),
        ("- name: {{ .Release.Name }}", "name"),
        ("a: {b: {{ .Release.Name }}}", "b"),
        ('"a b": {{ .Release.Name }}', "a b"),
        ("a: {{ if .Release.Name }}{{ .Release.Name }}{{ end }}", "a"),
        ("a: {{ with .Release.Name }}{{ . }}{{ end }}", "a"),
        ("a: {{ .Release.Name | squote }}", "a"),
        ("a: {{ .Release.Name | b64enc }}", "a"),
        ("a: {{ .Release.Name | quote | upper }}", "a"),
        ('a: {{ ternary "on" "b" true }}', "a"),
        ("{{ .Release.Name }}: a", "{{…}}"),
        ("{{ .Release.Name }}.txt: a", "{{…}}"),
        ("a: !!str {{ .Release.Name }}", "a"),
        ("? {{ .Release.Name }}", "?"),
        ("a:{{ .Release.Name | nindent 2 }}", "a"),
        ('a: {{ printf "x-%s" .Release.Name }}', "a"),
        ('a: {{ .Release.Name | default "x" }}', "a"),
        ("a: {{ .Release.Name | trunc 8 }}", "a"),
        ("a: {{ toYaml .Release.Name }}", "a"),
        ("a: {{ $x := .Release.Name }}{{ $x }}", "a"),
        ("a: {{ $x := quote .Release.Name }}{{ $x = .Release.Name }}{{ $x }}", "a"),
    ],
)
def test_text_behind_a_key_or_a_dash_is_quoted(refused, line, key):
    files = {"a/templates/_a.tpl": define("fragment.a.x", "{{ . }}"), "a/templates/a.yaml": f"kind: A\n{line}\n"}
    assert refused({"a": {}}, files) == [f"a/templates/a.yaml:2: {key}: {SAID}"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "a: {{ .Release.Name | quote }}",
        "a: {{ int64 .Release.Name }}",
        "a: {{ .Release.Name | toJson }}",
        "a: {{ toYaml .Release.Name | nindent 2 }}",
        "a: {{ (quote .Release.Name) }}",
        'a: {{ ternary "Retain" "Delete" true }}',
        'a: {{ ternary (quote .Release.Name) "none" true }}',
        'a: {{ include "fragment.a.quoted" . }}',
        'a: {{ include "fragment.a.either" . }}',
        'a: {{ include "fragment.name" (list . "x") }}',
        "{{ quote .Release.Name }}: {{ not .Release.Name }}",
        "# a: {{ quote .Release.Name }}",
        "{{- $x := .Release.Name }}",
        "a: {{ $x := quote .Release.Name }}{{ $x }}",
        "a: {{ with quote .Release.Name }}{{ . }}{{ end }}",
        'a: {{ printf "%q" .Release.Name }}',
        "a: {{ sha256sum .Release.Name }}",
        "a: x-{{ sha256sum .Release.Name | trunc 8 }}",
        "a: http://localhost:{{ int64 .Release.Name }}",
        "a: {{ .Release.Name | toJson | indent 2 }}",
        "a: |\n  b: {{ quote .Release.Name }}\n  {{- .Release.Name | nindent 2 }}",
        '{{ range $n, $w := splitList " " .Release.Name }}\nw{{ $n }}: {{ quote $w }}\n{{ end }}',
        "a: {{ .Values.flag }}\nb: {{ .Values.mode }}\nc: {{ .Values.count }}\nd: --n={{ .Values.small }}",
        'a: {{ .Values.mode | default "One" }}',
        "a: {{ if .Release.Name }}{{ quote .Release.Name }}{{ else }}none{{ end }}",
        "a: 'it''s' # {{ quote .Release.Name }}",
        'a:\n  {{- include "fragment.a.lines" . | nindent 2 }}',
        "a:\n{{- toYaml .Release.Name | nindent 2 }}",
        '{{ (.Files.Glob "files/a/*").AsConfig }}',
    ],
)
def test_text_that_stays_what_it_is_is_accepted(refused, line):
    quoted = define("fragment.a.quoted", "{{ quote .Release.Name }}")
    lines = define("fragment.a.lines", "b: {{ quote .Release.Name }}\nc: 1")
    either = '{{ if true }}\nnone\n{{ else }}\n{{ include "fragment.a.quoted" . }}\n{{ end }}'
    files = {
        "base/templates/_b.tpl": define("fragment.name", "{{ . }}"),
        "a/templates/_a.tpl": quoted + lines + define("fragment.a.either", either),
        "a/templates/a.yaml": f"kind: A\n{line}\n",
    }
    used = "".join(
        f'{name}: {{{{ include "fragment.a.{name}" . | quote }}}}\n' for name in ("quoted", "either", "lines")
    )
    kinds = {"flag": "boolean", "mode": "string", "count": "integer", "small": "integer"}
    values = {name: {"type": kind, "description": "A."} for name, kind in kinds.items()}
    values["flag"]["default"], values["mode"]["default"], values["mode"]["enum"] = False, "One", ["One", "Two"]
    values["count"]["default"] = 1
    values["small"] |= {"default": 1, "minimum": 0, "maximum": 100}
    read = "".join(f"{name}: {{{{ toJson .Values.{name} }}}}\n" for name in values)
    files |= {"a/templates/b.yaml": f"kind: B\n{used}{read}", "a/values.schema.yaml": {"release": values}}
    files["a/files/x.txt"] = "x"
    files["a/templates/c.yaml"] = 'kind: C\na: {{ .Files.Get "files/a/x.txt" | quote }}\n'
    assert refused({"base": {}, "a": {}}, files) == []


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        ("- --flag={{ .Release.Name }}", 2, "--flag={{…}}", WHOLE + '"x-%s" .y | quote }}'),
        ("a: x {{ .Release.Name }}", 2, "a", WHOLE + '"x-%s" .y | quote }}'),
        ("a: x-{{ quote .Release.Name }}", 2, "a", WHOLE + '"x-%s" .y | quote }}'),
        ("a: {{ quote .Release.Name }}-x", 2, "a", WHOLE + '"%s-x" .y | quote }}'),
        ("a: {{ quote .Release.Name }}{{ quote .Release.Name }}", 2, "a", WHOLE + '"%s-x" .y | quote }}'),
        ('a: "{{ .Release.Name }}"', 2, "a", PRINTS + "; remove the quotes around the action, and end it with quote"),
        ("a: '{{ quote .Release.Name }}'", 2, "a", PRINTS + "; remove the quotes around the action, and end it"),
        ('a: "x\n  {{ .Release.Name }}"', 3, "a", PRINTS + "; remove the quotes around the action, and end it"),
        ("a:\n  {{ .Release.Name }}", 3, "a", SAID),
        ("a:\n  {{- .Release.Name | nindent 2 }}", 3, "a", SAID),
        ("a: [\n  {{ .Release.Name }}\n]", 3, "a", SAID),
        ('{{ printf "a: %s" .Release.Name }}', 2, "{{…}}", SAID),
        ("a: |\n  {{ .Release.Name }}", 3, "a", PRINTS + "; a line break ends the block: end the action with nindent"),
        ("a: >-\n  x\n  {{ .Release.Name }}", 4, "a", PRINTS + "; a line break ends the block"),
        ("- a: |\n    x\n  b: {{ .Release.Name }}", 4, "b", SAID),
        ("# a: {{ .Release.Name }}", 2, "#", PRINTS + "; a line break ends the comment"),
        ("a: b # {{ .Release.Name }}", 2, "#", PRINTS + "; a line break ends the comment"),
        ("a: --n={{ .Values.n }}", 2, "a", INT64),
        ("a:\n  {{ toYaml .Values.n }}", 3, "a", "prints lines of which only the first is indented; add nindent 2"),
        (
            "a:\n  b:\n{{- toYaml .Values.n | nindent 0 }}",
            4,
            "b",
            "prints lines left of 'b', which is then empty; indent them by at least 2",
        ),
    ],
)
def test_text_is_refused_wherever_yaml_reads_it(refused, text, line, key, said):
    values = {"n": {"type": "integer", "description": "N.", "default": 1}}
    files = {"a/values.schema.yaml": {"release": values}, "a/templates/a.yaml": f"kind: A\n{text}\n"}
    files["a/templates/b.yaml"] = "kind: B\nn: {{ int64 .Values.n }}\n"
    found = refused({"a": {}}, files)
    assert len(found) == 1
    assert found[0].startswith(f"a/templates/a.yaml:{line}: {key}: {said}")


MAP, ITEMS = "a key with its value, as", "an item of a list, as"
SLIPS = [
    ("server.env", "A: 1\nLOG_LEVEL info\nB: 2", "3: LOG_LEVEL info", MAP, "write it as 'key: value'"),
    ("server.env", "LOG_LEVEL {{ quote .Server }}\nB: 2", "2: LOG_LEVEL {{…}}", MAP, "write it as 'key: value'"),
    ("server.env", "A: 1\n{{- if .Server }}\nB 2\n{{- end }}", "4: B 2", MAP, "write it as 'key: value'"),
    ("server.env", "- name: A", "2: - name: A", MAP, "write it as 'key: value'"),
    ("server.env", "A:1", "2: A:1", MAP, "write it as 'key: value'"),
    ("server.args", "- a\n--port=8080", "3: --port=8080", ITEMS, "begin it with '- '"),
    ("server.args", "-a", "2: -a", ITEMS, "begin it with '- '"),
    ("server.args", "name: a", "2: name: a", ITEMS, "begin it with '- '"),
    ("engine.facts", "port: 1\nreadOnly true", "3: readOnly true", MAP, "write it as 'key: value'"),
    ("ui.facts", "- name: a\nname: b", "3: name: b", ITEMS, "begin it with '- '"),
]


@pytest.mark.parametrize(("slot", "body", "place", "wanted", "remedy"), SLIPS)
def test_line_that_is_neither_a_key_nor_an_item_is_refused_with_its_slot(refused, slot, body, place, wanted, remedy):
    assert refused(*filled(slot, body)) == [f"b/templates/_b.tpl:{place}: is not {wanted} {slot} needs it; {remedy}"]


def filled(slot: str, body: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A fragment that fills a slot, of facts, of a map of variables, or of a list of arguments."""
    fragments, files = facts(body, slot)
    kinds = {"server.env": "map", "server.args": "list"}
    more = {name: {"kind": kind, "scope": "server", "summary": "Lines."} for name, kind in kinds.items()}
    fragments["base"]["offers"] = SLOTS | more
    return fragments, files


@pytest.mark.parametrize(
    ("slot", "body"),
    [
        ("server.env", "# A comment\nA: 1\n'B c': 2\nD:\n- 1\n- 2\nE: |\n  a text\n\n  of lines\nF: {\n  a: 1\n}"),
        ("server.env", "A: >-\n  some\n  text\n{{ quote .Server }}: 1\nx-{{ int64 .Server }}: a\nB:"),
        ("server.env", "A: one\n  text\nB: {{ if .Server }}1{{ else }}2{{ end }}"),
        ("server.args", "- a\n- b: 1\n  c: 2\n-\n  d: 1\n{{- range list 1 2 }}\n- --x={{ int64 . }}\n{{- end }}"),
        ("server.args", "{{ toYaml .Server }}"),
    ],
)
def test_lines_that_yaml_reads_as_they_are_meant_are_not(refused, slot, body):
    assert [line for line in refused(*filled(slot, body)) if "is not a" in line] == []


def test_lines_that_a_template_prints_are_checked_where_it_is_included(refused):
    text = 'kind: A\na: {{ include "fragment.a.x" . | nindent 2 }}\n'
    files = {"a/templates/_a.tpl": define("fragment.a.x", "b: {{ .Release.Name }}"), "a/templates/a.yaml": text}
    assert refused({"a": {}}, files) == [f"a/templates/_a.tpl:2: b: {SAID}"]
    files["a/templates/a.yaml"] = 'kind: A\na: {{ include "fragment.a.x" . | quote }}\n'
    assert refused({"a": {}}, files) == []
    parsed = '(include "fragment.a.x" . | include "fragment.map" | mustFromJson)'
    files["a/templates/a.yaml"] = f"kind: A\na: {{{{ toJson {parsed} }}}}\n"
    files["base/templates/_b.tpl"] = define("fragment.map", "{{ quote . }}")
    assert refused({"base": {}, "a": {}}, files) == [f"a/templates/_a.tpl:2: b: {SAID}"]


@pytest.mark.parametrize(
    "body",
    [
        "{{ .Release.Name }}",
        "{{ quote .Release.Name }}-x",
        "{{ quote .Release.Name }}{{ quote .Release.Name }}",
        "{{ if true }}{{ quote .Release.Name }}{{ end }}",
        "{{ if true }}{{ quote .Release.Name }}{{ else }}{{ .Release.Name }}{{ end }}",
        "{{ range list 1 2 }}{{ quote . }}{{ else }}none{{ end }}",
        "on",
    ],
)
def test_template_that_may_print_something_else_than_one_scalar_is_quoted(refused, body):
    text = 'kind: A\na: {{ include "fragment.a.x" . }}\n'
    files = {"a/templates/_a.tpl": define("fragment.a.x", body), "a/templates/a.yaml": text}
    assert refused({"a": {}}, files) == [f"a/templates/a.yaml:2: a: {SAID}"]


def test_slots_of_text_and_what_prints_into_them_are_not_yaml(refused):
    slot = {"kind": "list", "scope": "server", "summary": "Sentences.", "text": True}
    body = define("fragment.a.notes", 'a: {{ .Release.Name }}\n{{- include "fragment.a.more" . }}')
    files = {"a/templates/_a.tpl": body + define("fragment.a.more", "b: {{ .Release.Name }}")}
    fills = {"fills": {"server.notes": "fragment.a.notes"}}
    assert refused({"base": {"offers": {"server.notes": slot}}, "a": fills}, files) == []
    yaml = {"server.notes": {**slot, "text": False}}
    assert refused({"base": {"offers": yaml}, "a": fills}, files) == [
        f"a/templates/_a.tpl:2: a: {SAID}",
        f"a/templates/_a.tpl:6: b: {SAID}",
    ]


@pytest.mark.parametrize(
    ("function", "remedy"),
    [
        ("fromYaml", 'include "fragment.map" and mustFromJson'),
        ("fromYamlArray", 'include "fragment.list" and mustFromJson'),
        ("fromJson", "mustFromJson"),
        ("fromJsonArray", "mustFromJson"),
    ],
)
def test_functions_that_give_an_error_as_data_are_refused(refused, function, remedy):
    files = {"a/templates/a.yaml": f"kind: A\n{{{{ if (.Release.Name | {function}).a }}}}{{{{ end }}}}\n"}
    assert refused({"a": {}}, files) == [
        f"a/templates/a.yaml:2: {function}: takes a text that does not parse for data, with the key Error; use {remedy}"
    ]


# --- what Helm takes in silence ---------------------------------------------------------------------------------------


def test_fact_that_is_stated_twice_is_refused_unless_values_decide(refused):
    assert refused(*facts("port: 1\nport: 2")) == [
        "b/templates/_b.tpl:3: port: is stated twice, first on line 2; keep one of the two"
    ]
    assert refused(*facts("port: 1\n{{ if .Server }}\nprotocol: openai\n{{ else }}\nprotocol: ollama\n{{ end }}")) == []
    assert refused(*facts("- name: a\n- name: b", "ui.facts")) == []


def test_text_that_a_template_action_prints_behind_a_key_is_refused(refused):
    text = 'kind: A\na: {{ template "fragment.a.x" . }}\n'
    files = {"a/templates/_a.tpl": define("fragment.a.x", "{{ .Release.Name }}"), "a/templates/a.yaml": text}
    assert refused({"a": {}}, files) == [
        f'a/templates/a.yaml:2: a: {PRINTS}; write include "fragment.a.x" instead of template, '
        "and end it with quote or toJson"
    ]


def test_text_behind_a_key_in_single_quotes_is_quoted(refused):
    files = {"a/templates/a.yaml": "kind: A\n'a b': {{ .Release.Name }}\n"}
    assert refused({"a": {}}, files) == [f"a/templates/a.yaml:2: a b: {SAID}"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            'fail "no"',
            "fail: stops the render at the first error; add a line to server.checks or release.checks instead",
        ),
        ('required "no" .a', "required: stops the render at the first error"),
        ("randAlphaNum 8", "randAlphaNum: returns another result at each render"),
        ("now", "now: returns another result at each render"),
        ('(genCA "a" 1).Cert', "genCA: returns another result at each render"),
    ],
)
def test_functions_that_stop_a_render_or_change_with_it_are_bases_alone(refused, call, said):
    text = f"kind: A\n{{{{- $x := {call} }}}}\n"
    checks = {"offers": {"server.checks": {"kind": "list", "scope": "release", "summary": "Errors."}}}
    [found] = refused({"c": checks, "a": {}}, {"a/templates/a.yaml": text})
    assert found.startswith(f"a/templates/a.yaml:2: {said}")
    assert refused({"base": {}}, {"base/templates/a.yaml": text}) == []


def test_a_stack_that_collects_no_errors_can_stop_the_render(refused):
    assert refused({"a": {}}, {"a/templates/a.yaml": 'kind: A\n{{ fail "no" }}\n'}) == []


@pytest.mark.parametrize("file", ["NOTES.txt", "a.tpl", "a.yaml.orig", "_a.yaml.bak"])
def test_file_among_the_templates_that_is_none_is_refused(refused, file):
    remedy = "name it NAME.yaml or _NAME.tpl, or move it to files/"
    if file == "NOTES.txt":
        remedy = "move it to the folder of stack.yaml: a chart has one NOTES.txt"
    assert refused({"a": {}}, {f"a/templates/{file}": "kind: A\n"}) == [
        f"a/templates/{file}: is neither a manifest nor named templates; {remedy}"
    ]


def test_required_fragment_that_is_misspelt_is_refused_where_it_is_required(refused):
    assert refused({"base": {}, "b": {"requires": ["bsae"]}}, {}) == [
        "b/fragment.yaml:1: requires[0]: no such fragment: 'bsae'; did you mean 'base'?"
    ]
    assert refused({"base": {}, "b": {"requires": ["curl"]}}, {})[0].endswith("'b' requires 'curl'; add it before")


@pytest.mark.parametrize(
    ("pattern", "only"), [(r"^\p{L}+$", r"\p"), (r"\\\Qa\E", r"\Q"), ("^[[:alpha:]]$", "[:alpha:]"), ("(?U)a+", "(?U")]
)
def test_pattern_that_chartgen_cannot_check_is_refused(refused, pattern, only):
    files = {
        "a/values.schema.yaml": {"release": {"a": value(pattern=pattern)}},
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.a }}\n",
    }
    assert refused({"a": {}}, files) == [
        f"a/values.schema.yaml:1: release.a.pattern: '{pattern}' cannot be checked: Python, with which chartgen checks "
        f"values, has no '{only}'; write it with what both have, such as [a-z]"
    ]


def test_value_with_the_name_of_the_map_of_servers_is_refused(refused):
    files = {
        "a/values.schema.yaml": {"release": {"servers": value()}},
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.servers }}\n",
    }
    assert refused({"a": {}}, files)[0] == (
        "a/values.schema.yaml:1: release.servers: is the chart's map of model servers; choose another name"
    )


@pytest.mark.parametrize(
    "text", ["{{ if true }}" * 101 + "{{ end }}" * 101, "{{ " + "(" * 101 + "1" + ")" * 101 + " }}"]
)
def test_template_that_is_nested_too_deeply_is_refused(refused, text):
    assert refused({"a": {}}, {"a/templates/a.yaml": f"kind: A\n{text}\n"}) == [
        "a/templates/a.yaml:2: does not parse: has more than 100 levels of nesting; correct the template there"
    ]


@pytest.mark.parametrize(
    "text", ["{{ if true }}" * 100 + "{{ end }}" * 100, "{{ $x := " + "(" * 100 + "1" + ")" * 100 + " }}"]
)
def test_template_that_is_nested_deeply_is_not(refused, text):
    assert refused({"a": {}}, {"a/templates/a.yaml": f"kind: A\n{text}\n"}) == []


# --- defaults, and what nothing uses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (value(5), "a: 5 is a number; expected a string; put it in quotes"),
        (value(pattern="^x+$"), 'a: "" is not valid here; expected text that matches ^x+$'),
        (value(enum=["x", "y"]), 'a: "" is not an allowed value; the allowed values are "x", "y"'),
        (
            {"type": "integer", "minimum": 1, "description": "A.", "default": 0},
            "a: 0 is too small; expected at least 1",
        ),
    ],
)
def test_default_that_its_schema_refuses_is_refused_where_it_is_written(refused, schema, said):
    files = {
        "a/values.schema.yaml": {"release": {"a": schema}},
        "a/templates/a.yaml": "kind: A\na: {{ toJson .Values.a }}\n",
    }
    assert refused({"a": {}}, files) == [f"a/values.schema.yaml:1: {said}"]


def test_default_of_a_stack_is_refused_in_the_stack(refused, tmp_path):
    files = {
        "a/values.schema.yaml": {"release": {"a": value()}},
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.a }}\n",
    }
    assert refused({"a": {}}, files, values={"a": 5}) == [
        f"{tmp_path}/stack.yaml:1: values.a: 5 is a number; expected a string; put it in quotes"
    ]


@pytest.mark.parametrize("name", ["password", "adminPassword", "token", "accessToken", "apiKey", "hfToken"])
def test_value_that_would_hold_a_secret_is_refused(refused, name):
    files = {
        "a/values.schema.yaml": {"release": {name: value(), "tokenKey": value(), "maxTokens": value()}},
        "a/templates/a.yaml": f"kind: A\na: {{{{ list .Values.{name} .Values.tokenKey .Values.maxTokens | toJson }}}}",
    }
    assert refused({"a": {}}, files) == [
        f"a/values.schema.yaml:1: release.{name}: would hold a secret, which Helm stores with the values of the "
        "release; declare existingSecret and key, and read them with secretKeyRef"
    ]


def test_image_whose_default_tag_is_latest_is_refused(refused, tmp_path):
    image = {"type": "object", "description": "An image.", "properties": {"tag": value("latest")}}
    images = {"images": {"type": "object", "description": "Images.", "properties": {"a": image}}}
    files = {
        "a/values.schema.yaml": {"release": images},
        "a/templates/a.yaml": "kind: A\na: {{ quote .Values.images.a.tag }}\n",
    }
    said = "the tag latest changes its image; set a version, so that all pods run the same image"
    [found] = refused({"a": {}}, files)
    assert found.startswith("a/values.schema.yaml:1: release.images.properties.a")
    assert found.endswith(said)
    image["properties"]["tag"]["default"] = "v1"
    assert refused({"a": {}}, files, values={"images": {"a": {"tag": "latest"}}}) == [
        f"{tmp_path}/stack.yaml:1: values.images.a.tag: {said}"
    ]


def test_template_that_nothing_includes_is_refused(refused):
    files = {
        "base/templates/_b.tpl": define("fragment.helper", "x"),
        "a/templates/_a.tpl": define("fragment.a.x", '{{ include "fragment.a.y" . }}') + define("fragment.a.y", "y"),
        "a/templates/a.yaml": 'kind: A\na: {{ include "fragment.a.z" . | quote }}\n',
        "a/templates/_z.tpl": define("fragment.a.z", '{{ include "fragment.a.y" . }}'),
    }
    assert refused({"base": {}, "a": {}}, files) == [
        "a/templates/_a.tpl:1: fragment.a.x: no template includes it; include it, or remove it"
    ]


def test_text_outside_of_named_templates_is_refused(refused):
    text = "\n\nhello\n" + define("fragment.a.x", "x") + "{{- /* A comment. */}}\n"
    files = {
        "a/templates/_a.tpl": text,
        "a/templates/a.yaml": 'kind: A\na: {{ include "fragment.a.x" . }}\n',
    }
    assert refused({"a": {}}, files) == [
        "a/templates/_a.tpl:3: is outside of every named template: Helm drops it; "
        "move it into a named template, or into a comment"
    ]


def test_file_that_no_template_names_is_refused(refused):
    files = {
        "a/files/used.sh": "echo\n",
        "a/files/conf/one.txt": "1\n",
        "a/files/unused.sh": "echo\n",
        "a/templates/a.yaml": 'kind: A\na: {{ .Files.Get "files/a/used.sh" | quote }}\n'
        'b: {{ (.Files.Glob "files/a/conf/*").AsConfig | nindent 2 }}\n',
    }
    assert refused({"a": {}}, files) == [
        'a/files/unused.sh: no template names this file; use it, such as with .Files.Get "files/a/unused.sh", '
        "or remove it"
    ]


@pytest.mark.parametrize("file", ["cases/x.yml", "rejected/x.YAML", "cases/sub/x.yaml", "cases/x.yaml/y.txt"])
def test_file_among_cases_that_is_not_read_is_refused(refused, file):
    assert refused({"a": {}}, {f"a/{file}": "a: 1\n"}) == [
        f"a/{file}: is not read; name it NAME.yaml, directly in the folder"
    ]


def test_json_that_no_program_reads_is_refused(refused):
    files = {
        "a/files/a.json": '{\n  "a": 1,,\n}\n',
        "a/files/b.json": '{"a": 1}\n',
        "a/templates/a.yaml": 'kind: A\na: {{ .Files.Get "files/a/a.json" | quote }}\n'
        'b: {{ .Files.Get "files/a/b.json" | quote }}\n',
    }
    [found] = refused({"a": {}}, files)
    assert found.startswith("a/files/a.json:2: is not JSON: Expecting property name"), found


def test_file_that_is_too_large_for_helm_is_refused(refused):
    [found] = refused({"a": {}}, {"a/templates/_a.tpl": "{{/* " + "x" * (5 << 20) + " */}}\n"})
    assert found.startswith("a/templates/_a.tpl: is larger than 5 MiB, and Helm does not read such a chart")


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ('include "fragment.a.x"', "one argument"),
        ('"a" | include "fragment.a.x" .', "3 arguments"),
        ('(include "a")', "one argument"),
        ("include", "nothing"),
    ],
)
def test_include_has_a_name_and_a_context(refused, call, given):
    files = {
        "a/templates/a.yaml": f"kind: A\na: {{{{ $x := {call} }}}}\n",
        "a/templates/_a.tpl": define("fragment.a.x", "x"),
    }
    found = refused({"a": {}}, files)
    assert [line for line in found if ": include:" in line] == [
        f"a/templates/a.yaml:2: include: is given {given}, but needs two: the name of a template, and a context; "
        'write include "NAME" .'
    ]


def test_required_fact_that_is_stated_with_some_values_only_is_refused(refused):
    said = "engine.facts requires it, and the template states it only with some values; state it in every branch"
    branches = "{{ if .Server }}\nport: 1\n{{ else if .Release }}\nport: 2\n{{ else }}\nport: 3\n{{ end }}"
    assert refused(*facts("protocol: openai\n{{ if .Server }}\nport: 1\n{{ end }}")) == [
        f"b/templates/_b.tpl:4: port: {said}"
    ]
    assert refused(*facts("{{ if .Server }}\nport: 1\n{{ end }}")) == []  # all of them or none
    assert refused(*facts("{{ range list 1 }}\nport: 1\n{{ end }}"))[-1].endswith(said)
    assert refused(*facts(branches)) == []


def test_image_by_vendor_names_a_vendor_and_an_image_that_exist(refused):
    image = {"type": "object", "description": "I.", "properties": {"vllm": value("x")}}
    vendor = {"type": "object", "description": "G.", "properties": {"vendor": value("none", enum=["none", "nvidia"])}}
    fragments, files = facts(
        '{{- $images := dict "nvdia" "vllm" "nvidia" "vlm" }}\nport: 1\n'
        '{{ include "fragment.imagesByVendor" (dict "vendor" "x" "images" $images) }}'
    )
    files["base/templates/_images.tpl"] = define("fragment.imagesByVendor", "ready: []")
    files["base/values.schema.yaml"] = {"server": {"gpu": vendor}, "release": {"images": image}}
    files["base/templates/a.yaml"] = (
        'kind: A\n{{- include "fragment.servers" . }}\na: {{ quote .Values.images.vllm }}\n'
        "{{ range .Servers }}\n- {{ quote .Values.gpu.vendor }}\n{{ end }}\n"
    )
    assert [line for line in refused(fragments, files) if "v" in line.split(": ")[1]] == [
        "b/templates/_b.tpl:4: nvdia: is not a vendor of accelerators; did you mean 'nvidia'?",
        "b/templates/_b.tpl:4: vlm: no fragment declares images.vlm; did you mean 'vllm'?",
    ]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{{ $_ := set . "Values" dict }}', "the context"),
        ('{{ $_ := set .Chart "Name" "x" }}', ".Chart"),
        ('{{ include "fragment.a.x" .Release }}', ".Release"),
    ],
)
def test_what_all_templates_share_is_not_changed(refused, text, key):
    helper = define("fragment.a.x", '{{ $_ := set . "Name" "x" }}')
    use = 'kind: B\na: {{ include "fragment.a.x" (dict) | quote }}\n'
    files = {"a/templates/a.yaml": f"kind: A\n{text}\n", "a/templates/_a.tpl": helper, "a/templates/b.yaml": use}
    [found] = refused({"a": {}}, files)
    assert f": {key}: 'set' changes it for every template that is rendered later" in found
