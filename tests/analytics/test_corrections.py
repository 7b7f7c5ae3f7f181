"""A corrected record counts as if it had been so from the beginning, whatever arrives first."""

from itertools import permutations

import pytest

from shared.messaging import Event
from shared.testing import Served
from tests.analytics.builders import Case, Followup, day
from tests.analytics.test_handlers import clear, kpis, snapshot

GOOD, BAD, FINE = 5, 2, 4


def first(rating: int | None, **more: object) -> tuple[Followup, list[Event]]:
    """A follow-up that was planned, released and made."""
    one = Followup("1")
    told = [one.planned(), one.task("released"), one.attempted(), one.outcome(rating=rating, **more)]
    if rating is not None and rating <= BAD:
        told.append(one.outcome("dissatisfied", rating, **more))
    return one, told


async def figures_of(analytics: Served, *told: Event) -> list[tuple[object, ...]]:
    await clear(analytics)
    await analytics.deliver(*told)
    return await snapshot(analytics)


@pytest.mark.parametrize(("was", "becomes"), [(GOOD, BAD), (BAD, GOOD), (GOOD, FINE), (GOOD, None), (None, BAD)])
async def test_a_corrected_rating_counts_as_if_it_had_been_given_so(
    analytics: Served, was: int | None, becomes: int | None
) -> None:
    _, right = first(becomes)
    expected = await figures_of(analytics, *right)
    one, told = first(was)
    told.append(one.corrected(told[3], rating=becomes))
    if becomes == BAD:
        told.append(one.outcome("dissatisfied", BAD, correction=1))
    assert await figures_of(analytics, *told) == expected


async def test_a_record_that_is_partial_after_all_is_no_effective_follow_up(analytics: Served) -> None:
    _, right = first(None, effective=False)
    expected = await figures_of(analytics, *right)
    one, told = first(GOOD)
    assert await figures_of(analytics, *told, one.corrected(told[3], rating=None, effective=False)) == expected


async def test_problems_come_and_go_with_corrections(analytics: Served) -> None:
    one, told = first(GOOD)
    found = one.corrected(told[3], rating=GOOD, problems=["漏气"])
    gone = one.corrected(found, 2, rating=GOOD)
    expected = await figures_of(analytics, *told)
    assert await figures_of(
        analytics, *told, found, one.outcome("problem_found", correction=1, problems=["漏气"]), gone
    ) == (expected)


async def test_several_corrections_in_any_order_leave_the_last(analytics: Served) -> None:
    one, told = first(GOOD)
    bad = one.corrected(told[3], 1, rating=BAD)
    fine = one.corrected(bad, 2, rating=FINE)
    _, right = first(FINE)
    expected = await figures_of(analytics, *right)
    beside = one.outcome("dissatisfied", BAD, correction=1)
    for order in permutations((told[3], bad, beside, fine)):
        assert await figures_of(analytics, *told[:3], *order) == expected


async def test_a_corrected_second_rating_is_the_final_one(analytics: Served) -> None:
    one, told = first(BAD)
    case = Case("1", one)
    second = case.second("2", day(3))
    asked = second.outcome(rating=GOOD)
    told += [case.told("opened"), second.planned(), second.task("released"), asked]
    await analytics.deliver(*told)
    assert (await kpis(analytics))["satisfaction"] == (1, 1)
    await analytics.deliver(second.corrected(asked, rating=BAD))
    assert (await kpis(analytics))["satisfaction"] == (0, 1)
    assert (await kpis(analytics))["second_satisfaction"] == (0, 1)


async def test_a_visit_that_had_not_failed_counts_as_if_it_never_had(analytics: Served) -> None:
    _, right = first(GOOD, reopened=1)
    expected = await figures_of(analytics, *right)
    one = Followup("1")
    wrong = one.attempted(connected=False, result="wrong_number", talk_seconds=0)
    lost = one.failed("invalid_number")
    said = {name: wrong.data[name] for name in ("result", "connected", "talk_seconds", "wrap_up_seconds")}
    now = one.attempted().data
    told = [
        one.planned(), one.task("released"), wrong, lost,
        one._visit("attempt_corrected", now | {"before": said, "correction": 1}, day(1)),
        one._visit("reopened", {"reason": "invalid_number", "failed_at": lost.data["failed_at"]}, day(1)),
        one.outcome(rating=GOOD, reopened=1),
    ]  # fmt: skip
    assert await figures_of(analytics, *told) == expected
    for order in permutations(told[2:5]):
        assert await figures_of(analytics, *told[:2], *order, *told[5:]) == expected


async def test_a_visit_that_is_opened_again_has_not_failed(analytics: Served) -> None:
    one = Followup("1")
    made = [one.planned(), one.task("released"), one.attempted(connected=False)]
    expected = await figures_of(analytics, *made)
    lost = one.failed()
    again = one._visit("reopened", {"reason": "unreachable", "failed_at": lost.data["failed_at"]}, day(2))
    assert await figures_of(analytics, *made, lost, again) == expected
