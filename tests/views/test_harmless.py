"""No text that can be a credential is in what `diff` and `diagram` print, wherever it is in objects or values."""

from __future__ import annotations

import copy
import json
import random
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import objects
import pytest
import yaml
from conftest import CHART
from objects import everywhere, inside

from chartgen.programs import helm, tools
from chartgen.programs.helm import Document, documents
from chartgen.proofs.manifests import render_of
from chartgen.views import diagram, diff, graph, harmless, sides

OBJECTS = Path(__file__).with_name("places.yaml")
# Where a name, an image, a path or a host is printed. All other places of the objects are texts that are not.
PRINTED = re.compile(
    rf"(?:.*\.)?(?:name|namespace|kind|apiVersion|(?:{'|'.join(harmless.NAMES)})Name|image|reference|mountPath|path\.value|subPath|workingDir|topologyKey|path"
    r"|hostname|host|hosts\.\d+|hostnames\.\d+|externalName|(?:secretKeyRef|items\.\d+)\.key|fieldPath|resource"
    r"|(?:labels|matchLabels|nodeSelector|selector)\.[^.]+(?:\.\w+)*|(?:resources|verbs|apiGroups|resourceNames)\.\d+"
    r"|group|accessModes\.\d+|policyTypes\.\d+|sectionName|appProtocol|tolerations\.\d+\.(?:key|value)"
    r"|loadBalancerIP|loadBalancerSourceRanges\.\d+|hostIP|cidr|schedule|type|protocol|driver|from\.\w+|operator"
    r"|annotations\.checksum/\w+|values\.\d+|add\.\d+|drop\.\d+|ip|hostnames\.\d+|timeZone|metric|controllerName"
    r"|s3\.region|imagePullPolicy|restartPolicy|pathType|whenUnsatisfiable|effect|kind|match|spec\.host|terminationGracePeriod\w+)"
)


def tokens(dice: random.Random) -> Iterator[str]:
    """Texts as credentials are, alone and in texts around them."""
    letters = string.ascii_letters + string.digits
    while True:
        yield "".join(dice.choices(letters, k=dice.choice([12, 20, 40])))


WRITTEN = ("{0}", "--key={0}", "-p{0}", "user:{0}", "https://user:{0}@a.example.com/", "https://a.example.com/x?y={0}")
WRITTEN += ("Bearer {0}", "a\n{0}\nb", '{{"a": "{0}"}}', "{0},b", "https://a.example.com/{0}", "a={0};b=c", "{0}=")


def said(old: list[Document], new: list[Document]) -> str:
    """Everything that is printed of two sides."""
    one, two = (sides.Side(name, render_of(side, frozenset())) for name, side in (("old", old), ("new", new)))
    found = diff.between(one, two)
    text = "\n".join(diff.lines(found)) + json.dumps(found.as_json(), ensure_ascii=False)
    for side in (one, two):
        drawn = diagram.Diagram("release", graph.graph(side.render))
        text += drawn.svg() + drawn.mermaid() + json.dumps(drawn.as_json(), ensure_ascii=False)
    return text


def put(document: Document, path: tuple[Any, ...], value: Any) -> Document:
    return replace(document, data=objects.put(document.data, path, value))


def texts(data: Any) -> Iterator[tuple[Any, ...]]:
    for path in everywhere(data):
        if isinstance(inside(data, path), str):
            yield path


def test_a_text_at_any_place_of_an_object_is_not_printed():
    dice = random.Random(17)
    made = tokens(dice)
    all_of = [each for each in documents(OBJECTS.read_text()) if each.data]
    free = 0
    for n, document in enumerate(all_of):
        for path in texts(document.data):
            where = ".".join(map(str, path))
            if PRINTED.fullmatch(where):
                continue
            free += 1
            for form in (WRITTEN[0], dice.choice(WRITTEN)):
                token, other = next(made), next(made)
                side = [
                    [*all_of[:n], put(document, path, form.format(each)), *all_of[n + 1 :]] for each in (token, other)
                ]
                for old, new in (side, side[::-1], (all_of, side[0]), (side[0], all_of)):
                    printed = said(old, new)
                    assert token not in printed, f"{document.data['kind']}: {where}: {form}"
                    assert other not in printed, f"{document.data['kind']}: {where}: {form}"
    assert free > 60


def test_what_is_added_or_removed_as_a_whole_does_not_print_its_texts():
    """Lists of variables and of arguments, containers and volumes, with a text in them."""
    dice = random.Random(3)
    made = tokens(dice)
    for document in (each for each in documents(OBJECTS.read_text()) if each.data):
        for path in texts(document.data):
            if PRINTED.fullmatch(".".join(map(str, path))):
                continue
            token = next(made)
            changed = put(document, path, token)
            for length in range(1, len(path)):
                less = copy.deepcopy(changed.data)
                del inside(less, path[: length - 1])[path[length - 1]]
                if {"kind", "metadata"} <= less.keys() and "name" in (less["metadata"] or {}):
                    for sides_ in ([replace(changed, data=less), changed], [changed, replace(changed, data=less)]):
                        assert token not in said([sides_[0]], [sides_[1]]), (document.data["kind"], path, length)


@pytest.mark.parametrize("name", ["hf_AAAAbbbbCCCCddddEEEE1234567890", "https://user:AAAAbbbbCCCC9@a.example.com/"])
def test_a_credential_as_the_name_of_a_place_is_not_printed(name):
    (files,) = [each for each in documents(OBJECTS.read_text()) if each.data and each.data["kind"] == "ConfigMap"]
    for path in (("data", name), ("data",), ("metadata", "annotations")):
        changed = put(files, path, "text" if path[-1] == name else {name: "text"})
        assert "AAAAbbbb" not in said([files], [changed]) + said([changed], [files])


def test_what_changes_is_named_all_the_same():
    """Which variable, argument, key or annotation changes, and how long its text is."""
    (old,) = [each for each in documents(OBJECTS.read_text()) if each.data and each.data["kind"] == "Deployment"]
    container = ("spec", "template", "spec", "containers", 0)
    new = put(old, (*container, "env", 0, "value"), "a much longer text")
    new = put(new, (*container, "args", 2), "--label=another")
    new = put(new, ("metadata", "annotations", "example.com/note"), "else")
    text = said([old], [new])
    for part in (
        "env[GREETING].value has another text (5 → 18 characters)",
        "args --label has another text (5 → 7 characters)",
        'metadata.annotations."example.com/note" has another text of 4 characters',
    ):
        assert part in text


@pytest.mark.parametrize(
    ("path", "old", "new", "shown"),
    [
        (("containers", 0, "image"), "vllm/vllm-openai:v1", "vllm/vllm-openai:v2", "v1 → vllm/vllm-openai:v2"),
        (("containers", 0, "env", 1, "value"), "10", "20", "env[LIMIT].value 10 → 20"),
        (("containers", 0, "env", 1, "value"), "true", "5m", "env[LIMIT].value true → 5m"),
        (("containers", 0, "args", 0), "--model=org/one", "--model=org/two", "--model=org/one → org/two"),
        (("containers", 0, "readinessProbe", "httpGet", "path"), "/a", "/b", "httpGet.path /a → /b"),
        (("serviceAccountName",), "one", "two", "serviceAccountName one → two"),
    ],
)
def test_what_is_harmless_is_printed(path, old, new, shown):
    (deployment,) = [each for each in documents(OBJECTS.read_text()) if each.data and each.data["kind"] == "Deployment"]
    place = ("spec", "template", "spec", *path)
    assert shown in said([put(deployment, place, old)], [put(deployment, place, new)])


# Values that are names, addresses and models by their place, which are printed.
NAMED = re.compile(
    r"(?:.*\.)?(?:name|names?|\w*[Nn]ame|image|repository|registry|imageRegistry|tag|host|hosts|domain|path|model|models|file|existing\w+"
    r"|mountPath|subPath|secretName|className|storageClass\w*|type|kind|engine|source|delivery|mode|schedule|labels\..*"
    r"|\w+Key|podLabels\..*|nodeSelector\..*|dtype|quantization|key|class|ingressClassName|topologyKey|namespace|servers|zones?"
    r"|hostname|reference|endpoint|url|apiVersion|size|memory|cpu|servedModelName|hub|imageRegistry\..*|registries\..*|matchLabels\..*|selector\..*|resource\w*|needs)(?:\.\d+)?"
)


@pytest.mark.slow
def test_a_text_at_any_value_is_not_printed(tmp_path):
    """The values of cases and examples, each time with one text that can be anything; the chart refuses many."""
    dice = random.Random(5)
    made = tokens(dice)
    found = []
    places: dict[str, tuple[Path, dict[str, Any], tuple[Any, ...]]] = {}
    for file in sorted([*CHART.glob("examples/*.yaml"), *Path("chartgen/fragments").glob("**/cases/*.yaml")]):
        values = yaml.safe_load(file.read_text()) or {}
        for path in texts(values):
            where = ".".join("*" if isinstance(step, int) else str(step) for step in path)
            if not any(form.fullmatch(".".join(map(str, path))) for form in (NAMED, PRINTED)):
                places.setdefault(where, (file, values, path))
    for file, values, path in dice.sample(list(places.values()), 40):
        token = next(made)
        made_file = tmp_path / f"{len(found)}.yaml"
        made_file.write_text(yaml.safe_dump(put(Document("", 1, values, ""), path, token).data))
        found.append((file, path, token, made_file))
    program = tools.ensure(["helm"], lambda text: None)["helm"].path
    requests = [helm.Request(CHART, (made_file,), "", "llm", "default") for *_, made_file in found]
    rendered = helm.render(requests, program, lambda text: None)
    accepted = 0
    before = {file: helm.Request(CHART, (file,), "", "llm", "default") for file, *_ in found}
    before = dict(zip(before, helm.render(list(before.values()), program, lambda text: None), strict=True))
    for (file, path, token, _), one in zip(found, rendered, strict=True):
        if not one.error:
            accepted += 1
            old, new = documents(before[file].text), documents(one.text)
            for a, b in ((old, new), (new, old)):
                assert token not in said(a, b), f"{file}: {'.'.join(map(str, path))}"
    assert accepted > 10
