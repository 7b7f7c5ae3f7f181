"""The work rules as people write and read them: a document, of which each field says in Chinese what it is.

What its fields may be together says `work_rules_check`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from services.visits.domain.hours import ContactHours, read_frames
from services.visits.domain.results import GROUPS, Ending, ResultCode, Wait
from services.visits.domain.work_rules import WorkRules
from shared.contracts.visits import AttemptResult
from shared.hours import frames_text

UNIT_NAMES: Mapping[str, str] = {"days": "天", "hours": "小时", "minutes": "分钟", "seconds": "秒"}
UNITS = tuple(UNIT_NAMES)
LONGEST_AMOUNT = 400_000_000  # seconds, a dozen years
FRAMES = "应为 09:00-12:00,14:00-20:00 这样的时段，先后排列，不重叠"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def amount_in_words(amount: Mapping[str, int]) -> str:
    """`{minutes: 30}` as 30 分钟."""
    return " ".join(f"{number} {UNIT_NAMES[unit]}" for unit, number in amount.items())


class Duration(Part):
    """时长，写一种单位，如 {minutes: 30}。"""

    days: int | None = Field(default=None, ge=0, le=LONGEST_AMOUNT, description="天")
    hours: int | None = Field(default=None, ge=0, le=LONGEST_AMOUNT, description="小时")
    minutes: int | None = Field(default=None, ge=0, le=LONGEST_AMOUNT, description="分钟")
    seconds: int | None = Field(default=None, ge=0, le=LONGEST_AMOUNT, description="秒")

    @model_validator(mode="after")
    def check_one(self) -> "Duration":
        if len(self.model_fields_set) != 1 or None in self.model_dump(exclude_unset=True).values():
            raise ValueError("写一种单位的时长，如 {minutes: 30}、{hours: 2} 或 {days: 1}")
        return self

    @property
    def amount(self) -> timedelta:
        return timedelta(**self.model_dump(exclude_unset=True))

    @property
    def words(self) -> str:
        """Such as 30 分钟."""
        return amount_in_words(self.model_dump(exclude_unset=True))

    @classmethod
    def of(cls, amount: timedelta) -> "Duration":
        """In the largest unit that says it in whole numbers."""
        unit = next(unit for unit in UNITS if not amount % timedelta(**{unit: 1}) or unit == UNITS[-1])
        return cls(**{unit: amount // timedelta(**{unit: 1})})


def _between(least: timedelta, most: timedelta) -> AfterValidator:
    def check(given: Duration) -> Duration:
        if not least <= given.amount <= most:
            raise ValueError(f"应在 {Duration.of(least).words} 与 {Duration.of(most).words} 之间")
        return given

    return AfterValidator(check)


def _frames(text: str) -> str:
    try:
        frames = read_frames(text)
    except ValueError as error:
        raise ValueError(FRAMES) from error
    return frames_text(frames)


NONE, SECOND, DAY = timedelta(), timedelta(seconds=1), timedelta(days=1)
UpToADay = Annotated[Duration, _between(NONE, DAY)]
Frames = Annotated[str, Field(max_length=200), AfterValidator(_frames)]
# told apart by its form, so that a wrong one is told once
Retry = Annotated[
    Annotated[Duration, Tag("duration")] | Annotated[Literal["next_working_day"], Tag("word")],
    Discriminator(lambda given: "word" if isinstance(given, str) else "duration"),
]
Code = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_]*$")]
Title = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")]


class Callback(Part):
    """预约回呼。"""

    lead: UpToADay = Field(description="提前多久排到队列最前")
    kept_within: UpToADay = Field(description="约定时间之后多久之内拨打算守约")
    expiry: UpToADay = Field(description="约定时间之后多久没有拨打，本人的预约转给他人")
    takes: UpToADay = Field(description="同一坐席的两个预约至少相隔多久，更近时提醒")


class SelfAnswer(Part):
    """自助作答。"""

    after: list[Code] = Field(max_length=50, description="哪些未接通的结果之后给客户发编号；空为不发")
    code_lives: Annotated[Duration, _between(SECOND, timedelta(days=90))] = Field(description="编号的有效时间")


class Result(Part):
    """一个呼叫结果代码。"""

    code: Code = Field(description="代码：平台的，或自定的")
    title: Title = Field(description="坐席看到的名称")
    means: AttemptResult | None = Field(default=None, description="自定代码相当于平台的哪个代码，指标与事件按它计")
    group: Title | None = Field(default=None, description="在小结中归入哪一组，如 接通、未接通")
    shortcut: Annotated[str, Field(pattern=r"^[A-Z]?$")] = Field(default="", description="快捷键，一个大写字母")
    ending: Ending | None = Field(default=None, description="单据如何结束；不写则按 retry 再次联系")
    retry: Retry | None = Field(default=None, description="多久之后再次联系：时长，或 next_working_day 下一工作日")
    retry_hours: Frames | None = Field(
        default=None,
        description="再次联系安排在哪些时段，须在可以拨打的时段之内；不写则不限，到最后期限前排不上时也不限",
    )
    most: int = Field(default=3, ge=1, le=20, description="该结果最多出现几次，到了即按未联系上办结")
    needs_note: bool = Field(default=False, description="是否必须填写备注")
    needs_answers: bool = Field(default=False, description="是否必须已有答案")
    retired: bool = Field(default=False, description="停用：不能再选，以往的记录照常显示和统计")

    @property
    def meaning(self) -> str:
        return self.means or self.code

    def to_code(self) -> ResultCode:
        wait: Wait = self.retry.amount if isinstance(self.retry, Duration) else self.retry or NONE
        read = ResultCode(
            self.code, self.title, self.shortcut, self.meaning, self.ending, wait, self.most,  # type: ignore[arg-type]
            self.needs_note, self.needs_answers, retired=self.retired, group=self.group or "",
            frames=read_frames(self.retry_hours) if self.retry_hours else (),
        )  # fmt: skip
        return read if self.group else ResultCode(**_with(read, group=GROUPS[read.connected]))

    @classmethod
    def of(cls, code: ResultCode) -> "Result":
        plain: dict[str, Any] = {name: getattr(code, name) for name in _PLAIN}
        if not code.ending and code.means != "callback_agreed":
            plain["retry"] = Duration.of(code.wait) if isinstance(code.wait, timedelta) else code.wait
        if code.frames:
            plain["retry_hours"] = frames_text(code.frames)
        return cls(title=code.label, means=code.means if code.own else None, **plain)


_PLAIN = ("code", "group", "shortcut", "ending", "most", "needs_note", "needs_answers", "retired")


def _with(code: ResultCode, **values: Any) -> dict[str, Any]:
    return {name: getattr(code, name) for name in ResultCode.__dataclass_fields__} | values


class RulesDocument(Part):
    """作业规则。"""

    contact_hours: Frames = Field(description="每天可以拨打的时段；策略另有规定的单按策略")
    on_days_off: bool = Field(description="周末与节假日是否也拨打")
    most_attempts: int = Field(ge=1, le=1000, description="一张单最多联系几次，预约的回呼不计；到了即按未联系上办结")
    grace: Annotated[Duration, _between(NONE, timedelta(days=3660))] = Field(description="时限过后多久仍可办理")
    most_held: int = Field(ge=1, le=100, description="坐席同时最多持有几张，本人没有另设时")
    callback: Callback = Field(description="预约回呼")
    self_answer: SelfAnswer = Field(description="自助作答")
    correct_within: Annotated[Duration, _between(NONE, timedelta(days=3660))] = Field(
        description="办结后多久之内坐席可以更正自己的记录"
    )
    results: list[Result] = Field(min_length=1, max_length=100, description="呼叫结果代码，按小结中的顺序")

    def to_rules(self) -> WorkRules:
        return WorkRules(
            hours=ContactHours(read_frames(self.contact_hours), self.on_days_off),
            most_attempts=self.most_attempts,
            grace=self.grace.amount,
            callback_lead=self.callback.lead.amount,
            callback_kept_within=self.callback.kept_within.amount,
            callback_expiry=self.callback.expiry.amount,
            callback_takes=self.callback.takes.amount,
            most_held=self.most_held,
            invite_after=frozenset(self.self_answer.after),
            code_lives=self.self_answer.code_lives.amount,
            correct_within=self.correct_within.amount,
            results={result.code: result.to_code() for result in self.results},
        )

    @classmethod
    def of(cls, rules: WorkRules) -> "RulesDocument":
        return cls(
            contact_hours=frames_text(rules.hours.frames),
            on_days_off=rules.hours.on_days_off,
            most_attempts=rules.most_attempts,
            grace=Duration.of(rules.grace),
            most_held=rules.most_held,
            callback=Callback(
                lead=Duration.of(rules.callback_lead),
                kept_within=Duration.of(rules.callback_kept_within),
                expiry=Duration.of(rules.callback_expiry),
                takes=Duration.of(rules.callback_takes),
            ),
            self_answer=SelfAnswer(after=sorted(rules.invite_after), code_lives=Duration.of(rules.code_lives)),
            correct_within=Duration.of(rules.correct_within),
            results=[Result.of(code) for code in rules.results.values()],
        )

    @property
    def plain(self) -> dict[str, Any]:
        """As it is kept and shown: without what is not said."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def flat(self) -> dict[str, Any]:
        """Each value by its dotted path, result codes by their code, and their order as `results`."""
        plain = self.plain
        order = [result["code"] for result in plain["results"]]
        by_code = {result.pop("code"): result for result in plain["results"]}
        return {**_flat(plain | {"results": by_code}), "results": order}


def _flat(tree: dict[str, Any], at: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        is_part = isinstance(value, dict) and not value.keys() <= set(UNITS)
        found |= _flat(value, f"{at}{name}.") if is_part else {f"{at}{name}": value}
    return found
