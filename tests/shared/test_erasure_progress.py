"""Every service says how far it is with the erasure of customers, to operators in figures and to administrators by name."""

from datetime import timedelta

from shared.auth import Role, issue_token
from shared.clock import ManualClock
from shared.erasure.job import erase_due
from shared.privacy import Sealer
from shared.testing import Served, event
from shared.testing.served import DATA_KEY
from tests.shared.test_ops_page import served
from tests.shared.test_ops_page import shown as shown_as

__all__ = ["served"]
PANEL, PROGRESS, OPS = "/fragments/erasures", "/api/v1/erasures/progress", "/fragments/ops"
TITLE = "个人信息删除"


async def shown(served: Served, path: str, role: str = "admin") -> str:
    return await shown_as(served, path, role)


async def heard(served: Served, *customers: str) -> None:
    for name in customers:
        asked = {"customer_id": name, "asked_at": served.runtime.clock.now().isoformat(), "asked_by": "zhao.min"}
        await served.deliver(event("customer.erased", asked, key=name))


async def test_what_a_service_has_not_heard_of_is_not_taken_for_done(served: Served) -> None:
    assert "都已清理" in await shown(served, PANEL)
    panel = await shown(served, f"{PANEL}?asked=2")
    assert ("清理中" in panel, "都已清理" in panel, "另有 2 位的要求尚未收到" in panel) == (True, False, True)


async def test_who_waits_is_named_and_is_not_once_the_first_pass_is_over(served: Served, clock: ManualClock) -> None:
    await heard(served, "C1", "C2")
    panel = await shown(served, f"{PANEL}?asked=2")
    assert ("清理中" in panel, "正在清理：C1、C2" in panel, "尚未收到" in panel) == (True, True, False)
    assert await erase_due(served.runtime) == 2
    panel = await shown(served, f"{PANEL}?asked=2")
    assert ("都已清理" in panel, "已清理 2 位，其中 0 位复查期满" in panel, "C1" in panel) == (True, True, False)
    for _ in range(served.runtime.settings.erasure_days + 2):
        clock.advance(timedelta(days=1))
        await erase_due(served.runtime)
    assert "已清理 2 位，其中 2 位复查期满" in await shown(served, PANEL)


async def test_programs_are_told_the_same(served: Served) -> None:
    number = Sealer.from_text(DATA_KEY).seal("+8613800138000")
    await heard(served, "C1", number)
    async with served.client("admin") as client:
        before = (await client.get(PROGRESS)).json()
        assert sorted(before.pop("waiting")) == ["138****8000", "C1"]
        assert before == {"heard": 2, "erased": 0, "done": 0}
        assert await erase_due(served.runtime) == 2
        assert (await client.get(PROGRESS)).json() == {"heard": 2, "erased": 2, "done": 0, "waiting": []}


async def test_of_many_the_first_are_named_and_a_number_is_masked(served: Served, clock: ManualClock) -> None:
    number = Sealer.from_text(DATA_KEY).seal("+8613800138000")
    await heard(served, number)
    clock.advance(timedelta(seconds=1))
    await heard(served, *(f"C{n:02}" for n in range(30)))
    panel = await shown(served, PANEL)
    assert "138****8000、C00" in panel
    assert "C18等 31 位" in panel
    assert number not in panel


async def test_operators_are_told_how_many_and_when_it_takes_too_long(served: Served, clock: ManualClock) -> None:
    assert TITLE not in await shown(served, OPS, "ops")
    await heard(served, "C1")
    assert '<span class="pill warn">△ 清理中 1 位</span>' in await shown(served, OPS, "ops")
    clock.advance(timedelta(minutes=61))
    assert '<span class="pill bad">! 清理中 1 位</span>' in await shown(served, OPS, "ops")
    assert await erase_due(served.runtime) == 1
    assert '<span class="pill good">✓ 1 位都已清理</span>' in await shown(served, OPS, "ops")


async def test_only_administrators_of_the_whole_organisation_see_who_it_is(served: Served) -> None:
    for role in ("agent", "supervisor", "policy_owner", "integrator", "ops", "auditor"):
        async with served.client(role) as client:
            assert (await client.get(PANEL)).status_code == 403, role
            assert (await client.get(PROGRESS)).status_code == 403, role
    secret = served.runtime.settings.jwt_secret
    assert secret is not None
    token = issue_token(secret.get_secret_value(), "zhao.min", Role.ADMIN, 4_000_000_000, units=["CD"])
    async with served.client(None, Authorization=f"Bearer {token}") as client:
        assert (await client.get(PANEL)).status_code == 403
