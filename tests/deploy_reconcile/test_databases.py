"""What is read of the services' databases is what they hold."""

from collections.abc import Awaitable, Callable

import asyncpg

from deploy.reconcile.databases import _VISITS, DISSATISFIED
from shared.clock import ManualClock
from shared.db import driver_dsn
from tests.visits.conftest import HAPPY, UNHAPPY, open_desk
from tests.visits.test_corrections import correct, finished


async def test_how_often_a_record_came_to_say_dissatisfied_is_counted(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    dsn = await service_dsn("visits")
    async with open_desk(dsn, clock) as desk:
        await desk.publish("gas-service")
        visit_id = await finished(desk, UNHAPPY)
        counted = []
        for answers in (UNHAPPY | {"complaint": "等了两天"}, HAPPY, UNHAPPY, None):
            connection = await asyncpg.connect(driver_dsn(dsn))
            (row,) = await connection.fetch(_VISITS, DISSATISFIED)
            await connection.close()
            counted.append((row["dissatisfied"], row["corrections"] or 0))
            if answers is not None:
                assert (await correct(desk, visit_id, answers)).status_code == 200
        told = await desk.served.published("visit.dissatisfied")
    assert counted == [(1, 0), (1, 1), (1, 2), (2, 3)]
    assert len(told) == 2
