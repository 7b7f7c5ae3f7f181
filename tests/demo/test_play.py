"""When the play of a month may end."""

from deploy.demo.play import CHECK_SECONDS, QUIET_CHECKS, events_under_way
from shared.messaging.runner import WATCH_SECONDS

PAGE = """# HELP huifang_consumer_lag_messages Messages not yet consumed
# TYPE huifang_consumer_lag_messages gauge
huifang_consumer_lag_messages{consumer="scheduler",topic="intake-v1"} %d
huifang_consumer_lag_messages{consumer="scheduler",topic="visits-v1"} 2.0
# HELP huifang_outbox_rows Outgoing events not yet published
# TYPE huifang_outbox_rows gauge
huifang_outbox_rows{service="scheduler"} 3.0
# HELP huifang_decisions_total Decisions
# TYPE huifang_decisions_total counter
huifang_decisions_total{outcome="planned"} 99.0
"""


def test_facts_that_nobody_has_decided_on_are_work_under_way() -> None:
    assert events_under_way(PAGE % 40) == 45
    assert events_under_way(PAGE % 0) == 5
    assert events_under_way("") == 0


def test_the_play_is_quiet_for_longer_than_services_take_to_measure_how_far_behind_they_are() -> None:
    assert QUIET_CHECKS * CHECK_SECONDS > WATCH_SECONDS
