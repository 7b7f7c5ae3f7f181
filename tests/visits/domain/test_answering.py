"""What answers are worth."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.visits.domain.answering import assess, missing, require_complete, validated, visible
from services.visits.domain.contact_result import is_dissatisfied
from services.visits.domain.errors import AnswersMissing, InvalidAnswers
from tests.visits.domain.builders import BAD, GOOD, SHORT, choice, question, questionnaire


def test_questions_show_up_as_answers_make_them_visible() -> None:
    assert [asked.id for asked in visible(SHORT, {})] == ["fixed", "satisfaction", "words"]
    assert [asked.id for asked in visible(SHORT, BAD)] == ["fixed", "satisfaction", "reasons", "words"]


def test_an_answer_to_a_hidden_question_hides_what_depends_on_it() -> None:
    chain = questionnaire(
        question("a"),
        question("b", when={"field": "a", "op": "eq", "value": "yes"}),
        question("c", when={"field": "b", "op": "eq", "value": "yes"}),
    )
    assert [asked.id for asked in visible(chain, {"a": "no", "b": "yes"})] == ["a"]


@pytest.mark.parametrize(
    ("given_answer", "kept"),
    [(True, "yes"), (False, "no"), ("yes", "yes"), ("unclear", "unclear"), (None, None), ("", None)],
)
def test_answers_are_brought_to_their_plain_form(given_answer: Any, kept: Any) -> None:
    assert validated(SHORT, {"fixed": given_answer}).get("fixed") == kept


KINDS = questionnaire(
    question("yn"),
    choice("one", "a", "b"),
    choice("many", "a", "b", kind="multiple"),
    question("stars", "rating"),
    question("words", "text"),
    question("amount", "number", min=0, max=10),
)


@pytest.mark.parametrize(
    ("question_id", "answer", "message"),
    [
        ("yn", "maybe", "「题yn」答案不在选项内"),
        ("yn", 1, "「题yn」答案不在选项内"),
        ("one", "c", "「题one」答案不在选项内"),
        ("one", ["a"], "「题one」答案不在选项内"),
        ("many", "a", "「题many」应为选项的列表"),
        ("many", ["a", "c"], "「题many」答案不在选项内"),
        ("many", ["a", "a"], "「题many」选项重复"),
        ("many", [{}], "「题many」应为选项的列表"),
        ("stars", 0, "「题stars」不能小于 1"),
        ("stars", 6, "「题stars」不能大于 5"),
        ("stars", 2.5, "「题stars」应为整数"),
        ("stars", True, "「题stars」应为数字"),
        ("stars", float("inf"), "「题stars」应为数字"),
        ("words", 3, "「题words」应为不超过 2000 字的文字"),
        ("words", "长" * 2001, "「题words」应为不超过 2000 字的文字"),
        ("amount", 11, "「题amount」不能大于 10"),
        ("nobody", "x", "「nobody」问卷里没有这道题"),
    ],
)
def test_a_wrong_answer_names_its_question(question_id: str, answer: Any, message: str) -> None:
    with pytest.raises(InvalidAnswers) as refused:
        validated(KINDS, {question_id: answer})
    assert refused.value.detail == message
    assert refused.value.extra["errors"][0]["question"] == question_id


def test_every_missing_required_question_is_named() -> None:
    with pytest.raises(AnswersMissing) as refused:
        require_complete(SHORT, {"satisfaction": "dissatisfied"})
    assert [error["question"] for error in refused.value.extra["errors"]] == ["fixed", "reasons"]
    require_complete(SHORT, GOOD)


def test_a_hidden_required_question_is_not_missing() -> None:
    assert missing(visible(SHORT, GOOD), GOOD) == []
    assert [lacking.id for lacking in missing(visible(SHORT, {}), {})] == ["fixed", "satisfaction"]


@pytest.mark.parametrize(
    ("word", "rating", "dissatisfied"),
    [
        ("very_satisfied", 5, False),
        ("satisfied", 4, False),
        ("basically", 3, False),
        ("dissatisfied", 2, True),
        ("very_dissatisfied", 1, True),
        ("no_comment", None, False),
    ],
)
def test_satisfaction_gives_the_rating(word: str, rating: int | None, dissatisfied: bool) -> None:
    found = assess(SHORT, GOOD | {"satisfaction": word})
    assert (found.satisfaction, found.rating, is_dissatisfied({"rating": found.rating})) == (word, rating, dissatisfied)


@pytest.mark.parametrize(("most", "answer", "rating"), [(5, 2, 2), (10, 1, 1), (10, 4, 2), (10, 5, 3), (10, 10, 5)])
def test_a_rating_question_is_scaled_to_five(most: int, answer: int, rating: int) -> None:
    stars = questionnaire(question("stars", "rating", max=most, role="satisfaction"))
    assert assess(stars, {"stars": answer}).rating == rating


def test_roles_say_what_the_answers_mean() -> None:
    found = assess(SHORT, BAD | {"words": "等了一天"})
    assert (found.resolved, found.responded) == (False, None)
    assert found.reasons == ("选late",)
    assert found.remark == "等了一天"
    assert found.problems == ("题fixed",)
    assert found.complete


@pytest.mark.parametrize(("answer", "problem"), [("yes", False), ("no", True), ("unclear", True)])
def test_an_answer_that_is_not_a_clear_yes_makes_a_problem_case(answer: str, problem: bool) -> None:
    assert bool(assess(SHORT, GOOD | {"fixed": answer}).problems) is problem


def test_an_unclear_answer_is_neither_resolved_nor_unresolved() -> None:
    assert assess(SHORT, GOOD | {"fixed": "unclear"}).resolved is None


def test_scores_of_options_and_ratings_add_up() -> None:
    scored = questionnaire(
        question("a", "single", options=[{"value": "x", "label": "X", "score": 20}, {"value": "y", "label": "Y"}]),
        question("b", "rating"),
    )
    assert assess(scored, {"a": "x", "b": 4}).score == 24
    assert assess(scored, {"a": "y"}).score is None


def test_answers_to_hidden_questions_count_for_nothing() -> None:
    found = assess(SHORT, GOOD | {"reasons": ["rude"]})
    assert found.reasons == ()
    assert "reasons" not in found.answers


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "fixed": st.sampled_from(["yes", "no", "unclear"]),
            "satisfaction": st.sampled_from(["satisfied", "basically", "dissatisfied", "no_comment"]),
            "reasons": st.lists(st.sampled_from(["late", "rude"]), min_size=1, unique=True),
            "words": st.text(min_size=1, max_size=20).filter(str.strip),
        },
    )
)
def test_assessing_what_was_kept_again_changes_nothing(answers: dict[str, Any]) -> None:
    found = assess(SHORT, validated(SHORT, answers))
    again = assess(SHORT, found.answers)
    assert again == found
    assert found.complete is (not missing(visible(SHORT, found.answers), found.answers))


@pytest.mark.parametrize(
    ("answer", "resolution", "resolved"), [("yes", "yes", True), ("partly", "partly", None), ("no", "no", False)]
)
def test_partly_solved_is_an_answer_of_its_own(answer: str, resolution: str, resolved: bool | None) -> None:
    asked = questionnaire(choice("solved", "yes", "partly", "no", role="resolved"))
    told = assess(asked, {"solved": answer})
    assert (told.resolution, told.resolved) == (resolution, resolved)
