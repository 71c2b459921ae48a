"""What fragments declare becomes one closed schema, in two forms."""

import pytest
from conftest import outcome

from chartgen.compose import schema
from chartgen.compose.compose import compose

COUNT = {"type": "integer", "description": "How many.", "default": 1}


def values_schema(stack, *arguments, **recipe):
    import json

    found, problems = stack(*arguments, **recipe)
    assert not problems
    chart, problems = outcome(compose, found, KUBERNETES, proven=True)  # no templates read these values
    assert not problems
    return json.loads(chart.files["values.schema.json"])


KUBERNETES = {
    "io.k8s.A": {"type": "object", "properties": {"b": {"$ref": "#/definitions/io.k8s.B"}}},
    "io.k8s.B": {"type": "string"},
    "io.k8s.C": {"type": "string"},
}


@pytest.fixture
def document(stack):
    return values_schema(
        stack,
        {"a": {}, "b": {}},
        {
            "a/values.schema.yaml": {
                "definitions": {
                    "image": {"type": "object", "properties": {"tag": {"type": "string", "description": "Its tag."}}},
                    "size": {"type": "string", "description": "A size."},
                },
                "server": {
                    "box": {"type": "object", "description": "A box.", "properties": {"count": COUNT}},
                    "block": {"x-kubernetes": "io.k8s.A", "description": "A block.", "default": {}},
                    "labels": {"type": "object", "description": "Labels.", "default": {}, "x-merge": True},
                    "list": {"type": "array", "description": "A list.", "default": []},
                },
                "release": {
                    "images": {"type": "object", "description": "Images.", "properties": {}},
                    "disk": {"$ref": "#/definitions/size", "default": "1Gi"},
                },
            },
            "b/values.schema.yaml": {
                "server": {"box": {"type": "object", "properties": {"colour": {**COUNT, "enum": [1, 2]}}}},
                "release": {
                    "images": {
                        "type": "object",
                        "properties": {"b": {"$ref": "#/definitions/image", "default": {"tag": "1"}}},
                    }
                },
            },
        },
    )


def test_objects_are_closed_and_required_at_the_top(document):
    box = document["properties"]["box"]
    assert box["additionalProperties"] is False
    assert box["required"] == ["colour", "count"]
    assert document["additionalProperties"] is False
    assert set(document["required"]) == {"box", "block", "labels", "list", "images", "disk", "servers"}


def test_entry_of_servers_requires_nothing_and_is_closed(document):
    overlay = document["definitions"]["overlay"]
    assert overlay["additionalProperties"] is False
    assert set(overlay["properties"]) == {"box", "block", "labels", "list"}
    assert "required" not in overlay["properties"]["box"]
    assert "default" not in overlay["properties"]["box"]["properties"]["count"]


def test_two_fragments_declare_parts_of_one_object(document):
    assert list(document["properties"]["box"]["properties"]) == ["count", "colour"]
    assert document["properties"]["images"]["properties"]["b"]["properties"]["tag"]["default"] == "1"


def test_only_kubernetes_definitions_that_are_used_come_along(document):
    assert set(document["definitions"]) == {"overlay", "size", "io.k8s.A", "io.k8s.B"}
    assert document["properties"]["block"]["$ref"] == "#/definitions/io.k8s.A"


def test_our_own_words_do_not_reach_the_chart(document):
    def words(value):
        if isinstance(value, dict):
            yield from value
            for inner in value.values():
                yield from words(inner)

    assert not set(schema.OURS) & set(words(document))


def test_the_entry_that_the_chart_ships_has_to_stay(document):
    assert document["properties"]["servers"]["required"] == ["server"]


def test_what_an_entry_replaces_whole():
    properties = {
        "box": {"properties": {"list": {"type": "array"}, "map": {"type": "object", "x-merge": True}}},
        "block": {"type": "object", "x-block": True, "properties": {"a": {}}},
    }
    assert schema.replaced(properties) == ["box.list", "block"]


def test_value_that_two_fragments_declare_is_refused(stack):
    found, _ = stack(
        {"a": {}, "b": {}},
        {f"{name}/values.schema.yaml": {"server": {"count": COUNT}} for name in "ab"},
    )
    _, problems = outcome(compose, found, {})
    assert "is also declared by a;" in str(problems[0])


def test_object_that_two_fragments_declare_is_one_problem(stack):
    images = {"type": "object", "description": "x", "properties": {"mine": {"type": "object", "description": "x"}}}
    images["properties"]["mine"]["properties"] = dict.fromkeys(("repository", "tag", "digest"), COUNT)
    found, _ = stack(
        {"a": {}, "b": {}}, {f"{name}/values.schema.yaml": {"release": {"images": images}} for name in "ab"}
    )
    _, problems = outcome(compose, found, {})
    assert [problem.key for problem in problems] == ["release.images.properties.mine"]


def test_default_that_nothing_offers_is_refused(stack):
    engine = {"type": "string", "description": "x", "default": "ollama", "x-choice": True}
    found, _ = stack(
        {"a": {}, "b": {"choice": {"engine": "tiny"}}}, {"a/values.schema.yaml": {"server": {"engine": engine}}}
    )
    _, problems = outcome(compose, found, {})
    assert 'values.engine: "ollama" is not available in this stack, which has "tiny"' in str(problems[0])


def test_changed_default_of_the_stack_reaches_the_chart(stack):
    document = values_schema(
        stack, {"a": {}}, {"a/values.schema.yaml": {"server": {"count": COUNT}}}, values={"count": 5}
    )
    assert document["properties"]["count"]["default"] == 5


def test_changed_default_of_an_unknown_value_is_refused(stack):
    found, _ = stack({"a": {}}, {"a/values.schema.yaml": {"server": {"count": COUNT}}}, values={"cuont": 5})
    _, problems = outcome(compose, found, {})
    assert "values.cuont: no such key; did you mean 'count'?" in str(problems[0])
