"""Takes out of an event's data whatever may tell who its customer is; what is left still fulfils its contract.

The schema of the contract says what is a number, a time or a word of a fixed list; `stays` says which texts are codes. A kind
that nobody declared keeps its codes alone. A customer's card in what is left forbids contact. Done twice it changes no more.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

from shared.contracts.registry import by_name, by_type
from shared.erasure.stays import CODES, COUNTED, OWN, REASONS, WHOLE
from shared.privacy.masking import PREFIX, is_code
from shared.profile import REFUSES

ERASED = "已删除"  # where a contract demands a text
LONGEST_CODE = 256
_TIME = re.compile(r"[-\d:.,TZPDHMSWY+]{1,40}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+([+-]\d\d:\d\d|Z)\Z", re.ASCII)
_FORMATS = frozenset({"date", "date-time", "time", "duration", "uuid"})
_IDENTITIES = frozenset({"id", "customer_id"})  # a customer's may be a sealed number, and is the pseudonym that stays
_NOTHING: tuple[Any, ...] = (None, {}, [])
Schema = Mapping[str, Any]


def scrubbed(event_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an event; `event_type` is its type on the wire or its short name. Parts of a kind's data serve as well."""
    declared = by_type(event_type) or by_name(event_type)
    return scrubbed_as(declared.model, data) if declared else scrubbed_names(data)


def scrubbed_as(model: type[BaseModel], data: Mapping[str, Any]) -> dict[str, Any]:
    """What was dumped of a model, such as a card or a matter."""
    schema = _schema_of(model)
    return _object(schema, schema.get("$defs", {}), data)


def scrubbed_own(value: Any) -> Any:
    """A JSON value that a service made itself, such as a line of a history: its codes, moments, numbers, yes and no."""
    return _undeclared("", value, own=True)


def scrubbed_names(value: Any) -> Any:
    """A JSON value that nobody declared: its codes at any depth, and nothing else."""
    return _undeclared("", value, own=False)


def _undeclared(name: str, value: Any, own: bool) -> Any:
    """`name` is the member that holds the value, or the list that it is of."""
    if isinstance(value, Mapping):
        members = {member: _undeclared(member, item, own) for member, item in value.items()}
        return {member: item for member, item in members.items() if item not in _NOTHING}
    if isinstance(value, list):
        return [item for item in (_undeclared(name, item, own) for item in value) if item not in _NOTHING]
    if isinstance(value, int | float):
        return value if own else None
    if not isinstance(value, str):
        return None
    made = own and (_MOMENT.match(value) or (name in OWN and is_code(value)))
    return value if made or _stays(name, value) else None


@cache
def _schema_of(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _value(schema: Schema, defs: Schema, name: str, value: Any, beside: Mapping[str, Any]) -> Any:
    """`name` is the member that holds the value, `beside` the object that has the member."""
    if value is None:
        return None
    if "anyOf" in schema:
        return _any(schema["anyOf"], defs, name, value, beside)
    schema = _resolved(schema, defs)
    if isinstance(value, Mapping):
        return _free(name, value, beside) if "properties" not in schema else _object(schema, defs, value)
    if isinstance(value, list):
        kept = [_value(schema.get("items", {}), defs, name, item, beside) for item in value]
        return [item for item in kept if item not in ("", ERASED, None)]
    if isinstance(value, str):
        return _text(schema, name, value)
    return value if schema.get("type") in ("number", "integer", "boolean") else None


def _any(branches: Sequence[Schema], defs: Schema, name: str, value: Any, beside: Mapping[str, Any]) -> Any:
    """By the branch that keeps the value, else by the first that could hold it; nothing where there may be nothing."""
    fitting = [branch for branch in branches if _fits(_resolved(branch, defs), value)]
    kept = [_value(branch, defs, name, value, beside) for branch in fitting]
    after = next((one for one in kept if one == value), kept[0] if kept else None)
    return None if after in ("", ERASED) and any(branch.get("type") == "null" for branch in branches) else after


def _object(schema: Schema, defs: Schema, value: Mapping[str, Any]) -> dict[str, Any]:
    if schema.get("title") in WHOLE:
        return dict(value)
    members = schema.get("properties", {})
    kept = {name: _value(members[name], defs, name, item, value) for name, item in value.items() if name in members}
    return {**kept, REFUSES: True} if REFUSES in members else kept


def _free(name: str, value: Mapping[str, Any], beside: Mapping[str, Any]) -> dict[str, Any]:
    """An object whose members no contract declares. The data of a fact is declared by the fact's own kind."""
    if name == "facts":
        return scrubbed(str(beside.get("event_type", "")), value)
    if name == "data":
        return scrubbed(str(beside.get("type", "")), value)
    return {key: item for key, item in value.items() if isinstance(item, int | float)} if name in COUNTED else {}


def _text(schema: Schema, name: str, value: str) -> str:
    if _is_declared(schema, value) or _stays(name, value):
        return value
    return ERASED if value and schema.get("minLength") else ""


def _is_declared(schema: Schema, value: str) -> bool:
    """Whether the schema itself says that no words of a person can stand here."""
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if schema.get("format") in _FORMATS:
        return is_code(value) if schema["format"] == "uuid" else _TIME.fullmatch(value.replace(" ", "T")) is not None
    return "pattern" in schema and re.fullmatch(schema["pattern"], value) is not None


def _stays(name: str, value: str) -> bool:
    if value.startswith(PREFIX):
        return name in _IDENTITIES
    if name in REASONS:
        return is_code(value)
    return name in CODES and len(value) <= LONGEST_CODE


def _resolved(schema: Schema, defs: Schema) -> Schema:
    if "allOf" in schema and len(schema["allOf"]) == 1:
        schema = schema["allOf"][0]
    return defs[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def _fits(schema: Schema, value: Any) -> bool:
    kinds = {"object": Mapping, "array": list, "string": str, "number": int | float, "integer": int, "boolean": bool}
    kind = schema.get("type")
    return kind in kinds and isinstance(value, kinds[kind])
