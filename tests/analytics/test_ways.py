"""Contact and satisfaction by the way of the contact: phone, at the door, by message."""

from services.analytics.domain.cells import Tally
from services.analytics.domain.kpis import Options, definitions, evaluate
from services.analytics.domain.observations import observe
from shared.messaging import Event
from tests.analytics.builders import Followup, sums_of, told

ON_SITE, SMS = {"channel": "on_site"}, {"channel": "sms", "agent": ""}


def made(*events: Event) -> dict[str, tuple[float, float | None]]:
    """(numerator, denominator) of the KPIs by way, and of the two that they are parts of."""
    sums = {key.measure: n for key, n in observe(told(*events)).figures.items() if isinstance(key, Tally)}
    known = definitions(Options())
    wanted = [id_ for id_ in known if id_.startswith(("contact_phone", "contact_on", "first_satisfaction_"))]
    return {id_: (evaluate(known[id_], sums).numerator, evaluate(known[id_], sums).denominator) for id_ in wanted}


def test_each_way_has_its_own_rates() -> None:
    """Two calls, one answered by somebody content; two visits, both met, one content; three answers by message, one content."""
    events = [Followup("1").attempted(), Followup("1").outcome(rating=5), Followup("2").attempted(connected=False)]
    for n, rating in (("3", 4), ("4", 2)):
        events += [Followup(n).attempted(**ON_SITE), Followup(n).outcome(rating=rating, **ON_SITE)]
    events += [Followup(n).outcome(rating=rating, **SMS) for n, rating in (("5", 5), ("6", 1), ("7", 3))]
    assert made(*events) == {
        "contact_phone": (1, 2),
        "contact_on_site": (2, 2),
        "first_satisfaction_phone": (1, 1),
        "first_satisfaction_on_site": (1, 2),
        "first_satisfaction_message": (1, 3),
    }


def test_the_ways_together_are_all_first_ratings() -> None:
    sums = sums_of(*(Followup(str(n)).outcome(rating=n, **way) for n, way in enumerate((ON_SITE, SMS, {}), 3)))
    assert sorted(name for name in sums if ".first." in name) == [
        "message.first.satisfied", "on_site.first.basically", "phone.first.very_satisfied",
    ]  # fmt: skip
    assert sums["csat.rated"] == 3


def test_second_ratings_and_contacts_without_a_rating_are_in_none() -> None:
    sums = sums_of(Followup("1", round=2).outcome(rating=5), Followup("2").outcome(rating=None))
    assert not [name for name in sums if ".first." in name]


def test_a_correction_moves_a_rating_within_its_way() -> None:
    one = Followup("1")
    first = one.outcome(rating=5, **ON_SITE)
    assert made(first, one.corrected(first, rating=2, **ON_SITE))["first_satisfaction_on_site"] == (0, 1)
