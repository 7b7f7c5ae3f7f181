"""Cases and visits for tests of complaints."""

from datetime import datetime, timedelta
from typing import Any

from services.complaints.domain import handling
from services.complaints.domain.case import Case
from services.complaints.domain.opening import Opening, from_visit, open_case
from services.complaints.domain.rules import Rules
from shared.contracts.visits import VisitCompleted, VisitDissatisfied, VisitFailed, VisitProblemFound, VisitResult
from shared.testing import example

MONDAY = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
RULES = Rules()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def dissatisfied(visit_id: str = "V1", **changes: Any) -> VisitDissatisfied:
    return VisitDissatisfied.model_validate(example("visit.dissatisfied", visit_id=visit_id, **changes))


def problem(visit_id: str = "V1", **changes: Any) -> VisitProblemFound:
    return VisitProblemFound.model_validate(
        example("visit.dissatisfied", visit_id=visit_id, **changes) | {"problems": ["保险责任不清楚"]}
    )


def completed(visit_id: str = "V1", **changes: Any) -> VisitCompleted:
    return VisitCompleted.model_validate(example("visit.dissatisfied", visit_id=visit_id, **changes))


def content(visit_id: str, case: Case, rating: int = 5) -> VisitCompleted:
    return completed(visit_id, **second(case, rating=rating, satisfaction="satisfied", resolved=True))


def failed(visit_id: str, case: Case) -> VisitFailed:
    data = example("visit.dissatisfied") | second(case) | {"reason": "unreachable", "failed_at": MONDAY.isoformat()}
    return VisitFailed.model_validate(data | {"visit_id": visit_id})


def second(case: Case, **changes: Any) -> dict[str, Any]:
    """What a second follow-up of `case` has in its events."""
    return {"round": case.round + 1, "case_id": str(case.id), **changes}


def opening(visit: VisitResult | None = None) -> Opening:
    return from_visit(visit or dissatisfied(), (), "L1")


def opened(visit: VisitResult | None = None, rules: Rules = RULES, now: datetime = MONDAY) -> Case:
    return open_case(opening(visit), "TS20260302-000001", 0, rules, now).case


def assigned(rules: Rules = RULES, now: datetime = MONDAY) -> Case:
    return handling.assign(opened(rules=rules, now=now), "CD", "", rules, "boss", now).case


def resolved(rules: Rules = RULES, now: datetime = MONDAY) -> Case:
    return handling.resolve(assigned(rules, now), "已复修", "boss", now).case
