"""Which changes of a schema are additive."""

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from deploy.docs import FOLDER, broken, differing, subscribers
from shared.contracts.generate import documents
from shared.contracts.generate.compatibility import breaking_changes


class Line(BaseModel):
    sku: str
    qty: str = Field(default="1", pattern=r"^\d+$")


class Base(BaseModel):
    number: str = Field(max_length=64)
    status: Literal["open", "closed"] = "open"
    count: int = Field(default=0, ge=0)
    note: str | None = None
    lines: list[Line] = []


def changes(new: type[BaseModel]) -> list[str]:
    return breaking_changes(Base.model_json_schema(), new.model_json_schema())


def test_nothing_changed() -> None:
    assert changes(Base) == []


def test_a_new_field_with_a_default_is_additive() -> None:
    class New(Base):
        tags: list[str] = []

    assert changes(New) == []


def test_a_new_required_field_breaks() -> None:
    class New(Base):
        tags: list[str]

    assert changes(New) == ["tags: new and required"]


def test_a_new_optional_object_may_have_required_fields_of_its_own() -> None:
    class New(Base):
        first: Line | None = None

    assert changes(New) == []


def test_a_new_required_field_inside_an_old_object_breaks() -> None:
    class Wider(Line):
        unit: str

    class New(Base):
        lines: list[Wider] = []  # type: ignore[assignment]

    assert changes(New) == ["lines[].unit: new and required"]


def test_a_removed_field_breaks() -> None:
    class New(BaseModel):
        number: str = Field(max_length=64)
        status: Literal["open", "closed"] = "open"
        count: int = Field(default=0, ge=0)
        lines: list[Line] = []

    assert changes(New) == ["note: removed"]


def test_requiring_a_field_breaks_and_so_does_letting_it_be_left_out() -> None:
    class Stricter(Base):
        count: int = Field(ge=0)

    class Looser(Base):
        number: str = Field(default="", max_length=64)

    assert changes(Stricter) == ["count: now required"]
    assert changes(Looser) == ["number: may now be left out"]


def test_another_type_breaks_even_a_wider_one() -> None:
    class New(Base):
        count: int | None = Field(default=0, ge=0)

    assert changes(New) == ["count: type was ['integer'], is ['integer', 'null']"]


def test_more_values_are_additive_fewer_break() -> None:
    class More(Base):
        status: Literal["open", "closed", "archived"] = "open"  # type: ignore[assignment]

    class Fewer(Base):
        status: Literal["open"] = "open"  # type: ignore[assignment]

    class Free(Base):
        status: str = "open"  # type: ignore[assignment]

    assert changes(More) == []
    assert len(changes(Fewer)) == 1
    assert changes(Free) == ["status: values were a fixed list, are free"]


def test_a_fixed_list_in_place_of_free_text_breaks() -> None:
    class New(Base):
        note: Literal["a"] | None = None  # type: ignore[assignment]

    assert len(changes(New)) == 1


@pytest.mark.parametrize(("limit", "breaks"), [(32, True), (64, False), (128, False)])
def test_a_tighter_limit_breaks_a_looser_one_does_not(limit: int, breaks: bool) -> None:
    class New(Base):
        number: str = Field(max_length=limit)

    assert bool(changes(New)) is breaks


def test_a_new_limit_or_pattern_breaks() -> None:
    class Limited(Base):
        count: int = Field(default=0, ge=0, le=9)

    class Patterned(Base):
        number: str = Field(max_length=64, pattern="^A")

    assert changes(Limited) == ["count: maximum is narrower"]
    assert len(changes(Patterned)) == 1


def test_the_committed_schemas_still_hold() -> None:
    assert broken(documents(subscribers()), FOLDER) == []


def test_the_committed_documents_are_what_the_code_says() -> None:
    assert differing(documents(subscribers()), FOLDER) == [], "run `python -m deploy.docs`"
