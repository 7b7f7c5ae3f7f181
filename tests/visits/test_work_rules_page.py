"""「作业规则」 as a page: what holds in words, what every version changed, and a form that loses nothing that is typed."""

import re
from typing import Any

import httpx

from tests.visits.conftest import Desk
from tests.visits.forms import Shown
from tests.visits.test_work_rules import change, coded, put, shown

PAGE = "/work-rules"
HTML = {"Accept": "text/html"}


async def looked_at(desk: Desk, role: str = "supervisor", path: str = PAGE, **claims: Any) -> Shown:
    async with desk.agent("boss", role, **claims) as client:
        answer = await client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return Shown(answer.text)


async def edited(desk: Desk) -> dict[str, str]:
    return (await looked_at(desk, path=f"{PAGE}/edit")).fields


async def sent(desk: Desk, fields: dict[str, str], do: str = "save", who: str = "boss") -> httpx.Response:
    async with desk.agent(who, "supervisor") as client:
        return await client.post(f"{PAGE}/edit", data=fields | {"do": do}, headers=HTML)


def row_of(fields: dict[str, str], code: str) -> str:
    """The prefix of the inputs of a result code."""
    return next(
        name.removesuffix("code")
        for name, value in fields.items()
        if re.match(r"results\.\d+\.code", name) and value == code
    )


def told(answer: httpx.Response, part: str) -> str:
    return Shown(answer.text).text(part)


async def test_the_rules_in_force_are_said_in_words(desk: Desk) -> None:
    text = (await looked_at(desk)).text()
    for words in ("每天可以拨打的时段 09:00-12:00,14:00-20:00", "时限过后仍可办理 7 天", "周末与节假日也拨打 是", "占线",
                  "30 分钟后再次联系", "下一工作日再次联系", "按拒访办结", "还没有人修改过"):  # fmt: skip
        assert words in text, words


async def test_each_version_says_who_when_why_and_what_it_changed(desk: Desk) -> None:
    rules = (await shown(desk))[0]["rules"]
    results = coded(rules, "busy", title="正忙", retry={"hours": 1})
    await put(desk, rules | {"most_attempts": 4, "results": results}, reason="客户投诉打得太少")
    text = (await looked_at(desk, "auditor")).text("version-2")
    assert "2026-03-02 10:00" in text
    assert "key:test-supervisor" in text
    assert "客户投诉打得太少" in text
    assert "一张单最多联系几次：3 → 4" in text
    assert "「正忙」名称：占线 → 正忙" in text
    assert "「正忙」再次联系的间隔：30 分钟 → 1 小时" in text


async def test_the_form_as_it_is_changes_nothing(desk: Desk) -> None:
    before = await shown(desk)
    assert "没有改动" in told(await sent(desk, await edited(desk), "check"), "将要改动")
    assert (await sent(desk, (await edited(desk)) | {"reason": "看看"})).status_code == 303
    assert await shown(desk) == before


async def test_a_change_is_told_first_and_then_made(desk: Desk) -> None:
    fields = await edited(desk)
    busy = row_of(fields, "busy")
    fields |= {"most_attempts": "5", f"{busy}title": "正忙", f"{busy}place": "5", f"{busy}invites": "on"}
    answer = await sent(desk, fields, "check")
    assert "一张单最多联系几次：3 → 5" in told(answer, "将要改动")
    assert (await shown(desk))[0]["version"] == 1
    again = Shown(answer.text).fields
    assert (await sent(desk, again)).status_code == 422  # nobody has said why
    assert (await sent(desk, again | {"reason": "旺季"})).status_code == 303
    rules = (await shown(desk))[0]
    assert (rules["version"], rules["by"], rules["reason"]) == (2, "boss", "旺季")
    assert rules["rules"]["most_attempts"] == 5
    assert rules["rules"]["self_answer"]["after"] == ["busy"]
    assert (rules["rules"]["results"][0]["code"], rules["rules"]["results"][0]["title"]) == ("busy", "正忙")


async def test_a_code_of_its_own_is_added_in_the_last_row(desk: Desk) -> None:
    fields = await edited(desk)
    row = row_of(fields, "")
    fields |= {f"{row}code": "gate_shut", f"{row}title": "门禁进不去", f"{row}means": "no_answer",
               f"{row}retry.amount": "5", f"{row}retry.unit": "hours", "reason": "小区门禁"}  # fmt: skip
    answer = await sent(desk, fields)
    assert answer.status_code == 303, told(answer, "填写有误")
    assert (await shown(desk))[0]["rules"]["results"][-1] | {} == {
        "code": "gate_shut", "title": "门禁进不去", "means": "no_answer", "group": "未接通", "shortcut": "",
        "retry": {"hours": 5}, "most": 3, "needs_note": False, "needs_answers": False, "retired": False,
    }  # fmt: skip


async def test_the_hours_of_a_retry_are_set_told_and_taken_away(desk: Desk) -> None:
    fields = await edited(desk)
    row = row_of(fields, "no_answer")
    fields |= {f"{row}retry_hours": "18:00-20:00", "reason": "白天没有人接"}
    assert (await sent(desk, fields)).status_code == 303
    text = (await looked_at(desk)).text()
    assert "2 小时后再次联系，在 18:00-20:00" in text
    assert "「无人接听」再次联系的时段：（没有） → 18:00-20:00" in text
    async with desk.agent() as client:
        codes = {one["code"]: one for one in (await client.get("/api/v1/result-codes")).json()}
    assert (codes["no_answer"]["retry_hours"], codes["busy"]["retry_hours"]) == ("18:00-20:00", "")
    fields = await edited(desk)
    assert fields[f"{row}retry_hours"] == "18:00-20:00"
    told_fault = await sent(desk, fields | {f"{row}retry_hours": "12:30-13:00", "reason": "午休"})
    assert "没有重叠" in told(told_fault, f"{row}retry_hours-trouble")
    assert (await sent(desk, fields | {f"{row}retry_hours": "", "reason": "不再限"})).status_code == 303
    assert "retry_hours" not in str((await shown(desk))[0]["rules"])


async def test_what_is_refused_is_told_at_its_field_and_stays_filled_in(desk: Desk) -> None:
    fields = await edited(desk)
    completed, busy = row_of(fields, "completed"), row_of(fields, "busy")
    for changes, at, words in (
        ({"contact_hours": "20:00-09:00"}, "contact_hours", "09:00-12:00,14:00-20:00"),
        ({"grace.amount": "许多"}, "grace", "请填写整数"),
        ({"callback.lead.amount": "9", "callback.lead.unit": "days"}, "callback.lead", "应在 0 天 与 1 天 之间"),
        ({f"{busy}retry.amount": "", f"{busy}retry.unit": ""}, f"{busy}retry", "之后何时再次联系"),
        ({f"{completed}retired": "on"}, "results", "completed（完成）不能停用"),
        ({f"{busy}title": "关机"}, None, "「关机」与"),
    ):
        answer = await sent(desk, fields | changes | {"reason": "试行"})
        assert answer.status_code == 422, changes
        assert words in told(answer, "填写有误"), (changes, told(answer, "填写有误"))
        page = Shown(answer.text)
        assert at is None or words in page.text(f"{at}-trouble"), changes
        assert changes.items() <= page.fields.items()
    assert (await shown(desk))[0]["version"] == 1


async def test_a_change_of_somebody_else_meanwhile_is_told_before_it_is_overwritten(desk: Desk) -> None:
    fields = (await edited(desk)) | {"most_attempts": "6", "reason": "旺季"}
    await change(desk, most_held=9)
    answer = await sent(desk, fields)
    assert answer.status_code == 412
    assert "key:test-supervisor" in told(answer, "别人的修改")
    assert "最多持有几张：50 → 9" in told(answer, "别人的修改")
    assert "最多持有几张：9 → 50" in told(answer, "将要改动")  # what saving now would undo
    assert (await shown(desk))[0]["rules"]["most_attempts"] == 3
    again = Shown(answer.text).fields
    assert again["most_attempts"] == "6"
    assert again["reason"] == "旺季"
    assert (await sent(desk, again)).status_code == 303
    rules = (await shown(desk))[0]["rules"]
    assert (rules["most_attempts"], rules["most_held"]) == (6, 50)


async def test_a_form_that_is_no_form_of_ours_is_refused_as_such(desk: Desk) -> None:
    for fields in ({}, {"results.999.code": "x", "version": "-1"}, {"results.0.code": "x", "grace.unit": "weeks"}):
        assert (await sent(desk, fields)).status_code == 422


async def test_only_who_has_the_whole_organisation_in_charge_finds_the_form(desk: Desk) -> None:
    assert "修改作业规则" in (await looked_at(desk)).text()
    branch = await looked_at(desk, units=("B1",))
    assert "修改作业规则" not in branch.text()
    assert "权限为整个组织的主管" in branch.text()
    async with desk.agent("9001", "supervisor", units=("B1",)) as client:
        assert (await client.get(f"{PAGE}/edit")).status_code == 403
        assert (await client.post(f"{PAGE}/edit", data={})).status_code == 403
