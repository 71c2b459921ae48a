"""`chartgen diff`: each folder of diffs/ has the manifests of two sides, and what is printed of them."""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import CHART, ROOT, outcome
from objects import GOOD, odd

from chartgen.cli import main
from chartgen.proofs.manifests import render_of
from chartgen.views import diff, graph, sides

DIFFS = Path(__file__).with_name("diffs")
CASES = sorted(folder.name for folder in DIFFS.iterdir())
EXAMPLES = CHART / "examples"


def compared(old: Path, new: Path) -> diff.Comparison:
    return diff.diff(str(old), str(new), sides.Context(CHART), lambda text: None)


@pytest.mark.parametrize("name", CASES)
def test_what_an_upgrade_does_is_said_as_in_the_case(name, monkeypatch):
    monkeypatch.chdir(DIFFS / name)
    found = compared(Path("old.yaml"), Path("new.yaml"))
    assert "\n".join(diff.lines(found)) + "\n" == Path("said.txt").read_text()


@pytest.mark.parametrize("name", CASES)
def test_the_namespace_of_a_release_changes_nothing_but_names_of_it(name, monkeypatch):
    monkeypatch.chdir(DIFFS / name)
    found = diff.diff("old.yaml", "new.yaml", sides.Context(CHART, namespace="ai"), lambda text: None)
    text = re.sub(r" -n ai\b|\.ai\b(?=[: ])", "", "\n".join(diff.lines(found)) + "\n")
    assert text == Path("said.txt").read_text()


def test_a_list_of_objects_is_its_objects(tmp_path):
    items = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
    (tmp_path / "old.yaml").write_text(items)
    (tmp_path / "new.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n")
    assert compared(tmp_path / "old.yaml", tmp_path / "new.yaml").differences == ()


@pytest.mark.slow
def test_the_cards_of_a_group_are_those_of_all_of_its_pods(tmp_path):
    group = (
        "apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nmetadata: {name: a}\n"
        "spec: {replicas: 1, leaderWorkerTemplate: {size: 3, workerTemplate: {spec: {containers: "
        "[{name: a, image: a, resources: {limits: {example.com/card: 8}}}]}}}}\n"
    )
    (tmp_path / "old.yaml").write_text("")
    (tmp_path / "new.yaml").write_text(group)
    (found,) = [each for each in compared(tmp_path / "old.yaml", tmp_path / "new.yaml").differences if each.name == "a"]
    assert "its pods request 24 example.com/card" in [each.text for each in found.meanings]


@pytest.mark.parametrize("command", ["diff", "diagram"])
def test_manifests_need_no_chart(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = DIFFS / "a-policy-goes" / "old.yaml"
    done = CliRunner().invoke(main, [command, *[str(file)] * (2 if command == "diff" else 1)], catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (0, "")
    (tmp_path / "values.yaml").write_text("replicas: 2\n")
    done = CliRunner().invoke(main, ["diff", "values.yaml", str(file)], catch_exceptions=False)
    assert (done.exit_code, "no such chart" in done.stderr) == (1, True)


RAY = """apiVersion: ray.io/v1
kind: RayService
metadata: {{name: a}}
spec:
  upgradeStrategy: {{type: {strategy}}}
  serveConfigV2: {config}
  rayClusterConfig:
    headGroupSpec: {{template: {{spec: {{containers: [{{name: a, image: {image}}}]}}}}}}
    workerGroupSpecs:
    - replicas: 2
      numOfHosts: 3
      template: {{spec: {{containers: [{{name: a, image: {image}, resources: {{limits: {{example.com/card: 8}}}}}}]}}}}
"""
SECOND = "KubeRay starts a second cluster and then stops the first: a: image b → c"
AGAIN = "Ray Serve loads the model again, with other settings"


@pytest.mark.parametrize(
    ("strategy", "config", "image", "said"),
    [
        ("NewCluster", "x", "c", [SECOND, "the rollout needs 48 more example.com/card for a time"]),
        ("NewCluster", "y", "c", [SECOND, "the rollout needs 48 more example.com/card for a time"]),
        ("NewCluster", "y", "b", [AGAIN]),
        ("None", "y", "c", [AGAIN, "its pods change when you delete its RayCluster: a: image b → c"]),
    ],
)
def test_what_kuberay_does_with_a_changed_ray_service(tmp_path, strategy, config, image, said):
    (tmp_path / "old.yaml").write_text(RAY.format(strategy=strategy, config="x", image="b"))
    (tmp_path / "new.yaml").write_text(RAY.format(strategy=strategy, config=config, image=image))
    (found,) = compared(tmp_path / "old.yaml", tmp_path / "new.yaml").differences
    assert [each.text for each in found.meanings] == said


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    _, [problem] = outcome(compared, tmp_path / "pipe", tmp_path / "pipe")
    assert "is a named pipe" in str(problem)


@pytest.mark.slow
def test_equal_values_differ_in_nothing_though_the_chart_makes_random_secrets(tmp_path):
    (tmp_path / "a.yaml").write_text("openWebui:\n  enabled: true\n")
    (tmp_path / "b.yaml").write_text("openWebui:\n  enabled: true\n")
    assert compared(tmp_path / "a.yaml", tmp_path / "b.yaml").differences == ()


def test_a_side_without_values_says_that_helm_keeps_those_of_the_release(tmp_path):
    """Helm copies the values of the release where an upgrade sets none (reuseValues in pkg/action/upgrade.go)."""
    (tmp_path / "none.yaml").write_text("# nothing\n")
    (tmp_path / "some.yaml").write_text("service: {port: 8080}\n")
    (tmp_path / "none-too.yaml").write_text("{}\n")
    back = compared(tmp_path / "some.yaml", tmp_path / "none.yaml")
    assert "--reset-values" in "\n".join(diff.lines(back))
    assert "--reset-values" in back.as_json()["note"]
    assert compared(tmp_path / "none.yaml", tmp_path / "some.yaml").note == ""
    assert compared(tmp_path / "none.yaml", tmp_path / "none-too.yaml").note == ""


@pytest.mark.slow
def test_a_package_is_compared_with_a_folder_for_the_same_values(tmp_path):
    values = str(EXAMPLES / "two-servers.yaml")
    runner = CliRunner()
    made = runner.invoke(main, ["package", "llm-stack", "-d", str(tmp_path), "--no-proof"], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    (package,) = tmp_path.glob("*.tgz")
    done = runner.invoke(main, ["diff", str(package), str(CHART), "-f", values], catch_exceptions=False)
    assert (done.exit_code, "nothing differs" in done.output) == (0, True), done.output


@pytest.mark.parametrize(("fail_on", "code"), [("refused", 1), ("never", 0)])
def test_the_exit_code_follows_the_severity(fail_on, code):
    place = DIFFS / "a-claim-shrinks"
    arguments = ["diff", str(place / "old.yaml"), str(place / "new.yaml"), "--fail-on", fail_on, "--json"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == code
    found = json.loads(done.output)
    assert (found["severity"], found["differences"][0]["change"]) == ("refused", "changed")
    assert "shrink" in found["differences"][0]["meanings"][0]["remedy"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gpu: {vender: nvidia}\n", "new.yaml:1: gpu.vender"),
        ("a: [\n", "new.yaml:2"),
        ("- a\n", "new.yaml:1: is not a values file"),
        (None, "new.yaml: no such file; name a values file"),
    ],
)
def test_a_side_that_cannot_be_read_is_a_sentence(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    Path("old.yaml").write_text("{}\n")
    if text is not None:
        Path("new.yaml").write_text(text)
    done = CliRunner().invoke(main, ["diff", "old.yaml", "new.yaml", "--chart", str(ROOT / CHART)])
    assert done.exit_code == 1
    assert said in done.output


def test_a_running_release_without_a_cluster_is_a_line_and_exit_code_2(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = CliRunner().invoke(main, ["diff", "release/llm", str(CHART), "--chart", str(CHART)])
    assert done.exit_code == 2
    assert done.output.count("\n") == 1


def test_values_are_rendered_as_the_release_that_runs(monkeypatch, tmp_path):
    """By another name, all of its objects would seem to be deleted, and others to be created."""
    (tmp_path / "values.yaml").write_text("openWebui: {enabled: false}\n")

    def running(name, context, say):
        asked = sides.Context(CHART, release=name)
        found = sides.read(str(tmp_path / "values.yaml"), asked, say).render
        return "\n---\n".join(json.dumps(each.data) for each in found.objects)

    monkeypatch.setattr(sides, "_running", running)
    for pair in (("release/gen", str(tmp_path / "values.yaml")), (str(tmp_path / "values.yaml"), "release/gen")):
        for more in ((), ("--release", "gen")):
            done = CliRunner().invoke(main, ["diff", *pair, "--chart", str(CHART), *more], catch_exceptions=False)
            assert (done.exit_code, "nothing differs" in done.stdout) == (0, True), done.output


@pytest.mark.parametrize("arguments", [("diff", "release/gen", "a.yaml"), ("diagram", "release/gen")])
def test_another_release_than_the_one_that_runs_is_refused(arguments):
    done = CliRunner().invoke(main, [*arguments, "--release", "other"], catch_exceptions=False)
    assert done.exit_code == 1
    assert "--release: 'other' is not the release of release/gen" in done.output
    assert "leave it out to render gen, or compare release/other" in done.output


@pytest.mark.slow
def test_objects_of_any_shape_are_compared_and_drawn_without_a_crash():
    """What stands where is kubeconform's business: what cannot be read is left alone."""
    dice = random.Random(1)
    whole = sides.Side("whole", render_of(GOOD, frozenset()))
    for documents in odd(dice):
        side = sides.Side("odd", render_of(documents, frozenset()))
        for one, two in ((whole, side), (side, whole)):
            diff.lines(diff.between(one, two))
        graph.graph(side.render)


def test_an_object_that_says_the_namespace_of_its_release_is_the_same_as_one_that_does_not(tmp_path):
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a%s}\nspec: {accessModes: [ReadWriteOnce]}\n"
    files = []
    for name, said in (("old.yaml", ""), ("new.yaml", ", namespace: ai")):
        files.append(tmp_path / name)
        files[-1].write_text(claim % said)
    for namespace, count in (("ai", 0), ("default", 2)):
        for old, new in (files, files[::-1]):
            found = diff.diff(str(old), str(new), sides.Context(CHART, namespace=namespace), lambda text: None)
            assert len(found.differences) == count
