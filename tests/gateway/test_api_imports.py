"""Uploading sheets of 12345 cases."""

import io
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import xlsxwriter
from python_calamine import load_workbook

from services.gateway import jobs
from services.gateway.commands import imports as module
from shared.clock import ManualClock
from shared.testing.served import Served

HEADER = [
    "工单编号",
    "诉求内容",
    "诉求性质",
    "事发区域",
    "求助人员",
    "求助号码",
    "办结时间",
    "主办单位",
    "工单状态",
    "处置结果",
]


def row(number: int, **changes: str) -> list[str]:
    cells = {
        "工单编号": f"51010020260301{number:06d}",
        "诉求内容": "燃气压力不足，请检查",
        "诉求性质": "求助",
        "事发区域": "城东区",
        "求助人员": "林女士",
        "求助号码": f"137{number:08d}",
        "办结时间": "2026-03-01 10:00:00",
        "主办单位": "燃气公司",
        "工单状态": "已办结",
        "处置结果": "已处理",
    }
    return list((cells | changes).values())


def gbk(rows: Sequence[Sequence[str]]) -> bytes:
    return "\r\n".join(",".join(cells) for cells in (HEADER, *rows)).encode("gbk")


def xlsx(rows: Sequence[Sequence[Any]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for index, cells in enumerate(rows):
            for column, value in enumerate(cells):
                sheet.write(index, column, value, *([day] if isinstance(value, datetime) else []))
    return buffer.getvalue()


async def upload(served: Served, content: bytes, role: str = "integrator", **data: str) -> httpx.Response:
    async with served.client(role) as client:
        return await client.post("/api/v1/imports", files={"file": ("三月.csv", content)}, data=data)


async def progress(served: Served, response: httpx.Response) -> dict[str, Any]:
    async with served.client("supervisor") as client:
        found: dict[str, Any] = (await client.get(response.headers["location"])).json()
    return found


async def result_rows(served: Served, response: httpx.Response) -> list[list[Any]]:
    async with served.client("supervisor") as client:
        workbook = await client.get(response.headers["location"] + "/result")
    assert workbook.status_code == 200, workbook.text
    return load_workbook(io.BytesIO(workbook.content)).get_sheet_by_index(0).to_python()


async def test_ten_thousand_gbk_rows_give_their_result_file(gateway: Served) -> None:
    rows = [row(number) for number in range(10_000)]
    rows[17] = row(17, 办结时间="上周二")
    rows[4_711] = row(4_711, 工单编号="5.10E+19")
    rows[9_999] = row(9_998)
    rows[5_000] = row(5_000, 工单状态="办理中")
    response = await upload(gateway, gbk(rows))
    assert response.status_code == 202
    assert (await progress(gateway, response))["state"] == "pending"
    await gateway.run_job("import")
    done = await progress(gateway, response)
    assert {name: done[name] for name in ("state", "total", "position", "accepted", "duplicate", "rejected", "ignored")} == {
        "state": "done", "total": 10_000, "position": 10_000, "accepted": 9_996, "duplicate": 1, "rejected": 2, "ignored": 1,
    }  # fmt: skip
    header, *lines = await result_rows(gateway, response)
    assert header[:4] == ["行号", "状态", "列", "原因"]
    assert len(lines) == 10_000
    assert lines[0][:2] == [2, "已接收"]
    assert lines[17][:4] == [19, "拒绝", "办结时间", "办结时间：无法识别的时间，应如 2026-11-20 18:32:07"]
    assert lines[4_711][2] == "工单编号"
    assert "科学计数法" in lines[4_711][3]
    assert lines[9_999][1] == "重复"
    assert lines[5_000][1] == "忽略"
    assert len(await gateway.published("hotline.case_closed")) == 9_996


async def test_a_crash_in_between_repeats_no_row(
    gateway: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ROWS", 10)
    real = module.absorb
    calls = 0

    async def dying(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionError("the process is gone")
        return await real(*args)

    monkeypatch.setattr(module, "absorb", dying)
    response = await upload(gateway, gbk([row(number) for number in range(35)]))
    with pytest.raises(ConnectionError):
        await gateway.run_job("import")
    assert (await progress(gateway, response))["position"] == 20
    assert await gateway.run_job("import") == 0
    clock.advance(timedelta(minutes=2))
    await gateway.run_job("import")
    done = await progress(gateway, response)
    assert (done["state"], done["accepted"], done["duplicate"]) == ("done", 35, 0)
    assert len(await result_rows(gateway, response)) == 36
    assert len(await gateway.published()) == 35


async def test_a_worker_whose_lease_was_taken_over_changes_nothing(gateway: Served, clock: ManualClock) -> None:
    response = await upload(gateway, gbk([row(1)]))
    real = jobs._take_rows

    async def slow(*args: Any) -> None:
        clock.advance(timedelta(minutes=5))
        assert await jobs.import_files(gateway.runtime) == 1
        await real(*args)

    try:
        jobs._take_rows = slow_once(slow, real)  # type: ignore[assignment]
        await jobs.import_files(gateway.runtime)
    finally:
        jobs._take_rows = real
    done = await progress(gateway, response)
    assert (done["state"], done["position"], done["accepted"]) == ("done", 1, 1)
    assert len(await gateway.published()) == 1


def slow_once(first: Any, then: Any) -> Any:
    calls = iter([first])

    async def run(*args: Any) -> None:
        await next(calls, then)(*args)

    return run


async def test_a_row_that_breaks_our_own_code_is_reported_and_holds_up_no_other(
    gateway: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module._understand

    def understand(row: Any, *rest: Any) -> Any:
        if row.number == 4:
            raise KeyError("a bug of ours")
        return real(row, *rest)

    monkeypatch.setattr(module, "_understand", understand)
    response = await upload(gateway, gbk([row(number) for number in range(5)]))
    await gateway.run_job("import")
    lines = await result_rows(gateway, response)
    assert [line[1] for line in lines[1:]] == ["已接收", "已接收", "拒绝", "已接收", "已接收"]


async def test_the_same_file_again_is_the_same_import(gateway: Served) -> None:
    first, second = await upload(gateway, gbk([row(1)])), await upload(gateway, gbk([row(1)]), role="supervisor")
    assert first.json()["id"] == second.json()["id"]
    other = await upload(gateway, gbk([row(1), row(2)]))
    await gateway.run_job("import")
    assert (await progress(gateway, other))["duplicate"] == 1


async def test_a_file_that_is_no_sheet_of_cases_fails_with_its_reason(gateway: Served) -> None:
    response = await upload(gateway, "工单编号,诉求内容,诉求性质\n1,2,3".encode())
    await gateway.run_job("import")
    failed = await progress(gateway, response)
    assert (failed["state"], failed["reason"]) == ("failed", "缺少列：事发区域、办结时间、主办单位、工单状态、处置结果")
    async with gateway.client("supervisor") as client:
        assert (await client.get(response.headers["location"] + "/result")).status_code == 409
    again = await upload(gateway, "工单编号,诉求内容,诉求性质\n1,2,3".encode())
    assert again.json()["id"] != response.json()["id"]


async def test_what_can_not_be_taken_is_refused_at_once(gateway: Served) -> None:
    gateway.runtime.settings.import_max_bytes = 2 << 20  # type: ignore[attr-defined]
    assert (await upload(gateway, b"")).status_code == 422
    assert (await upload(gateway, gbk([]), source="nobody")).status_code == 422
    assert (await upload(gateway, b"x" * ((2 << 20) + 1))).status_code == 413
    assert (await upload(gateway, b"x" * (4 << 20))).status_code == 413
    assert (await upload(gateway, gbk([]), role="agent")).status_code == 403
    async with gateway.client("integrator") as client:
        assert (await client.post("/api/v1/imports", json={"file": "x"})).status_code == 422
        assert (await client.post("/api/v1/imports", data={"file": "x"})).status_code == 422
        broken = await client.post("/api/v1/imports", content=b"x", headers={"Content-Type": "multipart/form-data"})
        assert broken.status_code == 400
        assert (await client.get("/api/v1/imports/template")).content.startswith(b"PK")


# ---- what real files look like ----


async def rows_of(gateway: Served, rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    response = await upload(gateway, xlsx(rows))
    await gateway.run_job("import")
    return (await result_rows(gateway, response))[1:]


async def test_a_form_that_names_two_sources_is_refused_as_nobody_knows_which(gateway: Served) -> None:
    async with gateway.client("integrator") as client:
        answer = await client.post(
            "/api/v1/imports", files={"file": ("a.csv", gbk([row(1)]))}, data={"source": ["12345", "hotline"]}
        )
    assert answer.status_code == 422
    assert "同名的字段只能有一个" in answer.text


async def test_numbers_that_a_sheet_has_rounded_are_refused_row_by_row(gateway: Served) -> None:
    numbers = [510101202603012345, "510101202603012345", 202603012345678, 1e15]
    rows = [[number, *row(index)[1:]] for index, number in enumerate(numbers)]
    lines = await rows_of(gateway, [HEADER, *rows])
    assert [line[1] for line in lines] == ["拒绝", "已接收", "已接收", "拒绝"]
    assert [line[2] for line in lines if line[1] == "拒绝"] == ["工单编号", "工单编号"]
    assert "15 位" in lines[0][3]
    assert [event.subject for event in await gateway.published()] == ["510101202603012345", "202603012345678"]


async def test_one_moment_as_text_as_a_date_and_as_a_serial_number_is_one_fact(gateway: Served) -> None:
    day = datetime(2026, 3, 1, 1, 56, 19)  # noqa: DTZ001 - sheets have no zone
    serial = (day - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001
    spellings = ["2026-03-01 01:56:19", serial, day]
    at = HEADER.index("办结时间")
    rows = [[*row(1)[:at], spelling, *row(1)[at + 1 :]] for spelling in spellings]
    lines = await rows_of(gateway, [HEADER, *rows])
    assert [line[1] for line in lines] == ["已接收", "重复", "重复"]
    (event,) = await gateway.published()
    assert event.data["closed_at"] == "2026-03-01T01:56:19+08:00"


async def test_blank_rows_are_not_reported_and_rows_keep_their_numbers(gateway: Served) -> None:
    lines = await rows_of(gateway, [["三月办结"], HEADER, row(1), [], ["", " ", "\u3000"], row(2), []])
    assert [line[:2] for line in lines] == [[3, "已接收"], [6, "已接收"]]


async def test_a_header_of_two_lines_does_not_lose_the_phone(gateway: Served) -> None:
    upper = [name if name != "求助号码" else "" for name in HEADER]
    lower = ["姓名" if name == "求助人员" else "联系电话" if name == "求助号码" else "" for name in HEADER]
    lines = await rows_of(gateway, [upper, lower, row(1)])
    assert [line[:2] for line in lines] == [[3, "已接收"]]
    (event,) = await gateway.published()
    assert gateway.runtime.sealer.unseal(event.data["appellant"]["phone"]) == "+8613700000001"


async def test_a_citys_own_headers_are_read_by_its_sources_mapping(gateway: Served) -> None:
    own = {"case_no": "流水", "closed_at": "完毕于", "handle_result": "答复市民"}
    options = {"fields": own, "constants": {"appeal_kind": "求助", "area.code": "330106", "is_anonymous": True}}
    async with gateway.client("ops") as client:
        body = {"name": "city", "kind": "hotline", "options": options}
        assert (await client.post("/api/v1/sources", json=body)).status_code == 201
    header = ["流水", "内容", "完毕于", "主办单位", "工单状态", "答复市民"]
    rows = [header, ["7", "灯不亮", "2026-03-01 09:00:00", "城管局", "办结", "已换"]]
    response = await upload(gateway, xlsx(rows), source="city")
    await gateway.run_job("import")
    assert [line[1:4] for line in (await result_rows(gateway, response))[1:]] == [["已接收", "", ""]]
    (event,) = await gateway.published()
    assert (event.subject, event.data["appeal_kind"], event.data["area"]["code"]) == ("7", "求助", "330106")
    plain = await upload(gateway, xlsx(rows))
    await gateway.run_job("import")
    assert "缺少列" in (await progress(gateway, plain))["reason"]


async def test_a_file_with_tabs_below_its_title_is_read(gateway: Served) -> None:
    rows = ["导出时间：2026-03-02 09:00:00,导出人：何主任", "", "\t".join(HEADER), "\t".join(row(1)), "\t".join(row(2))]
    response = await upload(gateway, "\r\n".join(rows).encode("gbk"))
    await gateway.run_job("import")
    lines = (await result_rows(gateway, response))[1:]
    assert [line[:2] for line in lines] == [[4, "已接收"], [5, "已接收"]]
    assert [event.data["host_dept"]["name"] for event in await gateway.published()] == ["燃气公司"] * 2


def book(*sheets: Sequence[Sequence[Any]], hidden: int | None = None) -> bytes:
    """A workbook of several sheets, one of them hidden."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as written:
        for place, rows in enumerate(sheets):
            sheet = written.add_worksheet()
            for index, cells in enumerate(rows):
                sheet.write_row(index, 0, cells)
            if place == hidden:
                sheet.hide()
        if hidden is not None:
            written.worksheets()[-1].activate()
            written.worksheets()[-1].set_first_sheet()
    return buffer.getvalue()


async def test_cases_on_a_second_sheet_are_read_and_those_on_a_hidden_one_told(gateway: Served) -> None:
    notes, cases = [["填写说明"], ["请勿改动列名"]], [HEADER, row(1)]
    second = await upload(gateway, book(notes, cases))
    behind = await upload(gateway, book([HEADER, row(2)], cases, hidden=0))
    hidden = await upload(gateway, book(cases, notes, hidden=0))
    for _ in range(3):
        await gateway.run_job("import")
    assert [line[1] for line in (await result_rows(gateway, second))[1:]] == ["已接收"]
    assert [line[1] for line in (await result_rows(gateway, behind))[1:]] == ["重复"]  # not the row of the hidden sheet
    refused = await progress(gateway, hidden)
    assert (refused["state"], "隐藏的工作表" in refused["reason"]) == ("failed", True)
    assert [event.subject for event in await gateway.published()] == [row(1)[0]]


LANDLINES = ["(0571)88881234", "（0571） 8888-1234", "0571 88881234", "+86 571 8888 1234"]


@pytest.mark.parametrize("written", LANDLINES)
async def test_a_landline_in_what_people_say_is_stored_nowhere_however_it_is_written(
    gateway: Served, written: str
) -> None:
    told = row(1, 诉求内容=f"请回电{written}找我", 处置结果=f"已拨打{written}，已解释")
    assert [line[1] for line in await rows_of(gateway, [HEADER, told])] == ["已接收"]
    (event,) = await gateway.published()
    said = event.data["content"] + event.data["handle_result"]
    assert said.count("****") == 2
    assert "88881" not in re.sub(r"\W", "", said)


async def test_words_of_a_sheet_are_read_whole(gateway: Served) -> None:
    more = ["紧急程度", "诉求渠道", "是否解决"]
    words = [
        ("已办结", "非紧急", "12345APP", "解决"),
        ("已办结", "未加急", "短信", "部分解决"),
        ("已办结", "特急", "12345热线", "未解决"),
        ("办结审核中", "一般", "电话", "解决"),
        ("拟办结", "一般", "电话", "解决"),
        ("已办结", "一般", "电话", "说不清楚"),
    ]
    rows = [[*row(number, 工单状态=state), *others] for number, (state, *others) in enumerate(words)]
    lines = await rows_of(gateway, [[*HEADER, *more], *rows])
    assert [line[1] for line in lines] == ["已接收", "已接收", "已接收", "忽略", "忽略", "已接收"]
    assert ["紧急程度：「未加急」含义不明" in lines[1][3], "是否解决：「说不清楚」含义不明" in lines[5][3]] == [
        True,
        True,
    ]
    told = [[event.data.get(name) for name in ("urgency", "channel", "resolution_claim")] for event in
            await gateway.published()]  # fmt: skip
    assert told == [
        ["normal", "app", "yes"],
        [None, "other", "partly"],
        ["critical", "phone", "no"],
        ["normal", "phone", None],
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"<html><body><table><tr><td>x</td></tr></table>", "网页"), (b'<?xml version="1.0"?><Workbook/>', "XML"),
     (gbk([]), "表头下面没有数据"),
     (gbk([row(1)]).replace("求助号码".encode("gbk"), "反映人手机".encode("gbk")), "反映人手机")],
)  # fmt: skip
async def test_a_file_that_can_not_be_read_says_why(gateway: Served, content: bytes, reason: str) -> None:
    response = await upload(gateway, content)
    await gateway.run_job("import")
    found = await progress(gateway, response)
    assert found["state"] == "failed"
    assert reason in found["reason"]


# ---- workers that die ----


class Gone(BaseException):
    """The process is gone: nothing of it goes on."""


async def test_a_database_that_goes_away_does_not_count_against_a_file(
    gateway: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any) -> Any:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "open_sheet", lost)
        response = await upload(gateway, gbk([row(1)]))
        for _ in range(5):
            with pytest.raises(ConnectionResetError):
                await gateway.run_job("import")
            clock.advance(timedelta(minutes=2))
    assert await gateway.run_job("import") == 1
    assert (await progress(gateway, response))["state"] == "done"


async def test_a_file_that_its_workers_die_of_is_set_aside_and_can_be_tried_again(
    gateway: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> Any:
        raise Gone

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "open_sheet", die)
        response = await upload(gateway, gbk([row(1)]))
        for _ in range(3):
            with pytest.raises(Gone):
                await gateway.run_job("import")
            assert (await progress(gateway, response))["state"] == "running"
            clock.advance(timedelta(minutes=2))
        assert await gateway.run_job("import") == 0
    found = await progress(gateway, response)
    assert (found["state"], found["reason"]) == ("failed", "处理中断 3 次，已搁置；排除原因后可重试")
    async with gateway.client("ops") as client:
        failed = (await client.get("/api/v1/imports", params={"state": "failed"})).json()["items"]
        assert [item["id"] for item in failed] == [found["id"]]
        assert (await client.get("/api/v1/imports", params={"state": "done"})).json()["items"] == []
        retry = response.headers["location"] + "/retry"
        assert (await client.post(retry)).json()["state"] == "pending"
        assert (await client.post(retry)).status_code == 409
    await gateway.run_job("import")
    assert (await progress(gateway, response))["state"] == "done"
    async with gateway.client("agent") as client:
        assert (await client.post(retry)).status_code == 403


async def test_a_failed_file_that_was_uploaded_again_is_not_tried_twice(gateway: Served) -> None:
    bad = "工单编号,诉求内容,诉求性质\n1,2,3".encode()
    first = await upload(gateway, bad)
    await gateway.run_job("import")
    await upload(gateway, bad)
    async with gateway.client("ops") as client:
        assert (await client.post(first.headers["location"] + "/retry")).status_code == 409


async def test_a_long_file_may_be_interrupted_any_number_of_times(
    gateway: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ROWS", 1)
    real, left = module.absorb, [2]

    async def dying(*args: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            left[0] = 2
            raise ConnectionError("the process is gone")
        return await real(*args)

    monkeypatch.setattr(module, "absorb", dying)
    response = await upload(gateway, gbk([row(number) for number in range(6)]))
    for _ in range(5):
        with pytest.raises(ConnectionError):
            await gateway.run_job("import")
        clock.advance(timedelta(minutes=2))
    await gateway.run_job("import")
    done = await progress(gateway, response)
    assert (done["state"], done["accepted"]) == ("done", 6)
