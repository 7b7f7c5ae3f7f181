"""The figures of a trial run."""

from datetime import timedelta
from typing import Any

import pytest

from services.scheduler.domain.simulation.trial import lead_of
from tests.scheduler.builders import policies


@pytest.mark.parametrize(
    ("policy", "days"),
    [
        ({"rate": {"number": 5, "of": "week"}}, 31),
        ({"rate": {"exact": 20, "of": "quarter"}}, 92),
        ({"rate": {"number": 500, "of": "year"}}, 366),
        ({"quota": {"limit": 5, "per": "quarter"}}, 92),
    ],
)
def test_a_trial_takes_in_what_its_draws_and_quotas_count(policy: dict[str, Any], days: int) -> None:
    assert lead_of(policies(policy)) == timedelta(days=days)
