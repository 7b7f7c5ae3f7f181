"""A contact about several matters, one of them bad: its case settles the rating of that one and of no other."""

from itertools import permutations
from typing import Any

from services.analytics import queries
from services.analytics.domain.kpis import Options, definitions
from services.analytics.domain.selection import Dimension, Selection
from shared.messaging import Event
from shared.testing import Served
from tests.analytics.builders import MONDAY, WORDS, Case, Followup, day
from tests.analytics.test_handlers import clear, snapshot

KINDS = {"e1": "repair.closed", "e2": "meter.read"}
MATTERS = [
    {"event_id": name, "event_source": "/s", "event_type": kind, "at": MONDAY.isoformat()}
    for name, kind in KINDS.items()
]


def results(**ratings: int) -> list[dict[str, Any]]:
    return [
        {"event_id": name, "event_source": "/s", "effective": True, "rating": rating, "satisfaction": WORDS[rating]}
        for name, rating in ratings.items()
    ]


def told(bad: str) -> list[Event]:
    """A visit about both matters, of which one is `bad`; its case is rectified in time, and the customer content at last."""
    said = {"matters": MATTERS, "results": results(**{name: 2 if name == bad else 5 for name in KINDS})}
    first = Followup("1")
    case = Case("1", first, matters=[matter for matter in MATTERS if matter["event_id"] == bad], kind=KINDS[bad])
    second = case.second("2", day(3), kind=KINDS[bad])
    return [
        first.outcome(rating=2, **said), first.outcome("dissatisfied", 2, **said),
        case.told("opened"), case.told("resolved", day(2), in_time=True), second.outcome(rating=4, at=day(3)),
        case.told("closed", day(3), outcome="satisfied", final_rating=4, in_time=True),
    ]  # fmt: skip


async def rates(served: Served, kpi: str) -> dict[str, tuple[float, float | None]]:
    """(numerator, denominator) by kind."""
    wanted = Selection(day(-1).date(), day(9).date(), by=(Dimension.KIND,))
    async with served.runtime.db.read() as session:
        rows = await queries.kpi_rows(session, wanted, [definitions(Options())[kpi]])
    return {row.group[0]: (row.figure.numerator, row.figure.denominator) for row in rows}


async def test_the_second_rating_is_that_of_the_matter_which_the_case_is_about(analytics: Served) -> None:
    for bad, fine in (("e1", "e2"), ("e2", "e1")):
        await clear(analytics)
        await analytics.deliver(*told(bad))
        assert await rates(analytics, "first_satisfaction") == {KINDS[fine]: (1, 1), KINDS[bad]: (0, 1)}, bad
        assert await rates(analytics, "satisfaction") == {KINDS[fine]: (1, 1), KINDS[bad]: (1, 1)}, bad


async def test_a_matter_that_was_bad_without_a_case_keeps_its_rating(analytics: Served) -> None:
    await analytics.deliver(*told("e2")[:2])
    assert await rates(analytics, "satisfaction") == {"repair.closed": (1, 1), "meter.read": (0, 1)}


async def test_the_contact_is_one_dissatisfaction_whose_loop_is_closed_once(analytics: Served) -> None:
    await analytics.deliver(*told("e2"))
    assert sum(part for part, _ in (await rates(analytics, "closed_loop")).values()) == 1
    assert sum(whole or 0 for _, whole in (await rates(analytics, "closed_loop")).values()) == 1


async def test_whatever_is_told_first_the_figures_are_the_same(analytics: Served) -> None:
    events = told("e2")
    await analytics.deliver(*events)
    expected = await snapshot(analytics)
    for order in list(permutations(events))[::45]:
        await clear(analytics)
        for one in order:
            await analytics.deliver(one)
        assert await snapshot(analytics) == expected, [one.name for one in order]


async def test_a_correction_of_one_matter_leaves_the_other_and_the_case_alone(analytics: Served) -> None:
    events = told("e2")
    first = Followup("1")
    better = first.corrected(events[0], rating=2, matters=MATTERS, results=results(e1=4, e2=2))
    await analytics.deliver(*events, better)
    assert await rates(analytics, "satisfaction") == {"repair.closed": (1, 1), "meter.read": (1, 1)}
    assert sum(part for part, _ in (await rates(analytics, "closed_loop")).values()) == 1
