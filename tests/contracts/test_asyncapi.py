"""The AsyncAPI document has the shape AsyncAPI 3.0 asks for, and points at things that exist."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from shared.contracts.generate import Subscriber, documents
from shared.contracts.registry import all_contracts, topics

REFERENCE = {"type": "object", "properties": {"$ref": {"type": "string"}}, "required": ["$ref"]}
REFERENCES = {"type": "array", "items": REFERENCE, "minItems": 1}
# the parts of the AsyncAPI 3.0.0 schema that our document uses
SHAPE = {
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "defaultContentType": {"type": "string"},
        "info": {"type": "object", "required": ["title", "version"]},
        "servers": {
            "additionalProperties": {"type": "object", "required": ["host", "protocol"]},
        },
        "channels": {
            "additionalProperties": {
                "type": "object",
                "required": ["address"],
                "properties": {
                    "address": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                    "description": {"type": "string"},
                    "messages": {"additionalProperties": REFERENCE},
                },
                "additionalProperties": False,
            }
        },
        "operations": {
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": REFERENCE,
                    "messages": REFERENCES,
                    "summary": {"type": "string"},
                    "bindings": {"type": "object"},
                },
                "additionalProperties": False,
            }
        },
        "components": {
            "type": "object",
            "propertyNames": {"enum": ["messages", "schemas"]},
            "additionalProperties": {"propertyNames": {"pattern": r"^[\w.-]+$"}},
        },
    },
}


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    everything = Subscriber("analytics", "huifang-analytics", topics(), frozenset({"*"}))
    tasks = Subscriber("visits", "huifang-visits", ["tasks-v1"], frozenset({"cn.huifang.followup.released.v1"}))
    return documents([everything, tasks])


@pytest.fixture(scope="module")
def document(made: dict[str, str]) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(made["asyncapi.yaml"])
    return read


def test_the_document_has_the_shape_of_asyncapi_3(document: dict[str, Any]) -> None:
    jsonschema.validate(document, SHAPE)


def test_every_reference_leads_somewhere(document: dict[str, Any], made: dict[str, str]) -> None:
    for reference in references(document):
        if reference.startswith("./"):
            assert reference.removeprefix("./") in made
        else:
            assert resolved(document, reference)


def test_every_message_has_headers_and_an_example_that_satisfy_its_own_schema(document: dict[str, Any]) -> None:
    headers = document["components"]["schemas"]["CloudEventHeaders"]
    for message in document["components"]["messages"].values():
        example = message["examples"][0]["headers"]
        jsonschema.validate(example, headers)
        jsonschema.validate(example, message["headers"]["allOf"][1])


def test_every_event_is_sent_by_its_owner_on_its_topic(document: dict[str, Any]) -> None:
    for declared in all_contracts():
        operation = document["operations"][f"{declared.owner}.send.{declared.topic}"]
        assert {"$ref": f"#/channels/{declared.topic}/messages/{declared.name}"} in operation["messages"]


def test_a_consumer_receives_only_what_it_handles(document: dict[str, Any]) -> None:
    assert document["operations"]["huifang-visits.receive.tasks-v1"]["messages"] == [
        {"$ref": "#/channels/tasks-v1/messages/followup.released"}
    ]
    intake = [declared for declared in all_contracts() if declared.topic == "intake-v1"]
    assert len(document["operations"]["huifang-analytics.receive.intake-v1"]["messages"]) == len(intake)


def test_every_consuming_service_has_its_dead_letter_channel(document: dict[str, Any]) -> None:
    assert {"visits-dlq", "analytics-dlq"} <= document["channels"].keys()


def test_the_catalogue_names_every_event_with_its_consumers(made: dict[str, str]) -> None:
    rows = {line.split("`")[1]: line for line in made["events.md"].splitlines() if line.startswith("| [`")}
    assert rows.keys() == {declared.name for declared in all_contracts()}
    assert rows["followup.released"].endswith("| scheduler | analytics, visits |")


def references(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references(value)


def resolved(document: dict[str, Any], reference: str) -> Any:
    here: Any = document
    for step in reference.removeprefix("#/").split("/"):
        here = here[step]
    return here
