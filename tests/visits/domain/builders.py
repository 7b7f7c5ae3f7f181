"""Visits, questionnaires and moments for the tests of the rules."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.visits.domain.attempts import Report
from services.visits.domain.definition import read_definition
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.results import RESULTS
from services.visits.domain.task_events import open_visit
from services.visits.domain.visit import State, Visit
from shared.contracts.common import CustomerCard, Matter
from shared.contracts.tasks import FollowupReleased
from shared.ids import new_id

NOW = datetime.fromisoformat("2026-03-02T10:00:00+08:00")  # a Monday
AGENT = "1001"


def at(text: str) -> datetime:
    """A local moment such as `2026-03-02T10:00`."""
    return datetime.fromisoformat(f"{text}:00+08:00")


def task(**changes: Any) -> FollowupReleased:
    values: dict[str, Any] = {
        "task_id": "T1",
        "policy_id": "P1",
        "policy_version": 3,
        "customer": CustomerCard(id="C1", name="张三", phone="sealed:v1:x", phone_masked="138****8000"),
        "matters": [Matter(event_id="E1", event_type="repair.closed", at=NOW, subject="WX1", title="热水器维修")],
        "kind": "repair.closed",
        "branch": "B1",
        "team": "hotline",
        "questionnaire": "short",
        "due_at": NOW,
        "deadline_at": NOW + timedelta(days=2),
        "released_at": NOW,
    }
    return FollowupReleased(**(values | changes))


def open_one(**changes: Any) -> Visit:
    return open_visit(task(**changes), "L1")


def held(visit: Visit | None = None, agent: str = AGENT) -> Visit:
    """What the claim statement makes of an open visit."""
    visit = visit or open_one()
    assert visit.state is State.OPEN
    return replace(
        visit, state=State.CLAIMED, agent=agent, lease_until=NOW + timedelta(minutes=15), version=visit.version + 1
    )


def report(result: str, **values: Any) -> Report:
    return Report(id=UUID(int=new_id().int), code=RESULTS[result], **values)


def question(question_id: str, kind: str = "yes_no", **more: Any) -> dict[str, Any]:
    return {"id": question_id, "kind": kind, "title": f"题{question_id}", "ask": f"{question_id}？"} | more


def choice(question_id: str, *values: str, kind: str = "single", **more: Any) -> dict[str, Any]:
    return question(question_id, kind, options=[{"value": value, "label": f"选{value}"} for value in values], **more)


def questionnaire(*questions: dict[str, Any]) -> Questionnaire:
    raw = {"id": "short", "title": "短问卷", "opening": "您好", "closing": "再见", "questions": list(questions)}
    return replace(read_definition(raw), version=1)


SHORT = questionnaire(
    question("fixed", required=True, role="resolved", problem=["no", "unclear"]),
    choice(
        "satisfaction", "very_satisfied", "satisfied", "basically", "dissatisfied", "very_dissatisfied", "no_comment",
        required=True, role="satisfaction",
    ),
    choice(
        "reasons", "late", "rude", kind="multiple", required=True, role="reason",
        when={"field": "satisfaction", "op": "in", "value": ["dissatisfied", "very_dissatisfied"]},
    ),
    question("words", "text", role="remark"),
)  # fmt: skip
GOOD = {"fixed": "yes", "satisfaction": "satisfied"}
BAD = {"fixed": "no", "satisfaction": "dissatisfied", "reasons": ["late"]}
