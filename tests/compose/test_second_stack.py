"""Others compose from the same fragments: a smaller stack, from an installed wheel, outside the repository."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

from chartgen.files import below

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def chartgen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """chartgen as installed from its wheel: an environment that sees its dependencies, and not the repository."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    wheel = next(folder.glob("*.whl"))
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
    python = folder / "env/bin/python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "-q", wheel, cwd=folder)
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).stdout.strip()
    # A folder named by a .pth file is searched, but its own .pth files are not read: the checkout stays out of sight.
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    where = run(python, "-c", "import chartgen; print(chartgen.__file__)", cwd=folder).stdout.strip()
    assert where.startswith(str(folder))
    return folder / "env/bin/chartgen"


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "tests/compose/second-stack", tmp_path / "mine")
    return tmp_path / "mine"


def test_smaller_stack_is_built_and_proved_from_the_wheel(chartgen, stack, helm, monkeypatch):
    monkeypatch.setenv("CHARTGEN_HOME", str(ROOT / ".tools"))
    assert "added" in run(chartgen, "build", cwd=stack).stdout
    assert "nothing changed" in run(chartgen, "build", cwd=stack).stdout
    run(chartgen, "build", "--check", cwd=stack)
    chart = stack / "charts/tiny-llm"
    rendered = run(helm, "template", "x", chart, cwd=stack).stdout
    assert "kind: ResourceQuota" in rendered
    assert "open-webui" not in rendered
    assert "fragment." not in rendered
    schema = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["engine"]["enum"] == ["ollama"]
    assert schema["properties"]["servers"]["required"] == ["chat"]
    said = json.loads(run(chartgen, "validate", "--json", cwd=stack).stdout)
    assert said["problems"] == []
    assert said["documents"] > 0


def test_build_notices_a_change_by_hand(chartgen, stack):
    run(chartgen, "build", cwd=stack)
    values = stack / "charts/tiny-llm/values.yaml"
    values.write_text(values.read_text(encoding="utf-8").replace("replicas: 1", "replicas: 2"), encoding="utf-8")
    (stack / "charts/tiny-llm/templates/limit/quota/resource-quota.yaml").unlink()
    done = run(chartgen, "build", "--check", cwd=stack, code=1)
    assert "charts/tiny-llm/values.yaml: differs from its sources" in done.stderr
    assert "charts/tiny-llm/templates/limit/quota/resource-quota.yaml: is missing" in done.stderr


def test_own_fragment_is_checked_like_chartgens(chartgen, stack):
    recipe = stack / "fragments/limit/quota/fragment.yaml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("server.podAnnotations", "server.annotations"))
    done = run(chartgen, "build", cwd=stack, code=1)
    assert (
        'fragments/limit/quota/fragment.yaml:5: fills."server.annotations": no fragment of the stack offers it'
        in done.stderr
    )


def test_wheel_and_sdist_carry_everything_that_the_checkout_has(tmp_path):
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", tmp_path, cwd=ROOT)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as sdist:
        sdist.extractall(tmp_path / "sdist", filter="data")
    unpacked = next((tmp_path / "sdist").iterdir())
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "again", cwd=unpacked)
    contents = []
    for wheel in (*tmp_path.glob("*.whl"), *(tmp_path / "again").glob("*.whl")):
        with zipfile.ZipFile(wheel) as file:
            contents.append({name for name in file.namelist() if ".dist-info/" not in name})
    own = {f"chartgen/{name}" for name in below(ROOT / "chartgen") if not name.endswith(".pyc")}
    schemas = {f"chartgen/schemas/{name}" for name in below(ROOT / "schemas")}
    documents = {f"chartgen/docs/{name}" for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/loaders.md")}
    assert contents == [own | schemas | documents] * 2


def test_wheel_has_the_skeletons_and_what_an_author_reads(chartgen, tmp_path):
    said = run(chartgen, "new", "stack", "team-llm", cwd=tmp_path).stdout
    document = Path(said.rpartition(": ")[2].strip())
    assert (tmp_path / document).is_file()
    assert (tmp_path / document).parent.joinpath("docs/loaders.md").is_file()
    run(chartgen, "build", cwd=tmp_path / "team-llm")
    said = run(chartgen, "new", "fragment", "engine/mine", "--stack", "stack.yaml", cwd=tmp_path / "team-llm").stdout
    assert "fragments/engine/mine: 8 files" in said
