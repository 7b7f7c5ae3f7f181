"""The edge: transactions, idempotency keys, entity tags, problems, limits, health."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Response
from pydantic import BaseModel
from sqlalchemy import text

from shared.auth import Principal, Role, require
from shared.clock import ManualClock
from shared.contracts.intake import WeatherRained
from shared.http import IfMatch, OnceDep, ReadSession, WorkDep, audit, etag, http_client, require_version
from shared.runtime import Service
from shared.service import build_app
from shared.settings import ServiceSettings
from shared.testing import Served, example, serve

Agent = Annotated[Principal, Depends(require(Role.AGENT))]
router = APIRouter(prefix="/things")


class NewThing(BaseModel):
    name: str
    fail: bool = False


class Thing(BaseModel):
    id: int
    name: str
    version: int = 1


async def create(work: WorkDep, wanted: NewThing) -> Thing:
    made = await work.session.execute(
        text("INSERT INTO thing (name) VALUES (:name) RETURNING id"), {"name": wanted.name}
    )
    work.publish(WeatherRained(**example("weather.rained")), key="510108")
    if wanted.fail:
        raise RuntimeError("电话 13800000017 处理失败")
    return Thing(id=made.scalar_one(), name=wanted.name)


@router.post("", status_code=201)
async def post_thing(body: NewThing, work: WorkDep, once: OnceDep, principal: Agent) -> Thing:
    return await once(Thing, lambda: create(work, body))


@router.put("/{thing_id}")
async def put_thing(
    thing_id: int, body: NewThing, work: WorkDep, seen: IfMatch, response: Response, principal: Agent
) -> Thing:
    row = (
        await work.session.execute(text("SELECT version FROM thing WHERE id = :id FOR UPDATE"), {"id": thing_id})
    ).one()
    require_version(seen, row.version)
    await work.session.execute(
        text("UPDATE thing SET name = :name, version = version + 1 WHERE id = :id"),
        {"name": body.name, "id": thing_id},
    )
    await audit(work, principal, "thing.changed", str(thing_id), name=body.name)
    response.headers["ETag"] = etag(row.version + 1)
    return Thing(id=thing_id, name=body.name, version=row.version + 1)


@router.post("/late-failure", status_code=201)
async def post_late_failure(work: WorkDep, principal: Agent) -> dict[str, bool]:
    await work.session.execute(text("INSERT INTO thing (name, parent) VALUES ('child', -1)"))
    return {"ok": True}


@router.get("")
async def list_things(session: ReadSession, principal: Agent) -> list[str]:
    rows = await session.execute(text("SELECT name FROM thing ORDER BY id"))
    return list(rows.scalars())


def create_app(settings: ServiceSettings, *parts: Any) -> FastAPI:
    return build_app(Service(name="things", title="测试", settings=settings, routers=[router]), *parts)


@pytest.fixture
async def served(core_dsn: str, clock: ManualClock) -> AsyncIterator[Served]:
    async with serve(create_app, ServiceSettings, core_dsn, clock=clock, max_body_bytes=2000) as app:
        async with app.runtime.db.engine.begin() as connection:
            await connection.execute(
                text(
                    "CREATE TABLE thing (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, "
                    "version int NOT NULL DEFAULT 1, parent int REFERENCES thing DEFERRABLE INITIALLY DEFERRED)"
                )
            )
        yield app


async def names(served: Served) -> list[str]:
    found: list[str] = (await served.client("agent").get("/things")).json()
    return found


async def test_a_request_is_one_transaction_with_its_events(served: Served) -> None:
    answer = await served.client("agent").post("/things", json={"name": "a"})
    assert (answer.status_code, answer.json()["name"]) == (201, "a")
    assert await names(served) == ["a"]
    assert [event.name for event in await served.published()] == ["weather.rained"]


async def test_a_failed_request_leaves_nothing_and_tells_no_secrets(served: Served) -> None:
    answer = await served.client("agent").post("/things", json={"name": "a", "fail": True})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "系统内部错误"
    assert "13800000017" not in answer.text
    assert await names(served) == []
    assert await served.published() == []


async def test_a_commit_that_fails_is_no_success(served: Served) -> None:
    answer = await served.client("agent").post("/things/late-failure")
    assert answer.status_code == 500
    assert await names(served) == []


async def test_a_repeated_key_gives_the_first_answer_again(served: Served) -> None:
    client = served.client("agent", **{"Idempotency-Key": "k1"})
    first = await client.post("/things", json={"name": "a"})
    second = await client.post("/things", json={"name": "a"})
    assert first.json() == second.json()
    assert second.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert await names(served) == ["a"]
    assert len(await served.published()) == 1


async def test_twins_with_one_key_at_the_same_time_make_one_thing(served: Served) -> None:
    client = served.client("agent", **{"Idempotency-Key": "k1"})
    answers = await asyncio.gather(*[client.post("/things", json={"name": "a"}) for _ in range(4)])
    assert len({answer.text for answer in answers}) == 1
    assert await names(served) == ["a"]


async def test_a_key_with_another_body_is_refused(served: Served) -> None:
    client = served.client("agent", **{"Idempotency-Key": "k1"})
    await client.post("/things", json={"name": "a"})
    answer = await client.post("/things", json={"name": "b"})
    assert answer.status_code == 422
    assert await names(served) == ["a"]


async def test_keys_of_two_callers_do_not_meet(served: Served) -> None:
    for role in ("agent", "admin"):
        await served.client(role, **{"Idempotency-Key": "k1"}).post("/things", json={"name": role})
    assert await names(served) == ["agent", "admin"]


async def test_a_failed_attempt_does_not_use_up_its_key(served: Served) -> None:
    client = served.client("agent", **{"Idempotency-Key": "k1"})
    await client.post("/things", json={"name": "a", "fail": True})
    assert (await client.post("/things", json={"name": "a"})).status_code == 201
    assert await names(served) == ["a"]


async def test_a_change_needs_the_version_that_was_read(served: Served) -> None:
    client = served.client("agent")
    await client.post("/things", json={"name": "a"})
    changed = await client.put("/things/1", json={"name": "b"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    stale = await client.put("/things/1", json={"name": "c"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:huifang:problem:precondition-failed")
    assert (await client.put("/things/1", json={"name": "c"})).status_code == 428
    assert (await client.put("/things/1", json={"name": "c"}, headers={"If-Match": "x"})).status_code == 422
    assert (await client.put("/things/1", json={"name": "c"}, headers={"If-Match": 'W/"2"'})).status_code == 200
    assert await names(served) == ["c"]


async def test_a_change_is_audited_in_its_transaction(served: Served) -> None:
    client = served.client("agent")
    await client.post("/things", json={"name": "a"})
    await client.put("/things/1", json={"name": "b"}, headers={"If-Match": '"1"'})
    await client.put("/things/1", json={"name": "b"}, headers={"If-Match": '"1"'})
    async with served.runtime.db.read() as session:
        rows = (await session.execute(text("SELECT principal, action, object, detail FROM audit_log"))).all()
    assert [tuple(row) for row in rows] == [("key:test-agent", "thing.changed", "1", {"name": "b"})]


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("auditor", 403), ("agent", 200), ("admin", 200)])
async def test_routes_ask_who_is_there(served: Served, role: str | None, status: int) -> None:
    answer = await served.client(role).get("/things")
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_health_and_metrics_need_no_key(served: Served) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert (await served.client(None).get(path)).status_code == 200


async def test_a_body_above_the_limit_is_refused_as_such(served: Served) -> None:
    answer = await served.client("agent").post("/things", json={"name": "a" * 3000})
    assert (answer.status_code, answer.json()["title"]) == (413, "请求内容过大")


async def test_a_chunked_body_above_the_limit_is_refused_before_its_end(served: Served) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1000
            yield b"a" * 1000

    answer = await served.client("agent").post("/things", content=chunks())
    assert answer.status_code == 413
    assert sent <= 4000


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 422), (b'{"name": 1}', 422), (b"", 422), (b'{"name": "13800000017", "fail": "x"}', 422)]
)
async def test_bad_input_is_a_chinese_problem_without_the_input(served: Served, body: bytes, status: int) -> None:
    answer = await served.client("agent").post("/things", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (status, "提交的内容有误")
    assert "13800000017" not in answer.text


async def test_unknown_paths_and_methods_are_problems_too(served: Served) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/things", 405)):
        answer = await served.client("agent").request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_the_callers_trace_is_continued(served: Served) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await served.client("agent").post(
        "/things", json={"name": "a"}, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    )
    assert answer.headers["traceparent"].split("-")[1] == trace
    assert (await served.published())[0].traceparent == answer.headers["traceparent"]


async def test_a_forged_trace_header_starts_a_new_trace(served: Served) -> None:
    answer = await served.client(None).get("/livez", headers={"traceparent": "00-evil"})
    assert len(answer.headers["traceparent"]) == 55


async def test_the_outgoing_client_is_bounded_and_does_not_follow_redirects() -> None:
    async with http_client() as client:
        assert client.timeout.read == 5.0
        assert client.follow_redirects is False
