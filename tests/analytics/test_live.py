"""Whose pages are nudged by new figures."""

import asyncio

import asyncpg
import orjson
import pytest

from services.analytics.domain.live import FIGURES, concerns
from shared.live.listener import CHANNEL
from tests.analytics.builders import Followup


@pytest.mark.parametrize(
    ("visible", "branches", "told"),
    [((), ["B1"], True), (("B1",), ["B2", "B1"], True), (("B1",), ["B2"], False), (("B1",), [""], False)],
)
def test_new_figures_concern_who_sees_one_of_their_branches(visible, branches, told):
    assert concerns(visible, branches) == ({FIGURES} if told else frozenset())


async def test_a_batch_tells_its_branches_once_its_figures_are_there(analytics):
    heard = []
    connection = await asyncpg.connect(analytics.runtime.db.dsn)
    try:
        await connection.add_listener(CHANNEL, lambda *told: heard.append(orjson.loads(told[-1])))
        one, two = Followup("1", "C1"), Followup("2", "C2", branch="B2")
        await analytics.deliver(one.planned(), two.planned())
        await analytics.deliver(one.task("released"))
        async with asyncio.timeout(60):
            while len(heard) < 2:
                await connection.execute("SELECT 1")
    finally:
        await connection.close()
    assert sorted(heard[0]) == ["B1", "B2"]
    assert {branch for told in heard[1:] for branch in told} == {"B1"}


async def test_the_stream_is_for_who_may_read_figures(analytics):
    async with analytics.client("agent") as client:
        assert (await client.get("/kpi/live")).status_code == 403
    async with analytics.client(None) as client:
        assert (await client.get("/kpi/live")).status_code == 401
