"""A package that others made is read within bounds, or refused in a sentence."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from chartgen.chart import archive
from chartgen.problem import Faults

ABOUT = {"x/Chart.yaml": b"name: x\n"}


def packed(files=ABOUT, *odd: tarfile.TarInfo) -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        for entry in odd:
            tar.addfile(entry)
    return memory.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def said(tmp_path, data: bytes) -> str:
    (tmp_path / "x.tgz").write_bytes(data)
    with pytest.raises(Faults) as caught:
        archive.read(tmp_path / "x.tgz")
    return caught.value.problems[0].message


def test_a_package_is_its_folder_and_its_files(tmp_path):
    (tmp_path / "x.tgz").write_bytes(packed({**ABOUT, "x/templates/a.yaml": b"a"}))
    data, top, found = archive.read(tmp_path / "x.tgz")
    assert (data[:2], top, found) == (b"\x1f\x8b", "x", {"Chart.yaml": b"name: x\n", "templates/a.yaml": b"a"})


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_chart_consists_of_regular_files(tmp_path, kind):
    assert said(tmp_path, packed({}, entry("x/Chart.yaml", kind, "none"))) == (
        "contains x/Chart.yaml, which is not a regular file"
    )


@pytest.mark.parametrize("name", ["Chart.yaml", "/x/a", "x/../../a", "x/./a", "x//a", "x\\a", "x/" + "a" * 300])
def test_a_path_stays_inside_the_chart(tmp_path, name):
    assert "which is not a path inside a chart" in said(tmp_path, packed(ABOUT, entry(name)))


def test_a_file_is_not_a_folder_too(tmp_path):
    assert said(tmp_path, packed({"x/a": b"", "x/a/b": b""})) == "contains a both as a file and as a folder"


def test_the_sum_of_a_package_is_checked(tmp_path):
    whole = packed()
    assert "CRC check failed" in said(tmp_path, whole[:-8] + bytes(4) + whole[-4:])
    assert "is not the package of a chart" in said(tmp_path, whole[:-4])
    assert "is not the package of a chart" in said(tmp_path, whole[:20] + b"\xff\xff\xff" + whole[23:])


def test_a_package_has_helms_own_limits(tmp_path, monkeypatch):
    assert "larger than 5 MiB" in said(tmp_path, packed({"x/a": bytes(archive.EACH + 1)}))
    monkeypatch.setattr(archive, "MANY", 2)
    assert said(tmp_path, packed({f"x/{n}": b"" for n in range(3)})) == "contains more than 2 files"
    monkeypatch.setattr(archive, "MOST", 1 << 20)
    assert said(tmp_path, gzip.compress(bytes(2 << 20))) == "unpacks to more than 1 MiB, which is Helm's limit"
