"""A fortnight in which everything happens once: what follows from it is worked out by hand in the tests."""

from shared.messaging import Event
from shared.testing import event, example
from tests.analytics.builders import Case, Followup, day, notice

ORG = {"code": "B1", "name": "城东分公司"}


def everything() -> list[Event]:
    return [*_facts(), *_good(), *_bad(), *_cancelled(), *_hotline(), *_notices()]


def _facts() -> list[Event]:
    return [
        event("repair.closed", example("repair.closed") | {"org": ORG}, key="C1", time=day(-1)),
        event("order.completed", example("order.completed") | {"org": {"code": "B2"}}, key="C2", time=day(-1)),
    ]


def _good() -> list[Event]:
    """C1 and C2 are followed up, C2 at the second try and only in part; C3 expires; C1 is due a second time."""
    one, two = Followup("1", "C1"), Followup("2", "C2", branch="B2")
    three, again = Followup("3", "C3"), Followup("4", "C1", at=day(7))
    return [
        one.planned(), one.task("released"), one.attempted(), one.outcome(rating=5, answers={"nps": 9}),
        two.planned(), two.task("released"), two.attempted(False), two.attempted(True, day(0, 15), nth=2),
        two.outcome(rating=3, effective=False, on_time=False, at=day(0, 15)),
        three.planned(), three.task("released"), three.attempted(False), three.failed(), three.task("expired", day(3)),
        again.planned(), again.task("released"), again.attempted(), again.outcome(rating=4, at=day(7)),
    ]  # fmt: skip


def _bad() -> list[Event]:
    """C5 is dissatisfied, rectified in time, and satisfied at last; C6 late, sent back, basically satisfied at the third.

    C6's same matter comes again, and nobody can be reached about it after its rectification.
    """
    five, six = Followup("5", "C5"), Followup("6", "C6")
    first, late, more = Case("5", five), Case("6", six), Case("7", who="C6", at=day(9))
    second, third = first.second("8", day(3)), late.second("9", day(4))
    last = late.second("17", day(8), round=3)
    return [
        five.planned(), five.task("released"), five.attempted(), five.outcome(rating=2), five.outcome("dissatisfied", 2),
        first.told("opened"), first.told("assigned"), first.told("resolved", day(2), in_time=True),
        second.planned(), second.task("released"), second.attempted(at=day(3)), second.outcome(rating=4, at=day(3)),
        first.told("closed", day(3), outcome="satisfied", final_rating=4, in_time=True),
        six.planned(), six.task("released"), six.attempted(), six.outcome(rating=1), six.outcome("dissatisfied", 1),
        late.told("opened"), late.told("resolved", day(3), in_time=False, round=1),
        third.planned(), third.task("released"), third.attempted(at=day(4)),
        third.outcome(rating=2, at=day(4)), third.outcome("dissatisfied", 2, at=day(4)),
        late.told("escalated", day(4), reason="second_dissatisfaction"), late.told("reopened", day(4), round=2),
        late.told("resolved", day(5), in_time=True, round=2),
        last.planned(), last.task("released"), last.attempted(at=day(8)), last.outcome(rating=3, at=day(8)),
        late.told("closed", day(8), outcome="satisfied", final_rating=3, round=2, in_time=False),
        more.told("opened", day(9)), more.told("resolved", day(12), in_time=False),
        more.told("closed", day(13), outcome="unreached", in_time=False),
    ]  # fmt: skip


def _cancelled() -> list[Event]:
    """C7 refused (lawful), C8's was cancelled by hand (unlawful), C9's two were merged and moved; a greeting never counts."""
    refused, dropped, weaker = Followup("10", "C7"), Followup("11", "C8"), Followup("12", "C9")
    kept = Followup("13", "C9")
    moved = {"due_at": day(1).isoformat(), "branch": "B2"}
    greeting = Followup("14", "C9", policy_id="P2")
    return [
        refused.planned(), refused.task("cancelled", reason="customer_refused", lawful=True),
        dropped.planned(), dropped.task("cancelled", reason="客户已来电说明", lawful=False),
        weaker.planned(), weaker.task("cancelled", reason="merged", lawful=True),
        kept.planned(), kept.task("planned", **moved), kept.task("released", day(1), **moved),
        greeting.planned(purpose="greeting"), greeting.task("released", purpose="greeting"),
    ]  # fmt: skip


def _hotline() -> list[Event]:
    reached = Followup("15", "C10", kind="hotline.case_closed", policy_id="H")
    missed = Followup("16", "C11", kind="hotline.case_closed", policy_id="H")
    return [
        reached.planned(), reached.task("released"), reached.attempted(),
        reached.outcome(rating=3, responded=True, resolved=False),
        missed.planned(), missed.task("released"), missed.attempted(False), missed.failed(),
    ]  # fmt: skip


def _notices() -> list[Event]:
    return [
        notice("sent", "1"), notice("delivered", "1", day(1)), notice("sent", "2"), notice("failed", "2", reason="UNKNOWN"),
        notice("opted_out", "3", customer_id="C1"),
    ]  # fmt: skip
