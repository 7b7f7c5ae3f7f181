"""API keys that the gateway issues: every service lets in by them, until they end, are rotated out or revoked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.analytics.app import create_app as create_analytics
from services.analytics.settings import AnalyticsSettings
from shared.auth import Principal, Role, hash_key
from shared.clock import ManualClock
from shared.kept_keys import expiring, tell_of_use
from shared.keys import Key
from shared.sessions import COOKIE
from shared.testing import Served, serve
from shared.testing.events import NOON
from shared.testing.signing_in import sign_in

PATH = "/api/v1/keys"
ASKED = "/api/v1/dead-letters"
ERP = {"owner": "erp-east", "name": "城东 ERP", "roles": ["ops"]}


@pytest.fixture
async def analytics(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    async with serve(create_analytics, AnalyticsSettings, await service_dsn("analytics"), clock=clock) as served:
        yield served


async def issue(gateway: Served, **changes: Any) -> dict[str, Any]:
    async with gateway.client() as admin:
        answer = await admin.post(PATH, json=ERP | changes)
    assert answer.status_code == 201, answer.text
    issued: dict[str, Any] = answer.json()
    return issued


async def change(gateway: Served, key: dict[str, Any], action: str, **body: Any) -> dict[str, Any]:
    async with gateway.client() as admin:
        seen = (await admin.get(f"{PATH}/{key['id']}")).headers["ETag"]
        answer = await admin.post(f"{PATH}/{key['id']}/{action}", json=body, headers={"If-Match": seen})
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def told(gateway: Served, *others: Served) -> None:
    """Everything the gateway published reaches the others, who look again."""
    for other in others:
        await other.deliver(*await gateway.published("key.changed"))
        other.runtime.keys.forget()
    gateway.runtime.keys.forget()


async def lets_in(served: Served, key: str) -> bool:
    async with served.client(None, Authorization=f"Bearer {key}") as client:
        return (await client.get(ASKED)).status_code == 200


async def test_an_issued_key_is_shown_once_and_known_at_every_service(gateway: Served, analytics: Served) -> None:
    issued = await issue(gateway)
    assert not await lets_in(analytics, issued["key"])
    await told(gateway, analytics)
    assert await lets_in(gateway, issued["key"])
    assert await lets_in(analytics, issued["key"])
    async with gateway.client("auditor") as auditor:
        (listed,) = (await auditor.get(PATH)).json()["items"]
    assert (listed["state"], listed["owner"], listed["used_at"]) == ("live", "erp-east", None)
    assert "key" not in listed


async def test_the_key_itself_is_kept_and_told_nowhere(gateway: Served) -> None:
    issued = await issue(gateway)
    async with gateway.runtime.db.read() as session:
        kept = [str((await session.execute(text(f"SELECT * FROM {table}"))).all()) for table in
                ("machine_key", "api_key", "audit_log", "outbox")]  # fmt: skip
    (sent,) = await gateway.published("key.changed")
    assert not any(issued["key"] in each for each in (*kept, str(sent.data)))
    assert sent.data["sha256"] == hash_key(issued["key"])


async def test_rotated_two_live_until_the_old_one_ends(gateway: Served, analytics: Served, clock: ManualClock) -> None:
    old = await issue(gateway)
    new = await change(gateway, old, "rotate", grace_hours=2)
    await told(gateway, analytics)
    assert (new["owner"], new["roles"]) == (old["owner"], old["roles"])
    assert [await lets_in(analytics, each["key"]) for each in (old, new)] == [True, True]
    clock.advance(timedelta(hours=2))
    assert [await lets_in(analytics, each["key"]) for each in (old, new)] == [False, True]
    async with gateway.client() as admin:
        again = await admin.post(f"{PATH}/{old['id']}/rotate", headers={"If-Match": '"2"'})
    assert (again.status_code, again.json()["title"]) == (409, "密钥已失效")


async def test_what_was_rotated_is_not_rotated_again(gateway: Served) -> None:
    old = await issue(gateway)
    await change(gateway, old, "rotate")
    async with gateway.client() as admin:
        again = await admin.post(f"{PATH}/{old['id']}/rotate", headers={"If-Match": '"2"'})
    assert (again.status_code, again.json()["title"]) == (409, "密钥已经轮换")


async def test_a_revoked_key_and_the_sessions_opened_with_it_end_everywhere(gateway: Served, analytics: Served) -> None:
    issued = await issue(gateway)
    await told(gateway, analytics)
    async with analytics.client(None) as client:
        assert (await sign_in(client, issued["key"])).status_code == 303
        cookie = f"{COOKIE}={client.cookies[COOKIE]}"
    async with analytics.client(None, Cookie=cookie) as client:
        assert (await client.get(ASKED)).status_code == 200
        assert (await change(gateway, issued, "revoke", reason="泄露"))["state"] == "revoked"
        await told(gateway, analytics)
        assert (await client.get(ASKED)).status_code == 401
    assert not await lets_in(gateway, issued["key"])
    assert not await lets_in(analytics, issued["key"])


async def test_a_revocation_heard_before_the_issue_holds(gateway: Served, analytics: Served) -> None:
    issued = await issue(gateway)
    await change(gateway, issued, "revoke")
    first, second = await gateway.published("key.changed")
    await analytics.deliver(second)
    await analytics.deliver(first)
    analytics.runtime.keys.forget()
    assert not await lets_in(analytics, issued["key"])


async def test_it_ends_at_its_time_which_can_be_set_again(gateway: Served, clock: ManualClock) -> None:
    issued = await issue(gateway, ends_at=(NOON + timedelta(days=1)).isoformat())
    await change(gateway, issued, "expire", ends_at=(NOON + timedelta(hours=1)).isoformat())
    await told(gateway)
    assert await lets_in(gateway, issued["key"])
    clock.advance(timedelta(hours=1))
    assert not await lets_in(gateway, issued["key"])
    async with gateway.client() as admin:
        shown = (await admin.get(f"{PATH}/{issued['id']}")).json()
        assert (await admin.get(PATH, params={"live": "true"})).json()["items"] == []
    assert shown["state"] == "ended"


async def test_a_key_is_limited_to_its_units(gateway: Served) -> None:
    issued = await issue(gateway, units=["CD"])
    await told(gateway)
    async with gateway.client(None, Authorization=f"Bearer {issued['key']}") as client:
        refused = await client.get(ASKED)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:huifang:problem:whole-organisation-only")


async def test_faults_are_named_by_their_fields(gateway: Served) -> None:
    wrong = {"owner": "13800138000", "roles": [], "units": ["有 空格"], "ends_at": "2020-01-01T00:00:00Z"}
    async with gateway.client() as admin:
        answer = await admin.post(PATH, json=ERP | wrong)
    assert [error["field"] for error in answer.json()["errors"]] == ["owner", "roles", "units", "ends_at"]


@pytest.mark.parametrize("role", ["agent", "supervisor", "policy_owner", "integrator", "ops", "auditor"])
async def test_only_administrators_issue_keys(gateway: Served, role: str) -> None:
    async with gateway.client(role) as client:
        assert (await client.post(PATH, json=ERP)).status_code == 403


async def test_the_last_use_is_told_once_an_hour(gateway: Served, analytics: Served, clock: ManualClock) -> None:
    issued = await issue(gateway)
    await told(gateway, analytics)
    for _ in range(3):
        await lets_in(analytics, issued["key"])
        await tell_of_use(analytics.runtime)
    clock.advance(timedelta(minutes=61))
    await lets_in(analytics, issued["key"])
    await tell_of_use(analytics.runtime)
    uses = await analytics.published("key.used")
    assert len(uses) == 2
    await gateway.deliver(*reversed(uses))
    async with gateway.client() as admin:
        shown = (await admin.get(f"{PATH}/{issued['id']}")).json()
    assert shown["used_at"] == uses[1].data["used_at"]


async def test_living_keys_are_told_again_after_a_day(gateway: Served, clock: ManualClock) -> None:
    kept, gone = await issue(gateway), await issue(gateway)
    await change(gateway, gone, "revoke")
    clock.advance(timedelta(hours=25))
    assert await gateway.run_job("tell_keys") == 1
    assert (await gateway.published("key.changed"))[-1].data["key_id"] == kept["id"]


async def test_changes_are_audited(gateway: Served) -> None:
    issued = await issue(gateway)
    await change(gateway, issued, "expire", ends_at=None)
    await change(gateway, issued, "rotate")
    await change(gateway, issued, "revoke", reason="泄露")
    async with gateway.client("auditor") as auditor:
        entries = (await auditor.get("/api/v1/audit-log", params={"object": issued["id"]})).json()["items"]
    assert [entry["action"] for entry in entries][::-1] == ["key.issued", "key.end_set", "key.rotated", "key.revoked"]


def key(owner: str, days: int | None) -> Key:
    return Key(Principal(owner, (Role.OPS,)), None if days is None else NOON + timedelta(days=days))


def test_who_has_a_key_that_lives_longer_is_not_warned_of() -> None:
    keys = [
        key("a", 3),
        key("b", 3),
        key("b", 100),
        key("c", 100),
        key("d", -1),
        key("e", 3),
        key("e", None),
        key("f", 13),
    ]
    assert expiring(keys, NOON) == ["a", "f"]


async def test_how_many_end_soon_is_measured(gateway: Served) -> None:
    await issue(gateway, ends_at=(NOON + timedelta(days=3)).isoformat())
    await told(gateway)
    await tell_of_use(gateway.runtime)
    assert REGISTRY.get_sample_value("huifang_api_keys_expiring") == 1
