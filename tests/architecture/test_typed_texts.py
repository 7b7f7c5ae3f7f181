"""No number stays in the clear in what is typed into a request: every text of every body masks it, or is named here."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from shared.bodies import Body
from shared.privacy import mask_text
from tests.architecture.parts import modules

NUMBER = "13800138000"
TYPED = f"请回电{NUMBER}谢谢"
SHAPES: tuple[Any, ...] = (TYPED, [TYPED], {"x": TYPED}, NUMBER, [NUMBER], {"x": NUMBER})
# what becomes of a number there, and in which fields
ELSEWHERE = {
    "is a number or what a customer is known by, and sealed before it is kept": {
        "NewCustomer.id", "NewCustomer.phone", "NewOptOut.customer_id", "NewOptOut.phone", "NewOptOut.email",
        "NewConsent.customer_id", "NewSend.customer_id", "NewSend.phone", "NewSend.email", "ErasureIn.customer_id",
        "AttemptIn.corrected_phone", "CorrectResultIn.corrected_phone",
    },
    "is masked when the message is made": {"NewSend.data"},
    "is an event's data, sealed and masked before it is kept": {"Replay.data"},
    "is not kept": {"ClaimIn.team", "TryIn.id", "TryIn.source", "TryIn.type", "TryIn.data"},
    "are the organisation's own people, units, systems and settings": {
        "EndpointIn.name", "EndpointIn.url", "EndpointIn.sources", "EndpointChange.url", "EndpointChange.sources",
        "SourceIn.zone", "SourceChange.zone", "SourceOptions.type", "SourceOptions.fields", "SourceOptions.constants",
        "KeyIn.owner", "KeyIn.name", "KeyIn.units", "PersonIn.login", "NewSend.template", "ReassignIn.team",
        "PackIn.name", "PackIn.files", "CalendarYearIn.days",
        *(f"{kind}.{field}" for kind in ("PersonIn", "PersonChange")
          for field in ("name", "units", "teams", "worker", "skills", "shift")),
    },
}  # fmt: skip


def bodies() -> set[type[Body]]:
    imported = {module.__name__ for module in modules()}
    return {body for body in below(Body) if body.__module__ in imported}


def below(kind: type[Body]) -> Iterator[type[Body]]:
    for own in kind.__subclasses__():
        yield own
        yield from below(own)


def keeps_a_number(field: FieldInfo) -> bool:
    typed = TypeAdapter(Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)  # type: ignore[valid-type]
    for shape in SHAPES:
        try:
            kept = typed.validate_python(shape)
        except ValidationError:
            continue
        if NUMBER in str(kept):
            return True
    return False


def found() -> set[str]:
    return {
        f"{body.__name__}.{name}"
        for body in bodies()
        for name, field in body.model_fields.items()
        if keeps_a_number(field)
    }


def test_every_text_that_is_typed_masks_numbers_or_is_known_not_to() -> None:
    known = {field for fields in ELSEWHERE.values() for field in fields}
    assert found() - known == set(), "mask it (shared.privacy.mask_text), or say here what becomes of a number in it"
    assert known - found() == set(), "these mask numbers now, or are no more"


class Typed(BaseModel):
    kept: str
    masked: Annotated[str, AfterValidator(mask_text)]
    listed: list[str]


def test_the_walk_finds_a_text_that_masks_nothing() -> None:
    assert [name for name, field in Typed.model_fields.items() if keeps_a_number(field)] == ["kept", "listed"]
    assert {"AttemptIn", "CorrectIn", "KeyRevocation", "CalendarYearIn"} <= {body.__name__ for body in bodies()}
