"""Open WebUI's database is changed under a lock, and by nothing that other pods could do meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

SCRIPT = ROOT / "chartgen/fragments/ui/open-webui/files/migrate.py"

# What stands in the image, as far as the script knows it: each says when it is asked.
IMAGE = {
    "sqlalchemy/__init__.py": "def text(statement):\n    return statement\n",
    "open_webui/config.py": """
import os
VECTOR_DB = os.environ["VECTOR_DB"]
def run_migrations():
    print("tables")
    if os.environ.get("BROKEN"):
        raise SystemExit(3)
async def seed_registered_defaults():
    print("settings")
""",
    "open_webui/internal/db.py": """
class engine:
    def __enter__(self):
        return self
    def __exit__(self, *fault):
        print("undone" if fault[0] else "unlocked")
    def execute(self, statement, values):
        print(statement.split("(")[0], values["lock"] < 2**63)
engine.begin = engine
""",
    "open_webui/retrieval/vector/factory.py": "print('index')\n",
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    for name, text in IMAGE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def migrate(image: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(image), "VECTOR_DB": "chroma"} | environment
    return subprocess.run([sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, check=False)


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if not line.startswith("migrate: ")]


LOCKED = "SELECT pg_advisory_xact_lock True"


def test_tables_and_settings_are_made_while_the_lock_is_held(image):
    done = migrate(image)
    assert done.returncode == 0, done.stderr
    assert said(done) == [LOCKED, "tables", "settings", "unlocked"]


def test_index_in_the_database_is_made_under_the_same_lock(image):
    assert said(migrate(image, VECTOR_DB="pgvector")) == [LOCKED, "tables", "settings", "index", "unlocked"]


def test_pod_does_not_start_on_tables_that_could_not_be_made(image):
    done = migrate(image, BROKEN="1")
    assert done.returncode == 3
    assert said(done) == [LOCKED, "tables", "undone"]
