"""What is wrong with a value is told in Chinese, whatever it is."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AfterValidator, AnyUrl, AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from shared.invalid import in_words, place


class Part(BaseModel, extra="forbid"):
    name: str


class Colour(Enum):
    RED = "red"


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


def ours(value: str) -> str:
    raise ValueError("应写工号")


CASES: list[tuple[Any, Any, str]] = [
    (Part, {}, "缺少必填字段"),
    (Part, {"name": "a", "x": 1}, "没有这个字段，请删去"),
    (Part, 7, "应为对象"),
    (dict[str, int], [], "应为对象"),
    (list[int], {}, "应为列表"),
    (list[int], [1.5], "应为整数，不带小数"),
    (int, "one", "应为整数"),
    (float, "one", "应为数"),
    (Decimal, "one", "应为数"),
    (bool, "perhaps", "应为 true 或 false"),
    (str, 7, "应为文本（加引号的字符串）"),
    (Annotated[str, Field(min_length=1)], "", "不能为空"),
    (Annotated[str, Field(min_length=3)], "a", "至少 3 个字"),
    (Annotated[str, Field(max_length=3)], "abcd", "最多 3 个字"),
    (Annotated[str, Field(pattern="^a+$")], "b", "格式应为 ^a+$"),
    (Annotated[list[int], Field(min_length=1)], [], "至少 1 项"),
    (Annotated[list[int], Field(max_length=1)], [1, 2], "最多 1 项"),
    (Annotated[int, Field(gt=1)], 1, "应大于 1"),
    (Annotated[int, Field(ge=1)], 0, "应不小于 1"),
    (Annotated[int, Field(lt=1)], 1, "应小于 1"),
    (Annotated[int, Field(le=100)], 101, "应不大于 100"),
    (Annotated[int, Field(multiple_of=5)], 7, "应为 5 的整数倍"),
    (Literal["a", "b", "c"], "d", "取值只能是 a、b、c"),
    (Colour, "blue", "取值只能是 red"),
    (datetime, "yesterday", "应为时间，如 2026-03-06T15:00:00+08:00"),
    (AwareDatetime, "2026-03-06T15:00:00", "时间应带时区，如 2026-03-06T15:00:00+08:00"),
    (date, "yesterday", "应为日期，如 2026-03-06"),
    (date, "2026-03-06T15:00:00", "应为日期，不带时刻"),
    (time, "noon", "应为时刻，如 09:00"),
    (timedelta, "long", "应为时长，如 PT2H"),
    (UUID, "7", "应为编号，如 019c9c4e-5f00-7000-8000-000000000000"),
    (AnyUrl, "nowhere", "应为网址，如 https://example.com"),
    (Annotated[Cat | Dog, Field(discriminator="kind")], {"kind": "cow"}, "kind 只能是 cat、dog"),
    (Annotated[Cat | Dog, Field(discriminator="kind")], {}, "缺少 kind，不知道是哪一种"),
    (Annotated[str, AfterValidator(ours)], "x", "应写工号"),
    (frozenset[int], 5, "应为列表"),
]


@pytest.mark.parametrize(("form", "value", "says"), CASES)
def test_what_is_wrong_is_told_in_chinese(form: Any, value: Any, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(form).validate_python(value)
    assert in_words(caught.value.errors()[0]) == says


def test_what_has_no_words_of_its_own_is_told_in_chinese_too() -> None:
    assert re.fullmatch("[一-鿿]+", in_words({"type": "callable_type"}))


def test_the_place_is_a_path() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, list[Part]]).validate_python({"parts": [{"name": 7}]})
    assert place(caught.value.errors()[0]) == "parts.0.name"
