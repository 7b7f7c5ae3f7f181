"""Everybody whom the platform knows is erased: after that no store of any service says who they were or what they said."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.clock import ManualClock
from shared.erasure.job import erase_due
from shared.testing import event
from tests.architecture.test_personal_data import (
    Numbers,
    Platform,
    complain,
    everything_in,
    notify,
    send_events,
    set_up,
    upload,
    whole_platform,
    work,
)

Dsn = Callable[[str], Awaitable[str]]
# names, and words that customers, senders and agents wrote of them
NEEDLES = ("陈静", "刘先生", "林女士", "请打1", "家人 1", "已听1", "已复修", "复核 1", "未好", "电话1")
# only added to; what nobody can read as anybody's; kept sealed
APART = {"audit_log", "broken_row", "raw_message", "import_file"}


async def fill(platform: Platform) -> None:
    number = Numbers()
    await set_up(platform)
    await send_events(platform, number)
    await upload(platform, number)
    await work(platform, number)
    await complain(platform, number)
    await notify(platform, number)


async def customers(platform: Platform) -> list[str]:
    """The keys of everything that was told but of people and the organisation."""
    told = [sent for served in platform.services.values() for sent in await served.published()]
    return sorted({sent.key for sent in told if sent.data.get("customer") or sent.data.get("customer_id")})


async def erase_everybody(platform: Platform) -> None:
    """As the gateway tells it; each service goes over everything twice, for what the others tell meanwhile."""
    at = platform.clock.now().isoformat()
    for served in platform.services.values():
        for name in await customers(platform):
            asked = {"customer_id": name, "asked_at": at, "asked_by": "zhao.min"}
            await served.deliver(event("customer.erased", asked, key=name, id=f"erase-{name}"))
    for _ in range(3):
        for served in platform.services.values():
            await erase_due(served.runtime)
        await platform.pump()
        platform.clock.advance(timedelta(hours=1))


async def found(platform: Platform) -> list[str]:
    return [
        f"{name}.{table}: {needle}"
        for name, served in platform.services.items()
        for table, rows in sorted((await everything_in(served)).items())
        for needle in NEEDLES
        if table not in APART and (needle in rows or needle.encode().hex() in rows)
    ]


async def test_nothing_is_left_of_anybody_and_every_figure_is_what_it_was(service_dsn: Dsn, clock: ManualClock) -> None:
    async with whole_platform(service_dsn, clock) as platform:
        await fill(platform)
        before = await found(platform)
        assert {line.partition(".")[0] for line in before} == set(platform.services)
        figures = await everything_in(platform.services["analytics"])
        await erase_everybody(platform)
        left = await found(platform)
        assert not left, "\n".join(left)
        after = await everything_in(platform.services["analytics"])
        for table in ("rating_fact", "agent_day"):
            assert sorted(after[table].splitlines()) == sorted(figures[table].splitlines()), table
        for name, served in platform.services.items():
            assert await served.dead_letters() == [], name
