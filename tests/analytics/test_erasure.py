"""After an erasure timelines say what happened and when, in no word of the customer, and every figure is what it was."""

from typing import Any

import pytest
from sqlalchemy import text

from services.analytics.domain.cases import CaseFact
from services.analytics.domain.followups import FollowupFact
from services.analytics.domain.observations import Occurrence, observe, revised
from services.analytics.domain.ratings import RatingFact
from services.analytics.domain.sends import SendFact
from shared.contracts.registry import all_contracts
from shared.erasure import scrubbed
from shared.erasure.job import erase_due
from shared.testing import Served, event, example
from shared.testing.events import NOON
from tests.analytics.test_timeline import sentences, story, told
from tests.architecture.test_personal_data import everything_in

FIGURES = ("rollup", "head_count", "agent_day", "followup_fact", "rating_fact", "case_fact", "send_fact")
WORDS = ("换了阀门还是打不着火", "还是打不着火", "没有修好")


async def test_words_go_and_figures_stay(analytics: Served) -> None:
    others = told("visit.dissatisfied", 5, "C2", "L2", branch="B1", remark="一直打不通")
    await analytics.deliver(*story(), others)
    before = await everything_in(analytics)
    assert all(word in before["timeline_entry"] for word in WORDS)
    asked = {"customer_id": "C1", "asked_at": "2026-03-09T10:00:00+08:00", "asked_by": "zhao.min"}
    await analytics.deliver(event("customer.erased", asked, key="C1"))
    assert await erase_due(analytics.runtime) == 1
    after = await everything_in(analytics)
    assert not [table for table, rows in after.items() for word in WORDS if word in rows]
    assert "一直打不通" in after["timeline_entry"]
    assert {table: sorted(after[table].splitlines()) for table in FIGURES} == {
        table: sorted(before[table].splitlines()) for table in FIGURES
    }
    lines = await sentences(analytics, customer_id="C1")
    assert "客户不满意" in lines
    assert "投诉 TS-9 结案：二次回访满意，二次评分 4" in lines


async def test_who_was_not_asked_about_is_left_alone(analytics: Served) -> None:
    await analytics.deliver(*story())
    async with analytics.runtime.db.read() as session:
        before = (await session.execute(text("SELECT details FROM timeline_entry ORDER BY event_key"))).scalars().all()
    asked = {"customer_id": "C9", "asked_at": "2026-03-09T10:00:00+08:00", "asked_by": "zhao.min"}
    await analytics.deliver(event("customer.erased", asked, key="C9"))
    assert await erase_due(analytics.runtime) == 1
    async with analytics.runtime.db.read() as session:
        after = (await session.execute(text("SELECT details FROM timeline_entry ORDER BY event_key"))).scalars().all()
    assert after == before


@pytest.mark.parametrize("name", [contract.name for contract in all_contracts()])
def test_what_is_left_of_an_event_counts_as_the_event_did(name: str) -> None:
    told = example(name) | ({"answers": {"nps": 9}} if name.startswith("visit.") else {})
    assert counted(name, scrubbed(name, told)) == counted(name, told)


def counted(name: str, data: dict[str, Any]) -> list[Any]:
    """The figures of an event, and the facts that it alone makes."""
    seen = observe([Occurrence("e1", name, NOON, data, False)])
    kinds = ((FollowupFact, seen.followups), (RatingFact, seen.ratings), (CaseFact, seen.cases), (SendFact, seen.sends))
    facts = [revised(kind(id_), changes[id_]) for kind, changes in kinds for id_ in changes]
    return [seen.figures, facts, seen.matters, seen.branch_names]
