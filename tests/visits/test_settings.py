"""What operators can set."""

from datetime import time, timedelta

import pytest
from pydantic import ValidationError

from services.visits.settings import VisitsSettings


def test_the_first_work_rules_are_what_the_settings_say() -> None:
    rules = VisitsSettings(
        visit_contact_hours="10:30-11:30,15:00-17:30",
        visit_on_days_off=False,
        visit_most_attempts=5,
        visit_grace_days=0.5,
    ).work_rules
    assert rules.hours.frames == ((time(10, 30), time(11, 30)), (time(15), time(17, 30)))
    assert (rules.hours.on_days_off, rules.most_attempts, rules.grace) == (False, 5, timedelta(hours=12))


def test_contact_hours_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValidationError, match="contact hours"):
        VisitsSettings(visit_contact_hours="12:00-09:00")
