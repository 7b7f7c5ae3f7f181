"""How serious a complaint is (R06, R13.1): a table of rules, the first that fits decides."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.complaints import Grade


@dataclass(frozen=True)
class Signs:
    """What is known when a case is opened. `text` is all that was said; `rating` is 1 (worst) to 5."""

    text: str = ""
    rating: int | None = None
    solved: bool | None = None
    urgency: str = ""
    appeal_kind: str = ""


@dataclass(frozen=True)
class GradeRule:
    """Fits when every condition given here holds."""

    grade: Grade
    keywords: tuple[str, ...] = ()
    rating_at_most: int | None = None
    rating_at_least: int | None = None
    unsolved: bool = False
    urgencies: tuple[str, ...] = ()
    appeal_kinds: tuple[str, ...] = ()

    def fits(self, signs: Signs) -> bool:
        return all(
            (
                not self.keywords or any(word in signs.text for word in self.keywords),
                self.rating_at_most is None or (signs.rating is not None and signs.rating <= self.rating_at_most),
                self.rating_at_least is None or (signs.rating is not None and signs.rating >= self.rating_at_least),
                not self.unsolved or signs.solved is False,
                not self.urgencies or signs.urgency in self.urgencies,
                not self.appeal_kinds or signs.appeal_kind in self.appeal_kinds,
            )
        )


DANGER = ("漏气", "泄漏", "燃气味", "爆炸", "起火", "火灾", "中毒", "受伤", "伤亡", "晕倒")
EXPOSURE = ("媒体", "曝光", "记者", "起诉", "律师", "信访", "索贿", "吃拿卡要")

DEFAULT_GRADING: tuple[GradeRule, ...] = (
    GradeRule("major", keywords=DANGER),
    GradeRule("major", keywords=EXPOSURE),
    GradeRule("major", urgencies=("critical",)),
    GradeRule("major", rating_at_most=1, unsolved=True),
    GradeRule("opinion", appeal_kinds=("建议", "咨询", "表扬")),
    GradeRule("opinion", rating_at_least=3),
)


def grade_of(signs: Signs, rules: Sequence[GradeRule] = DEFAULT_GRADING) -> Grade:
    """The grade of the first rule that fits; general when none does."""
    return next((rule.grade for rule in rules if rule.fits(signs)), "general")
