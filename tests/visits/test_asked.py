"""What a customer fills in by themselves counts for the questions that they were shown."""

from dataclasses import replace

from services.visits.domain.several import asked_of
from services.visits.pages.asked import FIELD, OF, SHOWN, filled
from shared.privacy import Sealer
from shared.testing.served import DATA_KEY
from tests.visits.domain.test_several import FIRST, KNOWN, SECOND, visit

SEALER = Sealer.from_text(DATA_KEY)


def test_a_page_about_matters_of_which_one_was_taken_away_meanwhile_is_shown_anew() -> None:
    before = visit(FIRST, SECOND, answers={})
    asked = asked_of(before, KNOWN)
    assert asked is not None
    ids = [question.id for question in asked.questions]
    answers = {"who": "yes", "fixed": "yes", "rate": "good", "rate~2": "late", "why": "太晚"}
    form = {SHOWN: ids, **{FIELD + id_: [value] for id_, value in answers.items()}}
    shown = filled(before, asked, {}, SEALER)
    assert filled(before, asked, form | {OF: [shown.of]}, SEALER).answers == answers
    assert filled(before, asked, form, SEALER).whole  # a page of before this was sent along

    after = replace(before, matters=(SECOND,))
    left = asked_of(after, KNOWN)
    assert left is not None
    anew = filled(after, left, form | {OF: [shown.of]}, SEALER)
    assert (dict(anew.answers), dict(anew.errors), anew.whole) == ({}, {}, False)
    assert [field.id for field in anew.fields] == ["who", "rate", "why"]
    assert anew.of != shown.of
