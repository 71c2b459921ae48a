"""Reading YAML as Helm does, strictly, with lines."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chartgen.reading import yamlfile
from chartgen.reading.yamlfile import dotted, line_of, parse, parse_all, read

HERE = Path(__file__).parent
TABLE = [
    tuple(line.rstrip("\n").split(" => "))
    for line in (HERE / "yaml/scalars.txt").read_text(encoding="utf-8").splitlines()
    if " => " in line and not line.startswith("#")
]
TEMPLATE = "{{ range $key, $value := .Values }}\n{{ $key }}: {{ toJson $value }}{{ end }}\n"


@pytest.fixture(params=["CBaseLoader", "BaseLoader"])
def either_parser(request, monkeypatch):
    """Run a test with libyaml's parser and with PyYAML's own, which stands in where libyaml is absent."""
    base = getattr(yaml, request.param)
    monkeypatch.setattr(yamlfile, "Nodes", type("Nodes", (yamlfile._Rules, base), {}))


def said(text: str) -> list[str]:
    return [str(problem) for problem in parse(text, "f").problems]


def same(ours, theirs) -> bool:
    """Whether two scalars are the same to JSON, where true is not 1 and 1000 is 1e3."""
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in (ours, theirs)]
    return float(ours) == float(theirs) if all(numbers) else (type(ours), ours) == (type(theirs), theirs)


def helm() -> str:
    found = shutil.which("helm", path=f"{HERE.parents[1] / '.tools/bin'}{os.pathsep}{os.environ['PATH']}")
    assert found, "helm is needed here: 'chartgen tools' installs it"
    return found


def asked_of_helm(folder: Path, values: str) -> subprocess.CompletedProcess:
    """What Helm makes of a text as a values file."""
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 0.1.0\n")
    (chart / "templates/values.yaml").write_text(TEMPLATE)
    (folder / "values.yaml").write_text(values)
    homes = {f"HELM_{name}_HOME": str(folder / "home") for name in ("CACHE", "CONFIG", "DATA")}
    command = [helm(), "template", "name", str(chart), "-f", str(folder / "values.yaml")]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **homes}, check=False)


def made_by_helm(folder: Path, values: str) -> dict:
    done = asked_of_helm(folder, values)
    assert done.returncode == 0, done.stderr
    pairs = [line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line and line[0] != "#"]
    return {key: json.loads(value) for key, value in pairs}


@pytest.mark.parametrize(("scalar", "theirs"), TABLE, ids=[row[0] for row in TABLE])
@pytest.mark.usefixtures("either_parser")
def test_a_scalar_is_what_helm_makes_of_it(scalar, theirs):
    parsed = parse(f"x: {scalar}\n", "f")
    if theirs == "refused":
        assert [problem.key for problem in parsed.problems] == ["x"]
    else:
        assert not parsed.problems
        assert same(parsed.data["x"], json.loads(theirs)), parsed.data


@pytest.mark.slow
def test_the_table_of_scalars_is_what_helm_says(tmp_path):
    taken = {f"k{n}x": row for n, row in enumerate(TABLE) if row[1] != "refused"}
    theirs = made_by_helm(tmp_path, "".join(f"{key}: {scalar}\n" for key, (scalar, _) in taken.items()))
    for key, (scalar, text) in taken.items():
        assert same(theirs[key], json.loads(text)), f"{scalar} is {theirs[key]} to Helm"
    for scalar in (scalar for scalar, text in TABLE if text == "refused"):
        assert asked_of_helm(tmp_path, f"x: {scalar}\n").returncode != 0, scalar


MERGES = """
base: &base {a: 1, k: {p: 1}}
more: &more {a: 5, z: 9}
below: {<<: *base, a: 2}
listed: {<<: [*base, *more]}
replaced: {<<: *base, k: {q: 2}}
twice: {<<: *base, <<: *more}
inline: {<<: {a: 3}}
quoted: {"<<": text}
aliased: [*base, *more]
"""


@pytest.mark.usefixtures("either_parser")
def test_anchors_and_merge_keys_are_what_helm_makes_of_them(tmp_path):
    parsed = parse(MERGES, "f")
    assert not parsed.problems
    assert parsed.data == made_by_helm(tmp_path, MERGES)
    assert parsed.data["listed"] == {"a": 1, "k": {"p": 1}, "z": 9}


@pytest.mark.usefixtures("either_parser")
def test_an_anchor_that_is_defined_again_counts_from_there_on_as_for_helm(tmp_path):
    text = "a: &x 1\nb: *x\nc: {k: &x [2, {l: &y 3}]}\nd: *x\ne: &y z\nf: *y\n"
    parsed = parse(text, "f")
    assert not parsed.problems
    assert parsed.data == made_by_helm(tmp_path, text)
    assert parsed.data["d"] == [2, {"l": 3}]
    assert len(yamlfile.parse_all("a: 1\n---\n" + text + "---\nb: 1\n", "f")) == 3


def test_what_two_aliases_name_is_not_shared():
    parsed = parse("a: &a {x: []}\nb: *a\n", "f")
    parsed.data["a"]["x"].append(1)
    assert parsed.data["b"] == {"x": []}


def test_a_key_that_a_merge_below_overwrites_is_a_problem(tmp_path):
    text = "a: &a {x: 1}\nb:\n  x: 2\n  <<: *a\n"
    assert made_by_helm(tmp_path, text)["b"] == parse(text, "f").data["b"] == {"x": 1}
    expected = "f:3: b.x: is overwritten by the merge on line 4; "
    assert said(text) == [expected + "put '<<' above the keys that it must not overwrite"]


@pytest.mark.usefixtures("either_parser")
def test_a_merge_of_what_is_no_map_is_a_problem():
    assert said("a: &a [x]\nb: {<<: *a}\n") == [
        "f:2: b.<<: merges a value that is not a map; name the anchor of a map, or a list of such anchors"
    ]


@pytest.mark.usefixtures("either_parser")
def test_a_duplicate_key_names_both_lines():
    parsed = parse("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\n", "f")
    assert [str(problem) for problem in parsed.problems] == [
        "f:5: b.c: duplicate key, first defined on line 3; keep one of the two; Helm would use the last",
        "f:6: a: duplicate key, first defined on line 1; keep one of the two; Helm would use the last",
    ]
    assert parsed.data == {"a": 2, "b": {"c": 3, "d": 2}}


def test_a_fault_inside_an_anchor_is_said_once():
    assert said("a: &a\n  x: 1\n  x: 2\nb: *a\nc: {<<: *a}\n") == [
        "f:3: a.x: duplicate key, first defined on line 2; keep one of the two; Helm would use the last"
    ]


@pytest.mark.parametrize(
    ("key", "kind"),
    [("on", "true or false"), ("n", "true or false"), ("80", "a number"), ("1.5", "a number"), ("~", "null")],
)
@pytest.mark.usefixtures("either_parser")
def test_a_key_that_is_not_text_has_to_be_quoted(key, kind):
    message = f"YAML reads the unquoted key {key} as {kind}, not as text"
    assert said(f"a:\n  {key}: x\n") == [f'f:2: {dotted(("a", key))}: {message}; put it in quotes: "{key}"']
    assert not said(f'a:\n  "{key}": x\n')


def test_a_date_as_a_key_is_text():
    assert parse("2026-11-23: x\n", "f").data == {"2026-11-23": "x"}


def test_a_template_as_a_value_has_to_be_quoted():
    assert said("a: {{ .Values.b }}\n") == [
        "f:1: a: a map or a list is used as a key; "
        "put a value that begins with '{' or '[' in quotes, such as a Go template"
    ]


SYNTAX = [
    ("a:\n\tb: 1\n", 2, "the line is indented with a tab"),
    ("a: |\n  x\n\ty\n", 3, "the line is indented with a tab"),
    ("a: b: c\n", 1, "a key inside the value of another key"),
    ("a: b\n  c: d\n", 2, "a key inside the value of another key"),
    ("x: 1\na: 'x\nb: 1\n", 2, "this quotation mark is never closed"),
    ("a: [1, 2\nb: 1\n", 1, "this '[' is not closed before line 2"),
    ("a: {x: 1\nb: 2\n", 1, "this '{' is not closed before line 2"),
    ("a:\n  b: 1\n c: 2\n", 3, "is not aligned with the block that begins on line 1"),
    ("a:\n  - 1\n  b: 2\n", 3, "is not aligned with the block that begins on line 2"),
    ("a: 1\nb: 'x' y\n", 2, "there is text after the end of a value"),
    ("a: *zz\n", 1, "this alias has no anchor above it"),
    ("a: 1\nb: @x\n", 2, "a value cannot begin with '@'"),
    ("a: %x\n", 1, "a value cannot begin with '%'"),
    ('a: "\\q"\n', 1, "an unknown escape after a backslash"),
    ("a: |x\n b\n", 1, "text on the same line after '|' or '>'"),
    ("a: 1\nb: [\n\n", 4, "the file ends inside a list or a map"),
    ("a: ]\n", 1, "a value is missing here"),
    ("a: - b\n", 1, "the list begins on the line of its key"),
    ("a: !x!y 1\n", 1, "an unknown tag"),
    ("a: 1\nsome words\n", 2, "this is not a key with a value: it has no ': '"),
    ("a: 1\nb: \x01\n", 2, "a character that YAML does not allow: U+0001"),
    ("a: &a [*a]\n", 1, "an anchor contains its own alias"),
    ("%YAML 3.0\n---\na: 1\n", 1, "found incompatible YAML document"),
]


@pytest.mark.parametrize(("text", "line", "message"), SYNTAX, ids=[row[2] + str(n) for n, row in enumerate(SYNTAX)])
@pytest.mark.usefixtures("either_parser")
def test_a_syntax_error_says_where_and_what_to_do(text, line, message):
    parsed = parse(text, "f")
    (problem,) = parsed.problems
    assert (parsed.data, parsed.lines) == (None, {})
    assert (problem.line, problem.message.partition(" (version")[0]) == (line, message)
    assert problem.remedy
    assert "{" not in problem.remedy


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ("- ", ""), ("{a: ", "}")])
def test_deep_nesting_is_a_problem_and_not_a_crash(begin, end):
    # Half a million levels kill libyaml's composer; this runs in a process of its own, so that a crash is a failure.
    code = (
        "import sys; from chartgen.reading.yamlfile import parse; "
        "print(parse(sys.argv[1] * 300000 + 'x' + sys.argv[2] * 300000, 'f').problems[0])"
    )
    done = subprocess.run([sys.executable, "-c", code, begin, end], capture_output=True, text=True, check=False)
    assert done.stdout == "f:1: has more than 500 levels of nesting; flatten it\n", done.stderr


def test_many_shallow_brackets_are_no_nesting():
    assert parse("x: [" + "{}, " * 5000 + "]", "f").data == {"x": [{}] * 5000}


@pytest.mark.usefixtures("either_parser")
def test_aliases_that_explode_are_a_problem():
    levels = "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    (problem,) = parse(f"a: &a [{', '.join('x' * 10)}]\n{levels}", "f").problems
    assert problem.message.startswith("aliases make ")


def test_as_many_aliases_as_helm_takes_are_no_problem(tmp_path):
    text = "base: &base {a: 1, b: 2, c: 3}\nlist:\n" + "- *base\n" * 500
    assert parse(text, "f").data == made_by_helm(tmp_path, text)


def test_lines_are_those_of_keys_and_items():
    text = "# about\na:\n  b: 1\n\n  list:\n  - x\n  -\n    y: 1\n  flow: {p: 1,\n    q: 2}\n"
    assert parse(text, "f").lines == {
        (): 2,
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "list"): 5,
        ("a", "list", 0): 6,
        ("a", "list", 1): 8,
        ("a", "list", 1, "y"): 8,
        ("a", "flow"): 9,
        ("a", "flow", "p"): 9,
        ("a", "flow", "q"): 10,
    }


def test_line_of_an_unknown_path_is_that_of_its_nearest_ancestor():
    parsed = parse("a:\n  b: 1\n", "f")
    assert [line_of(parsed, path) for path in [("a", "b", "c"), ("a", "x"), ("y", "z"), ()]] == [2, 1, 1, 1]
    assert line_of(parse("", "f"), ("a",)) == 0


def test_a_path_is_written_as_a_person_writes_it():
    assert dotted(("servers", "big", "tolerations", 0, "key")) == "servers.big.tolerations[0].key"
    assert dotted(("nodeSelector", "kubernetes.io/os")) == 'nodeSelector."kubernetes.io/os"'
    assert dotted(()) == ""


@pytest.mark.parametrize("text", ["", "\n", "# about\n", "---\n", "--- # about\n"])
@pytest.mark.usefixtures("either_parser")
def test_an_empty_text_is_none(text):
    parsed = parse(text, "f")
    assert (parsed.data, parsed.problems) == (None, [])


@pytest.mark.parametrize("text", ["\ufeffa: 1\n", "---\na: 1\n", "a: 1\n---\n", "a: 1\r\n", "a: 1\n...\n"])
@pytest.mark.usefixtures("either_parser")
def test_marks_around_a_document_change_nothing(text):
    parsed = parse(text, "f")
    assert (parsed.data, parsed.problems) == ({"a": 1}, [])


@pytest.mark.usefixtures("either_parser")
def test_a_second_document_is_a_problem():
    assert said("a: 1\n---\nb: 2\n") == ["f:3: a second document begins here; keep one document in each file"]
    assert said("a: 1\n...\nb: 2\n") == [
        "f:3: a document begins here without '---'; put '---' on its own line above it"
    ]


@pytest.mark.usefixtures("either_parser")
def test_several_documents_keep_their_lines_and_their_own_problems():
    found = parse_all("a: 1\n---\n# nothing\n---\nb: 2\nb: 3\n---\nc: 'x\n", "f")
    assert [parsed.data for parsed in found] == [{"a": 1}, None, {"b": 3}, None]
    assert found[2].lines == {(): 5, ("b",): 6}
    assert [[problem.line for problem in parsed.problems] for parsed in found] == [[], [], [6], [8]]


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("a: 1\nb: Größe\n".encode("latin-1"))
    assert [str(read(tmp_path / name, name).problems[0]) for name in ("latin.yaml", "none.yaml")] == [
        "latin.yaml:2: is not UTF-8 from this line on; save the file as UTF-8",
        "none.yaml: no such file; check the path",
    ]
    assert read(tmp_path, "folder").problems[0].message == "is a folder"


def test_a_file_is_called_by_its_path_unless_told_otherwise(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text("a: 1\na: 2\n")
    assert [read(file).problems[0].path, read(file, "values.yaml").problems[0].path] == [str(file), "values.yaml"]


@pytest.mark.parametrize("sign", ["", "-", "+"])
@pytest.mark.parametrize("digits", ["9" * 400, "9" * 5000, "1" + "0" * 20, "1_" * 3000 + "1"])
def test_an_integer_of_any_length_is_read(sign, digits):
    parsed = parse(f"a: {sign}{digits}\nb: !!int {sign}{digits}\n", "f")
    assert isinstance(parsed.data["a"], str | float)
