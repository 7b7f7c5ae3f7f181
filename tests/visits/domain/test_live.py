"""Whose page a change of visits concerns."""

import pytest

from services.visits.domain.live import NOTICES, QUEUE, Looker, concerns

HERS = ("B1", "hotline", "1001", "", "")
ANYBODY = Looker("1009", (), ())


@pytest.mark.parametrize(
    ("who", "parts"),
    [
        (ANYBODY, {QUEUE}),
        (Looker("1009", ["hotline"], []), {QUEUE}),
        (Looker("1009", ["backoffice"], []), set()),
        (Looker("1009", [], ["B1"]), {QUEUE}),
        (Looker("1009", [], ["hotline"]), {QUEUE}),  # a team is seen as a unit is
        (Looker("1009", [], ["B2"]), set()),
        (Looker("1009", ["hotline"], ["B2"]), set()),
        (Looker("1001", ["backoffice"], ["B2"]), {QUEUE}),  # what is in her hands
    ],
)
def test_a_queue_is_of_those_who_might_claim_what_changed(who: Looker, parts: set[str]) -> None:
    assert concerns(who, [HERS]) == parts


def test_who_held_a_visit_before_is_told_of_it_and_who_will_call_back_sees_it_in_the_queue() -> None:
    change = [("B1", "hotline", "1001", "", "1001"), ("B1", "hotline", "", "1002", "")]
    assert concerns(Looker("1001", ["backoffice"], []), change) == {QUEUE, NOTICES}
    assert concerns(Looker("1002", ["backoffice"], []), change) == {QUEUE}
    assert concerns(Looker("1003", ["backoffice"], []), change) == set()
