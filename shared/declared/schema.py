"""The JSON Schema of declared models, for editors: what pydantic says of them, without what it adds for programs."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from shared.declared.model import Declared

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
UNSAID = ("title", "default")  # names of classes, and what code takes where nothing is written


class _Generator(GenerateJsonSchema):
    """Keys may be left out, but have no null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def definitions(*models: type[Declared]) -> Schema:
    """Class name → schema, of these models and of what they refer to."""
    inputs: list[Any] = [(model, "validation") for model in models]
    _, whole = models_json_schema(inputs, schema_generator=_Generator)
    return {name: _without_unsaid(schema) for name, schema in whole["$defs"].items()}


def file_schema(model: type[Declared], title: str, without: Collection[type[Declared]] = ()) -> Schema:
    """The schema of a file that is such a model. Models `without` which it does may stand nowhere in it."""
    gone = {one.__name__ for one in without}
    known = {name: _without_refs(one, gone) for name, one in definitions(model).items() if name not in gone}
    return {"$schema": DIALECT, "title": title, "$ref": f"#/$defs/{model.__name__}", "$defs": known}


def _without_refs(schema: Any, gone: Collection[str]) -> Any:
    if isinstance(schema, list):
        refs = [{"$ref": f"#/$defs/{name}"} for name in gone]
        return [_without_refs(one, gone) for one in schema if one not in refs]
    return {key: _without_refs(one, gone) for key, one in schema.items()} if isinstance(schema, Mapping) else schema


def _without_unsaid(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_unsaid(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: one for key, one in schema.items() if key not in UNSAID}
    if "properties" in kept:
        properties = {key: _without_unsaid(one) for key, one in kept.pop("properties").items()}
        return {"type": "object", "properties": properties, **{key: _without_unsaid(one) for key, one in kept.items()}}
    return {key: one if key == "examples" else _without_unsaid(one) for key, one in kept.items()}
