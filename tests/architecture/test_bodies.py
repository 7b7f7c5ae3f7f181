"""Every route counts the length of a text as its description does: blanks around it make it longer, though they aren't kept."""

from collections.abc import Iterator
from typing import Any

from shared.testing import Served
from tests.architecture.parts import filled, operations
from tests.architecture.test_read_again import example_of

Schema = dict[str, Any]
SIGNED = "/ingress/v1/line/events"  # it believes a signature only, which is looked at first


async def test_a_text_longer_than_described_is_refused_though_by_blanks_alone(served: Served) -> None:
    document = served.app.openapi()
    schemas = document["components"]["schemas"]
    async with served.client() as client:
        for method, path, operation in operations(served.app):
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            example = example_of(operation, document) if content else None
            if content is None or not isinstance(example, dict) or path == SIGNED:
                continue
            for name, most in bounded(content["schema"], schemas):
                body = example | {name: " " * most + "x"}
                answer = await client.request(method, filled(path), json=body, headers={"If-Match": '"1"'})
                assert answer.status_code == 422, (method, path, name, answer.text)
                assert f'"body.{name}"' in answer.text, (method, path, name, answer.text)


def bounded(schema: Schema, schemas: Schema) -> Iterator[tuple[str, int]]:
    """(name, greatest length) of each text in a body that has one."""
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for name, field in schema.get("properties", {}).items():
        for choice in field.get("anyOf", [field]):
            if choice.get("type") == "string" and "maxLength" in choice and len(field.get("anyOf", "12")) == 2:
                yield name, choice["maxLength"]
