"""What no field may hold is refused by the field's name at every door, without a traceback; the connection lives on."""

import logging
from typing import Any

import pytest

from shared.testing.served import Served

JSON = {"Content-Type": "application/json"}


def fields(answer: Any) -> list[str]:
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    return [error["field"] for error in answer.json()["errors"]]


async def test_a_nul_or_half_a_character_is_named_by_its_field(
    gateway: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway.client("ops") as client:
        nul = await client.post("/api/v1/endpoints", json={"name": "a\0", "url": "http://x", "sources": "*"})
        half = rb'{"name": "g", "kind": "generic", "options": {"constants": {"org.code": "\ud83d"}}}'
        found = await client.post("/api/v1/sources", content=half, headers=JSON)
        asked = await client.get("/api/v1/messages", params={"source": "a\0b"})
        path = await client.get("/api/v1/sources/a%00b")
        fine = await client.post(
            "/api/v1/sources",
            content=rb'{"name": "g", "kind": "generic", "options": {"type": "\ud83d\ude00"}}',
            headers=JSON,
        )
    assert fields(nul) == ["body.name"]
    assert fields(found) == ["body.options.constants.org.code"]
    assert fields(asked) == ["query.source"]
    assert fields(path) == ["path.name"]
    assert fine.status_code == 201, fine.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_json_with_a_mark_is_read_and_another_encoding_is_told(gateway: Served) -> None:
    async with gateway.client("ops") as client:
        body = '{"name": "a1", "kind": "generic", "options": {"type": "抄表"}}'
        marked = await client.post("/api/v1/sources", content=body.encode("utf-8-sig"), headers=JSON)
        chinese = await client.post("/api/v1/sources", content=body.encode("gbk"), headers=JSON)
    assert marked.status_code == 201, marked.text
    assert (chinese.status_code, chinese.json()["detail"]) == (400, "内容不是 UTF-8，像是 GBK，请用 UTF-8 编码的 JSON")


@pytest.mark.parametrize("subject", ["张三　维修", "𰻞面馆", "👷"])
async def test_a_subject_may_hold_whatever_people_write(gateway: Served, subject: str) -> None:
    told = {
        "specversion": "1.0",
        "id": f"s-{subject}",
        "source": "/t",
        "type": "stage.done",
        "subject": subject,
        "data": {"a": 1},
    }
    async with gateway.client("integrator") as client:
        answer = await client.post("/api/v1/events", json=told)
        control = await client.post("/api/v1/events", json=told | {"subject": "a\x07"})
        unread = await client.post(
            "/api/v1/events", content=rb'{"specversion": "1.0", "data": {"a": ["\udc00"]}}', headers=JSON
        )
    assert answer.status_code == 202, answer.text
    assert control.json()["items"][0]["errors"] == [{"field": "subject", "reason": "含有控制字符（U+0007）"}]
    assert unread.json()["items"][0]["errors"][0]["field"] == "data.a.0"


async def test_an_event_is_read_in_the_encoding_it_has_or_told_what_is_wrong(gateway: Served) -> None:
    told = '{"specversion": "1.0", "id": "e%s", "source": "/t", "type": "stage.done", "data": {"who": "%s"}}'
    bodies = [b"\xef\xbb\xbf" + (told % (1, "程师傅")).encode(), (told % (2, "程师傅")).encode("gbk")]
    bodies += [(told % (3, "\\ud83d")).encode(), (told % (4, "a\\u0000")).encode(), b'{"id": "\xff\xfe"}']
    async with gateway.client("integrator") as client:
        answers = [await client.post("/api/v1/events", content=body, headers=JSON) for body in bodies]
    assert [answer.status_code for answer in answers[:4]] == [202, 202, 422, 422]
    assert [event.data["who"] for event in await gateway.published()] == ["程师傅", "程师傅"]
    errors = [answer.json()["items"][0]["errors"][0] for answer in answers[2:4]]
    assert [error["field"] for error in errors] == ["data.who", "data.who"]
    assert ["代理字符" in errors[0]["reason"], "空字符" in errors[1]["reason"]] == [True, True]
    assert answers[4].status_code in (400, 422)
    assert "不是 UTF-8" in answers[4].text
