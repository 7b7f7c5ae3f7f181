"""Slips that a pack used to hide: each is told with file, line and key, and with what to write instead."""

import pytest

from services.scheduler.domain.packs.check import check_pack
from tests.scheduler.domain.packs.test_check import FILES, LEAVES, ONE, TRIGGER, A, K, Mistake

LEAF = "{field: result, op: ne, value: cancelled}"
EVENTS, CEL = "[repair.closed]", f"{LEAVES}[0].cel"
SCHEMA = "kinds[0].schema"


def cel(text: str, says: str, warning: bool = False) -> Mistake:
    return Mistake(A, LEAF, f'{{cel: "{text}"}}', 8, CEL, says, warning)


def visits(condition: str, says: str, warning: bool) -> Mistake:
    """The first policy triggered by what its own follow-ups end in."""
    wrong = f"      events: [visit.completed]\n{condition}    rate: 20\n"
    return Mistake(
        A,
        FILES[A].partition("    trigger:\n")[2].partition("    delay")[0],
        wrong,
        5,
        f"{TRIGGER}.events",
        says,
        warning,
    )


OWN = "      condition: {field: %s, op: %s, value: %s}\n"
MISTAKES = {
    "CEL of a field that no event has": cel("data.reslt == 'x'", "是否想写 result", True),
    "CEL of an attribute that no customer has": cel("customer.teir == 'A'", "是否想写 tier", True),
    "CEL of a part that no event has": cel("event.tpye == 'x'", "是否想写 type"),
    "CEL that looks at nothing": cel("1 == 1", "没有看任何数据", True),
    "CEL of no time": cel("timestamp(data.closed_at) > timestamp('2026-13-01')", "只会出错"),
    "CEL of no duration": cel("timestamp(data.closed_at) + duration('5 days') > timestamp(event.time)", "只会出错"),
    "CEL of a pattern that is none": cel("data.result.matches('(')", "只会出错"),
    "CEL of kinds that do not go together": cel("(data.result - 1 > 0) == (data.result + 'x' == 'y')", "只会出错"),
    "CEL that divides by nothing": cel("data.amount / 0 > 1", "只会出错"),
    "the platform's own plans": Mistake(A, EVENTS, "[followup.planned]", 5, f"{TRIGGER}.events", "是平台自己的计划"),
    "own follow-ups": visits("", "又触发它自己", False),
    "own follow-ups among others": visits(OWN % ("rating", "lt", "3"), "又触发它自己", True),
    "unseen character": Mistake(A, "title: 一", "title: 一\u200b", 3, "第 3 行第 12 列", "零宽空格 U+200B"),
    "direction of writing": Mistake(A, "title: 一", 'title: "\u202e一"', 3, "第 3 行第 12 列", "方向控制字符 U+202E"),
    "direction of writing, escaped": Mistake(A, "title: 一", r'title: "\u202e一"', 3, "第 3 行第 12 列", "U+202E"),
    "NUL, escaped": Mistake(A, "title: 一", r'title: "一\0"', 3, "第 3 行第 12 列", "控制字符 U+0000"),
    "unseen character in a key": Mistake(A, "rate: 20", "ra\u2060te: 20", 12, "第 12 行第 5 列", "零宽连接符"),
    "full-width digits": Mistake(A, "rate: 20", "rate: ２０", 12, f"{ONE}.rate", "半角写作 20"),
    "full-width quotes": Mistake(A, EVENTS, "[“repair.closed”]", 5, f"{TRIGGER}.events", '半角写作 "repair.closed"'),
    "full-width comma": Mistake(
        A, EVENTS, "[repair.closed，gas.ignited]", 5, f"{TRIGGER}.events", "半角写作 repair.closed,gas.ignited"
    ),
    "full-width key": Mistake(A, "rate: 20", "ｒａｔｅ: 20", 12, f"{ONE}.ｒａｔｅ", "是否想写 rate？（现在是全角字符）"),
    "frame over midnight": Mistake(
        "pack.yaml", '["09:00-12:00", "14:00-18:00"]', '["22:00-06:00", "09:00-12:00"]', 6, "window.frames", "写在最后"
    ),
    "frame behind midnight": Mistake("pack.yaml", "14:00-18:00", "14:00-24:30", 6, "window.frames", "写成 09:00-12:00 的样子"),
    "full-width time": Mistake("pack.yaml", "14:00-18:00", "１４：００-18:00", 6, "window.frames", "半角写作 14:00-18:00"),
    "type that JSON Schema has not": Mistake(
        K, "lease_no: {type: string", "lease_no: {type: strng", 8, f"{SCHEMA}.properties.lease_no.type", "是否想写 string"
    ),
    "word that JSON Schema has not": Mistake(
        K, "      required:", "      requried:", 6, f"{SCHEMA}.requried", "是否想写 required", True
    ),
    "required field that is not described": Mistake(
        K, "[lease_no]", "[lease_on]", 6, f"{SCHEMA}.required", "是否想写 lease_no", True
    ),
    "value that the schema does not allow": Mistake(
        K, "enum: [low, high]", "minLength: -1", 9, f"{SCHEMA}.properties.floor.minLength", "现在是 -1"
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_slip_is_told_with_file_line_key_and_what_to_write(mistake: Mistake) -> None:
    assert FILES[mistake.file].count(mistake.right) >= 1
    wrong = FILES[mistake.file].replace(mistake.right, mistake.wrong, 1)
    found = check_pack({**FILES, mistake.file: wrong}, "test")
    told = [one for one in found if (one.file, one.line, one.key) == (mistake.file, mistake.line, mistake.key)]
    assert any(mistake.says in one.message and one.warning == mistake.warning for one in told), found


FINE = [
    "data.result == 'x' && customer.tier == 'A'",
    "has(data.amount) && double(data.amount) > 100.0",
    "data.amount > 100",
    "timestamp(data.closed_at) > timestamp('2026-01-01T00:00:00Z')",
    "data.result.startsWith('data.reslt')",
    "data.result.matches('^a+$')",
    "data.customer.id != ''",
    "data.measures.exists(m, m.price > 1)",
    "event.type == 'repair.closed'",
]


@pytest.mark.parametrize("text", FINE)
def test_an_expression_that_may_hold_is_not_doubted(text: str) -> None:
    found = check_pack({**FILES, A: FILES[A].replace(LEAF, f'{{cel: "{text}"}}')}, "test")
    assert [one for one in found if one.key.endswith("cel") and "里没有" not in one.message] == []


@pytest.mark.parametrize(
    "condition", [OWN % ("policy_id", "ne", "one"), OWN % ("round", "eq", "2"), OWN % ("channel", "in", "[sms]")]
)
def test_a_policy_that_leaves_its_own_follow_ups_out_is_not_doubted(condition: str) -> None:
    mistake = visits(condition, "", False)
    found = check_pack({**FILES, A: FILES[A].replace(mistake.right, mistake.wrong, 1)}, "test")
    assert [one for one in found if "触发它自己" in one.message] == []
