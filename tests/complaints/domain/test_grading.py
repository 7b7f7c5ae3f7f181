import pytest

from services.complaints.domain.grading import GradeRule, Signs, grade_of


@pytest.mark.parametrize(
    ("signs", "grade"),
    [
        (Signs(text="厨房闻到燃气味，怀疑漏气", rating=2), "major"),
        (Signs(text="再不处理就找媒体曝光"), "major"),
        (Signs(urgency="critical", appeal_kind="求助"), "major"),
        (Signs(rating=1, solved=False), "major"),
        (Signs(rating=1, solved=True), "general"),
        (Signs(rating=1), "general"),
        (Signs(rating=2, solved=False), "general"),
        (Signs(appeal_kind="投诉", urgency="urgent"), "general"),
        (Signs(appeal_kind="建议"), "opinion"),
        (Signs(rating=3, text="希望提前打电话"), "opinion"),
        (Signs(), "general"),
    ],
)
def test_the_table_grades_what_is_known(signs: Signs, grade: str) -> None:
    assert grade_of(signs) == grade


def test_the_first_rule_that_fits_decides() -> None:
    rules = (GradeRule("opinion", keywords=("漏气",)), GradeRule("major", keywords=("漏气",)))
    assert grade_of(Signs(text="漏气"), rules) == "opinion"


def test_a_rule_needs_all_its_conditions() -> None:
    rules = (GradeRule("major", keywords=("燃气",), rating_at_most=2),)
    assert grade_of(Signs(text="燃气", rating=2), rules) == "major"
    assert grade_of(Signs(text="燃气", rating=3), rules) == "general"
    assert grade_of(Signs(text="燃气"), rules) == "general"
