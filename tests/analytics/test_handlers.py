"""Events to figures on a real database: worked by hand, and the same in any order, doubled, or by several processes."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.analytics import queries
from services.analytics.domain.kpis import Options, definitions
from services.analytics.domain.selection import Selection
from shared.contracts import all_contracts
from shared.contracts.registry import by_name
from shared.messaging import Event
from shared.testing import Served, event, example
from tests.analytics.builders import Case, Followup, day
from tests.analytics.world import everything

ALL = Selection(day(-30).date(), day(60).date())
EMPTY = (
    "inbox",
    "followup_fact",
    "rating_fact",
    "case_fact",
    "send_fact",
    "branch_name",
    "rollup",
    "head_count",
    "agent_day",
)
SNAPSHOTS = (
    "SELECT day, branch, kind, policy, measure, amount FROM rollup WHERE amount <> 0",
    "SELECT day, branch, kind, policy, measure, customer FROM head_count WHERE amount > 0",
    "SELECT day, branch, team, agent, measure, amount FROM agent_day WHERE amount <> 0",
    "SELECT code, name, '', '', '', '' FROM branch_name",
)


async def snapshot(served: Served) -> list[tuple[object, ...]]:
    async with served.runtime.db.read() as session:
        found = [await session.execute(text(query)) for query in SNAPSHOTS]
    return sorted(tuple(map(str, row)) for rows in found for row in rows)


async def clear(served: Served) -> None:
    async with served.runtime.db.work() as work:
        await work.session.execute(text(f"TRUNCATE {', '.join(EMPTY)}"))


async def kpis(served: Served, wanted: Selection = ALL) -> dict[str, tuple[float, float | None]]:
    """(numerator, denominator) of every KPI."""
    async with served.runtime.db.read() as session:
        rows = await queries.kpi_rows(session, wanted, list(definitions(Options()).values()))
    return {row.kpi.id: (row.figure.numerator, row.figure.denominator) for row in rows}


async def test_everything_that_happened_gives_these_figures(analytics):
    await analytics.deliver(*everything())
    assert await analytics.dead_letters() == []
    assert await kpis(analytics) == {
        "due": (13, None),  # 1-6, 8, 9, 11, 13, 15-17
        "coverage": (4, 9),  # C1 C5 C6 C10 of C1 C2 C3 C5 C6 C8 C9 C10 C11
        "completion": (8, 13),  # 1 4 5 6 8 9 15 17
        "contact": (9, 12),
        "contact_customers": (5, 7),  # all but C3 and C11
        "effective": (8, 9),
        "on_time": (8, 9),
        "callbacks_kept": (0, 0),
        "self_answered": (0, 0),
        "satisfaction": (3, 6),  # 1, 4, and 5 whose second rating is final; not 2, 6, 15
        "first_satisfaction": (2, 6),
        "second_satisfaction": (1, 3),
        "csat": (2, 6),
        "nps": (1, 1),
        "contact_phone": (9, 12),
        "contact_on_site": (0, 0),
        "first_satisfaction_phone": (2, 6),
        "first_satisfaction_on_site": (0, 0),
        "first_satisfaction_message": (0, 0),
        "resolution": (2.5, 3),  # 5 and 6 solved, 7 rectified and unreached
        "feedback_timeliness": (1, 3),
        "closed_loop": (1, 2),
        "rework": (1, 3),
        "repeat_complaints": (1, 3),
        "cases_excluded": (0, None),
        "hotline_response": (1, 1),
        "hotline_resolution": (0, 1),
        "hotline_satisfaction": (1, 1),
        "hotline_combined": (pytest.approx(2 / 3), 1),
        "hotline_unreached": (1, None),
        "notices_delivered": (1, 2),
        "opt_outs": (1, None),
    }


async def test_the_funnel_counts_every_stage_and_every_reason(analytics):
    await analytics.deliver(*everything())
    async with analytics.runtime.db.read() as session:
        found = await queries.funnel(session, ALL)
    assert found.facts_by_kind == {"order.completed": 1, "repair.closed": 1}
    assert dict(found.stages) == {
        "facts": 2,
        "followups.planned": 15,
        "followups.released": 12,
        "attempts": 12,
        "connected": 9,
        "visits.completed": 9,
        "visits.effective": 8,
        "visits.dissatisfied": 2,
        "visits.problem": 0,
        "cases.opened": 3,
        "cases.resolved": 4,
        "followups.second": 3,
        "cases.closed": 3,
        "cases.excluded": 0,
        "notices.accepted": 2,
        "notices.delivered": 1,
    }
    assert {(c.reason, c.lawful): c.count for c in found.cancelled} == {
        ("customer_refused", True): 1,
        ("merged", True): 1,
        ("by_hand", False): 1,
    }


async def test_a_merged_task_counts_once_where_and_when_it_was_moved_to(analytics):
    await analytics.deliver(*everything())
    tuesday = Selection(day(1).date(), day(1).date(), branches=("B2",))
    assert (await kpis(analytics, tuesday))["due"] == (1, None)


async def test_a_late_second_rating_corrects_the_day_of_the_first(analytics):
    first = Followup("1")
    case = Case("1", first)
    monday = Selection(day(0).date(), day(0).date())
    await analytics.deliver(
        first.planned(), first.outcome(rating=1), first.outcome("dissatisfied", 1), case.told("opened")
    )
    assert (await kpis(analytics, monday))["satisfaction"] == (0, 1)
    second = case.second("2", day(20))
    await analytics.deliver(case.told("resolved", day(1), in_time=True), second.planned(), second.outcome(at=day(20)))
    figures = await kpis(analytics, monday)
    assert (figures["satisfaction"], figures["first_satisfaction"], figures["closed_loop"]) == ((1, 1), (0, 1), (1, 1))


async def test_a_customer_due_on_many_days_is_one_customer(analytics):
    tasks = [Followup(str(n), "C1", at=day(n), branch=f"B{n % 2}") for n in range(5)]
    await analytics.deliver(*(task.planned() for task in tasks), tasks[3].outcome(at=day(3)))
    assert (await kpis(analytics))["coverage"] == (1, 1)
    assert (await kpis(analytics))["completion"] == (1, 5)


async def test_a_case_by_hand_brings_its_second_rating_into_satisfaction(analytics):
    case = Case("1")
    second = case.second("2", day(3))
    await analytics.deliver(second.planned(), second.outcome(rating=4, at=day(3)), case.told("opened"))
    assert (await kpis(analytics))["satisfaction"] == (1, 1)


async def test_the_same_matter_after_ninety_days_is_no_repetition(analytics):
    wanted = Selection(day(-200).date(), day(60).date())
    early, late = Case("1", at=day(-91)), Case("2", at=day(0))
    await analytics.deliver(late.told("opened"), early.told("opened"))
    assert (await kpis(analytics, wanted))["repeat_complaints"] == (0, 2)
    await analytics.deliver(Case("3", at=day(-45)).told("opened"))
    assert (await kpis(analytics, wanted))["repeat_complaints"] == (2, 3)


async def test_a_visit_heard_of_before_its_task_is_counted_once_the_task_is_known(analytics):
    early = Followup("1")
    await analytics.deliver(early.outcome())
    assert (await kpis(analytics))["due"] == (0, None)
    await analytics.deliver(early.planned())
    assert (await kpis(analytics))["completion"] == (1, 1)


async def test_every_declared_event_is_understood(analytics):
    await analytics.deliver(*(event(contract.name) for contract in all_contracts()))
    assert await analytics.dead_letters() == []


async def test_an_event_that_breaks_its_contract_goes_to_the_dead_letters_and_its_neighbours_count(analytics):
    good = Followup("1")
    await analytics.deliver(good.planned(), event("visit.completed", {"visit_id": "x"}), good.outcome())
    assert len(await analytics.dead_letters()) == 1
    assert (await kpis(analytics))["completion"] == (1, 1)


async def test_replaying_everything_changes_no_figure(analytics):
    events = everything()
    await analytics.deliver(*events)
    before = await snapshot(analytics)
    await analytics.deliver(*events)
    assert await snapshot(analytics) == before


async def test_several_processes_taking_topics_at_once_give_the_same_figures(analytics):
    events = everything()
    await analytics.deliver(*events)
    expected = await snapshot(analytics)
    await clear(analytics)
    by_topic: dict[str, list[Event]] = {}
    for item in events:
        by_topic.setdefault(by_name(item.name).topic, []).append(item)
    await asyncio.gather(*(analytics.deliver(*mine) for mine in by_topic.values()))
    assert await snapshot(analytics) == expected


@st.composite
def deliveries(draw: st.DrawFn, amount: int) -> Sequence[Sequence[int]]:
    """Indexes of events in any order, some doubled, cut into batches."""
    order = draw(st.permutations(range(amount)))
    doubled = draw(st.lists(st.integers(0, amount - 1), max_size=20))
    line = [*order, *doubled]
    cuts = sorted(draw(st.sets(st.integers(1, len(line) - 1), max_size=4)))
    return [line[i:j] for i, j in zip([0, *cuts], [*cuts, len(line)], strict=True)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_order_and_doubling_of_the_same_events_gives_the_same_figures(analytics, data):
    events = everything()
    batches = data.draw(deliveries(len(events)))
    await clear(analytics)
    await analytics.deliver(*events)
    expected = await snapshot(analytics)
    await clear(analytics)
    for batch in batches:
        await analytics.deliver(*(events[index] for index in batch))
    assert await snapshot(analytics) == expected


async def test_the_same_id_and_number_from_two_sources_are_two_facts_and_two_withdrawals(analytics):
    data = example("order.completed", order_no="SO7")
    sources = ("/erp", "/crm")
    facts = [event("order.completed", data, id="e1", source=source, time=day(0)) for source in sources]
    gone = [
        event(
            "fact.withdrawn",
            example("fact.withdrawn", event_id="e1", event_source=source, event_type="order.completed", number="SO7"),
            id="e1/withdrawn",
            source=source,
            time=day(1),
        )
        for source in sources
    ]
    await analytics.deliver(*facts, *facts, *gone, *gone)
    async with analytics.runtime.db.read() as session:
        found = await session.execute(
            text("SELECT day, kind, measure, sum(amount) FROM rollup GROUP BY 1, 2, 3 ORDER BY 1")
        )
    assert [tuple(row) for row in found] == [
        (day(0).date(), "order.completed", "facts", 2),
        (day(1).date(), "order.completed", "facts.withdrawn", 2),
    ]
