"""Messages that processes die of do not keep others from being sent, and wait for people."""

from datetime import timedelta

from sqlalchemy import text

from services.notifications.commands import sending
from services.notifications.office import office_of
from tests.notifications.conftest import SEALER, World
from tests.notifications.test_jobs import thank


async def test_a_message_that_processes_die_of_is_set_aside_and_its_neighbours_are_sent(world: World) -> None:
    await world.load_pack("thank_you")
    for number in range(3):
        await thank(world, f"C{number}", phone=SEALER.seal(f"+8613800138{number:03}"))
    office = office_of(world.served.runtime)

    async def die() -> list[str]:
        """Lease what is due, die before any call, and let the lease be given up."""
        async with world.served.runtime.db.work() as work:
            batch = await sending.lease_due(work, office.rules, 10)
        world.clock.advance(timedelta(minutes=5))
        await world.settle()
        world.clock.advance(timedelta(minutes=1))
        await world.settle()
        return [str(parcel.send_id) for parcel in batch.parcels]

    assert len(await die()) == len(await die()) == 3
    (deadly,) = await die()
    await world.send_out()
    told = {send["id"]: (send["state"], send["reason"]) for send in await world.sends()}
    assert told.pop(deadly) == ("failed", "set_aside")
    assert list(told.values()) == [("accepted", "")] * 2
    assert [one.data["reason"] for one in await world.served.published("notification.failed")] == ["set_aside"]

    async with world.served.client("ops") as client:
        assert (await client.post(f"/api/v1/sends/{deadly}/resend")).status_code == 201
    await world.send_out()
    assert {send["state"] for send in await world.sends() if send["id"] != deadly} == {"accepted"}
    assert world.simulator.messages.counts()["messages"] == 3


async def test_what_processes_may_have_died_of_waits_until_nothing_else_is_under_way(world: World) -> None:
    await world.load_pack("thank_you")
    office = office_of(world.served.runtime)
    await thank(world, "C1")
    async with world.served.runtime.db.work() as work:
        await work.session.execute(text("UPDATE send SET lost = 2"))
        assert (await sending.lease_due(work, office.rules, 10, idle=False)).parcels == ()
        assert (await sending.lease_due(work, office.rules, 10, idle=True)).alone
