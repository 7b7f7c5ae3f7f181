"""Expressions in packs are carried out in linear time, or told with the place and what to write instead."""

import pytest

from services.scheduler.domain.packs.check import check_pack
from tests.scheduler.domain.packs.test_check import FILES, LEAVES, A, K, Mistake

FIRST = "op: ne, value: cancelled"
LEASE, SCHEMA = "kinds[0].schema.properties.lease_no.pattern", "kinds[0].schema"
MISTAKES = {
    "expression that looks ahead": Mistake(A, FIRST, "op: matches, value: '^(?!x)'", 8, f"{LEAVES}[0].value", "写在 not"),
    "expression that is no text": Mistake(A, FIRST, "op: matches, value: 7", 8, f"{LEAVES}[0].value", "一个正则表达式"),
    "expression that is empty": Mistake(A, FIRST, "op: matches, value: ''", 8, f"{LEAVES}[0].value", "一个正则表达式"),
    "expression without end": Mistake(
        A, FIRST, f"op: matches, value: {'a' * 501}", 8, f"{LEAVES}[0].value", "最长 500 个字"
    ),
    "expression of Latin letters": Mistake(
        A, FIRST, r"op: matches, value: '^\w+$'", 8, f"{LEAVES}[0].value", "汉字请写", warning=True
    ),
    "CEL that doubles a text": Mistake(
        A, "{field: result, op: ne, value: cancelled}", "{cel: \"data.xs.map(x, x + x)[0] == 'a'\"}", 8, f"{LEAVES}[0].cel",
        "不能用 map",
    ),
    "pattern that looks behind": Mistake(K, '"^L"', '"(?<=a)L"', 8, LEASE, "后顾"),
    "pattern of names": Mistake(
        K, "      properties:", "      patternProperties: {'(?=a)': true}\n      properties:", 7,
        f"{SCHEMA}.patternProperties", "前瞻",
    ),
    "schema by a name of its own": Mistake(
        K, "      properties:", "      $id: https://example.com/a\n      properties:", 7, f"{SCHEMA}.$id", "不能用 $id"
    ),
    "fields that were not looked at": Mistake(
        K, "      properties:", "      unevaluatedProperties: false\n      properties:", 7,
        f"{SCHEMA}.unevaluatedProperties", "additionalProperties",
    ),
    "reference to what is no schema": Mistake(
        K, "#/$defs/area", "#/properties", 10, f"{SCHEMA}.properties.area.$ref", "已有的定义"
    ),
    "schema without end": Mistake(
        K, "[low, high]", f"[{'x, ' * 1000}y]", 4, SCHEMA, "最多 1000 个值"
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_file_line_key_and_what_to_write(mistake: Mistake) -> None:
    wrong = FILES[mistake.file].replace(mistake.right, mistake.wrong, 1)
    found = check_pack({**FILES, mistake.file: wrong}, "test")
    told = [one for one in found if (one.file, one.line, one.key) == (mistake.file, mistake.line, mistake.key)]
    assert any(mistake.says in one.message and one.warning == mistake.warning for one in told), found


def test_a_field_may_have_the_name_of_a_word_of_json_schema() -> None:
    named = FILES[K].replace("floor: {enum: [low, high]}", "pattern: {type: string}\n        $id: {type: string}")
    assert check_pack({**FILES, K: named}, "test") == []
