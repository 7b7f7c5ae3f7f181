"""Which events there are and what their data hold, as far as contracts and a pack's own kinds tell: for checking packs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from services.scheduler.domain.kinds import Kind
from services.scheduler.domain.packs.document import KINDS
from shared.contracts.registry import all_contracts, by_name, by_type
from shared.declared.section import Section, meant

Options = tuple[str, ...]
Fields = Mapping[str, Options]


class Vocabulary:
    """The platform's events and those that a pack declares."""

    def __init__(self, kinds: Iterable[Kind] = ()) -> None:
        self._kinds = {kind.event: kind for kind in kinds}
        self.events = [*(contract.name for contract in all_contracts()), *self._kinds]

    def knows(self, event: str) -> bool:
        return event in self._kinds or bool(by_name(event) or by_type(event))

    def fields(self, events: Sequence[str]) -> Fields:
        """Name → possible values (none = any) of all that the events' data may hold; empty when one tells nothing."""
        found = [self._fields_of(event) for event in events]
        return {} if {} in found else {name: options for one in found for name, options in one.items()}

    def _fields_of(self, event: str) -> Fields:
        if event in self._kinds:
            properties = self._kinds[event].schema.get("properties", {})
            return {str(name): _enum(schema) for name, schema in properties.items()}
        declared = by_name(event) or by_type(event)
        return (
            {name: _literal(field.annotation) for name, field in declared.model.model_fields.items()}
            if declared
            else {}
        )


def unknown_event(event: str, vocabulary: Vocabulary) -> str:
    """The doubt about an event that nobody declares."""
    close = meant(event, vocabulary.events)
    return f"平台和本包都没有声明事件 {event}{close}；本包自己的事件请在 {KINDS} 中声明"


def check_known(section: Section, key: str, events: Iterable[str], vocabulary: Vocabulary) -> None:
    """Note those of the events at `key` that nobody declares."""
    for event in events:
        if not vocabulary.knows(event):
            section.problem(key, unknown_event(event, vocabulary), warning=True)


def lacking(path: str, fields: Fields) -> str:
    """The root of a path that none of these fields is, with the one that may be meant; "" where it is one, or all may be."""
    root = path.partition(".")[0]
    return f"{root}{meant(root, fields)}" if root and fields and root not in fields else ""


def _literal(annotation: Any) -> Options:
    return tuple(str(option) for option in get_args(annotation)) if get_origin(annotation) is Literal else ()


def _enum(schema: Any) -> Options:
    options = schema.get("enum", ()) if isinstance(schema, Mapping) else ()
    return tuple(str(option) for option in options)
