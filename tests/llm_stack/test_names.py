"""Names: whatever releases and servers are called, each object has a name of its kind, and each another."""

from __future__ import annotations

import json
import random
from pathlib import Path

import naming
import pytest
import rendering
from conftest import CHART

from chartgen.programs import helm as render
from chartgen.proofs import manifests, wiring
from chartgen.reading.unprinted import opened

pytestmark = pytest.mark.slow

ROUNDS = 24
SEED = 12
NEEDS = frozenset({"Gateway/public", "DeviceClass/mig.nvidia.com", "DeviceClass/gpu.nvidia.com"})


def rendered(folder: Path, wanted: list[tuple[str, dict]]) -> list[str]:
    """The text of each (release, values)."""
    requests = []
    for n, (release, values) in enumerate(wanted):
        file = folder / f"{n}.json"
        file.write_text(json.dumps(values), encoding="utf-8")
        requests.append(render.Request(CHART, (file,), "1.37.0", release))
    made = rendering.many(requests)
    assert [each.error for each in made.values() if each.error] == []
    return [made[each].text for each in requests]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """(release, values, text) of each round."""
    chance = random.Random(SEED)
    wanted = [(naming.release(chance), naming.values(chance)) for _ in range(ROUNDS)]
    texts = rendered(tmp_path_factory.mktemp("names"), wanted)
    return [(*each, text) for each, text in zip(wanted, texts, strict=True)]


def test_every_name_keeps_to_the_limit_of_its_kind_and_none_is_used_twice(rounds):
    found = {release: list(naming.faults(naming.objects(text))) for release, _, text in rounds}
    assert {release: faults for release, faults in found.items() if faults} == {}


def test_longest_names_of_servers_keep_to_the_limits_however_they_are_set_up(tmp_path):
    servers = {
        f"{'a' * length}{n}": way for n, way in enumerate(naming.WAYS) for length in range(25, naming.SERVER - 1)
    }
    values = {"openWebui": {"enabled": False}, "servers": {"server": {"enabled": False}} | servers}
    (text,) = rendered(tmp_path, [("z" * naming.RELEASE, values)])
    assert list(naming.faults(naming.objects(text))) == []


def test_every_name_that_an_object_refers_to_is_that_of_an_object(rounds):
    for release, values, text in rounds:
        found = wiring.check(manifests.render_of(render.documents(text), NEEDS))
        assert [(str(each.message), each.path) for each in found] == [], (release, values)


def test_two_releases_have_no_name_in_common(rounds):
    renders = {release: manifests.render_of(render.documents(text), NEEDS) for release, _, text in rounds}
    assert len(renders) > ROUNDS / 2
    assert [(release, fault.message) for release, fault in wiring.clashes(renders)] == []


def test_long_releases_that_differ_at_the_end_have_no_name_in_common(tmp_path):
    releases = ["a" * 52 + "b", "a" * 52 + "c", "a" * 50 + ".bb", "a" * 50 + "-bb"]
    texts = rendered(tmp_path, [(release, naming.EVERYTHING) for release in releases])
    renders = {
        release: manifests.render_of(render.documents(text), NEEDS)
        for release, text in zip(releases, texts, strict=True)
    }
    assert [(release, fault.message) for release, fault in wiring.clashes(renders)] == []


def test_another_server_renames_nothing_and_changes_no_selector(rounds, tmp_path):
    one = [each for each in rounds if len(each[1]["servers"]) > 2]
    more = [
        (release, values | {"servers": values["servers"] | {"zzz": {}}})
        for release, values, _ in one
        if "zzz" not in values["servers"]
    ]
    texts = rendered(tmp_path, more)
    for (_, _, before), after in zip(one, texts, strict=True):
        names = {(each["kind"], each["metadata"]["name"]): each for each in naming.objects(before)}
        later = {(each["kind"], each["metadata"]["name"]): each for each in naming.objects(after)}
        assert names.keys() <= later.keys()
        for key, each in names.items():
            assert each.get("spec", {}).get("selector") == later[key].get("spec", {}).get("selector"), key


@pytest.mark.parametrize(("kind", "longest"), [("StatefulSet", 52), ("CronJob", 52), ("Job", 63), ("Service", 63)])
def test_the_longest_release_and_server_fill_a_name_up_to_its_limit_at_most(tmp_path, kind, longest):
    ways = {
        "StatefulSet": {"modelCache": {"type": "volumeClaimTemplate"}},
        "CronJob": {"modelCache": {"accessModes": ["ReadWriteMany"]}, "model": {"delivery": "cronjob"}},
    }
    servers = {"server": {"enabled": False}, "s" * 30: ways.get(kind, ways["CronJob"])}
    (text,) = rendered(tmp_path, [("9" * 53, {"servers": servers})])
    names = [each["metadata"]["name"] for each in naming.objects(text) if each["kind"] == kind]
    assert names
    assert max(map(len, names)) <= longest


def nodes(schema, path=()):
    """Every value that a schema declares: (path, schema)."""
    for key, each in schema.get("properties", {}).items():
        yield (*path, key), each
        yield from nodes(each, (*path, key))
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from nodes(schema[word], (*path, "*"))


def test_names_of_objects_and_keys_of_secrets_have_the_form_that_kubernetes_wants():
    schema = opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))
    names, keys = set(), set()
    for path, each in nodes(schema):
        if path[-1].startswith("existing") or path[-1] in ("storageClass", "className", "basicAuthSecret"):
            names.add(each.get("$ref"))
        if (
            path[-1] in ("key", "usernameKey", "passwordKey", "clientIdKey", "clientSecretKey")
            and path[0] != "tolerations"
        ):
            keys.add(each.get("$ref"))
    assert names == {"#/definitions/objectName"}
    assert keys == {"#/definitions/dataKey"}
