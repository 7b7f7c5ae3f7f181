"""Customers who answer by themselves count by their channel, and not among the agents' calls."""

from services.analytics.domain.cells import Tally
from services.analytics.domain.kpis import Options, definitions, evaluate
from services.analytics.domain.observations import observe
from tests.analytics.builders import Followup, day, sums_of, told


def test_answers_by_message_are_counted_apart_from_calls() -> None:
    """Two calls of which one was answered; of three invited customers one answered whole, one in part."""
    called, missed = Followup("1"), Followup("2")
    whole, part, silent = Followup("3"), Followup("4"), Followup("5")
    events = [called.attempted(), called.outcome(), missed.attempted(connected=False)]
    by_message = {"channel": "sms", "agent": ""}
    for one in (whole, part, silent):
        events.append(one._visit("invited", by_message, day(2)))
    events += [whole.outcome(**by_message), part.outcome(effective=False, **by_message)]
    sums = {key.measure: n for key, n in observe(told(*events)).figures.items() if isinstance(key, Tally)}
    figures = {name: evaluate(definitions(Options())[name], sums) for name in ("contact", "effective", "self_answered")}
    assert [(one.numerator, one.denominator) for one in figures.values()] == [(1, 2), (1, 1), (2, 3)]
    assert sums_of(*events)["visits.effective"] == 2


def test_an_agents_visit_by_another_channel_is_the_agents() -> None:
    sums = sums_of(Followup("1").outcome(channel="wechat"), Followup("2").outcome(channel="sms"))
    assert "visits.self_answered" not in sums
