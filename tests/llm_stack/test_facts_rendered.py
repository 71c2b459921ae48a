"""Facts that a template works out are checked when the chart is rendered."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from conftest import CHART

HEAD = '{{- define "llm-stack.engine.ollama.facts" -}}\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '{{ printf "protocl: x" }}',
            "engine.facts: protocl is not one of its keys; use one of access, alsoAccepted, arguments, batch, cards,",
        ),
        (
            '{{ printf "copies: many" }}',
            'engine.facts: copies is "many", which is not of type integer; state one that is',
        ),
        ('{{ printf "copies: 1.5" }}', "engine.facts: copies is 1.5, which is not of type integer; state one that is"),
        ('protocol: {{ quote "opnai" }}', 'engine.facts: protocol is "opnai"; use one of ollama, openai, kserve, none'),
        ("port: {{ toJson nil }}", "engine.facts: port is missing; state it"),
        ("secret: {name: x}", "engine.facts: secret.key is missing; state it"),
        ('formats: {{ list "dirctory" | toJson }}', 'engine.facts: formats has "dirctory"; use directory, ollama'),
        ("metrics: {port: htp, path: /}", 'engine.facts: metrics.port is "htp"; use http or a key of ports'),
        ('{{ printf "copies: 0" }}', "engine.facts: copies is 0; state a number of at least 1"),
        ("port: {{ int 80800 }}", "engine.facts: port is 80800; state a number of at most 65535"),
        ('{{ printf "sharedMemory: 2Gb" }}', 'engine.facts: sharedMemory is "2Gb"; use a quantity such as 2Gi'),
        ("health: {ready: health}", 'engine.facts: health.ready is "health"; use a path that begins with /'),
        ("secret: {nme: x}", "engine.facts: secret.nme is not one of its keys; use one of key, name"),
    ],
)
def test_facts_that_the_slot_does_not_declare_are_refused_by_the_render(helm, tmp_path, line, said):
    chart = tmp_path / "llm-stack"
    shutil.copytree(CHART, chart)
    file = chart / "templates/engine/ollama/_ollama.tpl"
    text = file.read_text(encoding="utf-8")
    assert HEAD in text
    key = line.partition(":")[0]
    lines = [each for each in text.partition(HEAD)[2].split("\n") if not each.startswith(f"{key}:")]
    file.write_text(text.partition(HEAD)[0] + HEAD + f"{line}\n" + "\n".join(lines), encoding="utf-8")
    done = subprocess.run([helm, "template", "llm", chart], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"\n{said}" in done.stderr
