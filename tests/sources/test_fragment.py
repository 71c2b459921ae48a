"""A folder becomes a fragment, or sentences that say what is wrong with it."""

import pytest
from conftest import outcome

from chartgen.sources import fragment


def test_fragment_is_read_with_its_templates_files_and_schema(write):
    folder = write(
        {
            "engine/tiny/fragment.yaml": {
                "summary": "A tiny engine.",
                "requires": ["server"],
                "choice": {"engine": "tiny"},
                "fills": {"server.args": "fragment.engine.tiny.args"},
            },
            "engine/tiny/values.schema.yaml": {
                "server": {"tiny": {"type": "string", "description": "x", "default": ""}}
            },
            "engine/tiny/templates/_tiny.tpl": '{{- define "fragment.engine.tiny.args" -}}\n- a\n{{- end }}\n',
            "engine/tiny/files/run.sh": "echo\n",
        }
    )
    found, problems = outcome(fragment.load, folder / "engine/tiny", "engine/tiny")
    assert not problems
    assert found.prefix == "fragment.engine.tiny."
    assert found.defines() == {"fragment.engine.tiny.args": ("_tiny.tpl", 1)}
    assert found.files == {"run.sh": "echo\n"}
    assert set(found.server) == {"tiny"}


def test_unknown_key_of_a_fragment_is_named_with_its_line(write):
    folder = write({"a/fragment.yaml": "summary: a\nrequiers: [base]\n"})
    found, problems = outcome(fragment.load, folder / "a", "a", "a")
    assert found is None
    assert [str(problem) for problem in problems] == [
        "a/fragment.yaml:2: requiers: no such key; did you mean 'requires'?"
    ]


def test_every_fault_of_a_fragment_is_told_in_one_go(write):
    folder = write(
        {
            "a/fragment.yaml": "sumary: a\nfills: {x: y}\n",
            "a/values.schema.yaml": "server:\n  key: {type: text}\nservers: {}\n",
        }
    )
    _, problems = outcome(fragment.load, folder / "a", "a", "a")
    assert {(problem.path, problem.line) for problem in problems} >= {
        ("a/fragment.yaml", 1),
        ("a/fragment.yaml", 2),
        ("a/values.schema.yaml", 2),
        ("a/values.schema.yaml", 3),
    }


def test_folder_without_fragment_yaml_is_refused(tmp_path):
    found, problems = outcome(fragment.load, tmp_path, "x", "x")
    assert found is None
    assert "no such file" in str(problems[0])


def test_what_editors_and_python_leave_is_no_file_of_a_fragment(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/tidy.cpython-311.pyc").write_bytes(b"\xa7\r")
    for name in ("tidy.py", "tidy.py~", ".tidy.py.swp"):
        (tmp_path / name).write_text("print()\n")
    assert fragment.texts(tmp_path) == {"tidy.py": "print()\n"}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda file: file.symlink_to("/etc/hostname"),
            ": is a symbolic link; put a copy of what it points to in its place",
        ),
        (lambda file: file.write_bytes(b"\xff\xfe"), ":1: is not UTF-8 from this line on; save the file as UTF-8"),
    ],
    ids=["link", "not UTF-8"],
)
@pytest.mark.parametrize("place", ["files", "templates"])
def test_file_of_a_fragment_that_cannot_be_taken_is_a_problem(write, place, spoil, said):
    folder = write({"a/fragment.yaml": {"summary": "a"}})
    (folder / "a" / place).mkdir()
    spoil(folder / "a" / place / "x.txt")
    _, problems = outcome(fragment.load, folder / "a", "a", "a")
    assert [str(problem).endswith(f"a/{place}/x.txt{said}") for problem in problems] == [True]


def test_link_to_a_folder_or_to_nothing_is_a_problem_and_an_editors_lock_is_none(write):
    folder = write({"a/fragment.yaml": {"summary": "a"}, "a/files/real.sh": "echo\n", "other/x.txt": "x\n"})
    (folder / "a/files/.#real.sh").symlink_to("ada@host.1:2")
    assert fragment.load(folder / "a", "a", "a").files == {"real.sh": "echo\n"}
    (folder / "a/files/none.txt").symlink_to("nowhere")
    (folder / "a/cases").symlink_to(folder / "other")
    _, problems = outcome(fragment.load, folder / "a", "a", "a")
    assert sorted(problem.path.rpartition("a/")[2] for problem in problems) == ["cases", "files/none.txt"]
    assert all("link" in problem.message for problem in problems)
