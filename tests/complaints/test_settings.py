import json
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from services.complaints.domain.grading import Signs, grade_of
from services.complaints.domain.limits import GradeLimits, Span
from services.complaints.settings import ComplaintsSettings
from tests.complaints.builders import MONDAY, RULES


def test_the_regulations_rule_when_nothing_is_set() -> None:
    assert ComplaintsSettings().rules == RULES


@pytest.mark.parametrize(
    "span",
    [
        {"hours": 1e300},
        {"days": 10**7},
        {"working_days": 10**6},
        {"working_hours": 1e9},
        {"hours": "nan"},
        {"days": -9},
    ],
)
def test_a_limit_that_would_fail_every_case_is_refused(span: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ComplaintsSettings(complaints_limits={"major": {"rectify": span}})  # type: ignore[dict-item]
    with pytest.raises(ValidationError):
        ComplaintsSettings(complaints_escalate_every=span)  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        ComplaintsSettings(complaints_repeat_days=10**12)


def test_limits_grading_and_escalation_are_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIFANG_COMPLAINTS_LIMITS", json.dumps({"major": {"rectify": {"hours": 1}}}))
    monkeypatch.setenv("HUIFANG_COMPLAINTS_GRADING", json.dumps([{"grade": "major", "keywords": ["停气"]}]))
    monkeypatch.setenv("HUIFANG_COMPLAINTS_ESCALATE_EVERY", json.dumps({"working_hours": 2}))
    rules = ComplaintsSettings().rules
    assert rules.limits.at_opening("major", MONDAY).by == datetime.fromisoformat("2026-03-02T11:00+08:00")
    assert rules.limits.grades["general"] == GradeLimits(rectify=Span(working_days=3))
    assert grade_of(Signs(text="小区停气"), rules.grading) == "major"
    assert grade_of(Signs(text="漏气"), rules.grading) == "general"
    assert rules.escalate_every == Span(working_hours=2)
