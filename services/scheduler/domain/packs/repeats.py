"""How often a step is repeated, as written in YAML: `repeat`."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from services.scheduler.domain.packs.durations import Duration
from services.scheduler.domain.steps.chain import ENDLESS, FIRST, PER_WEEK, UNTIL
from services.scheduler.domain.when.amounts import DelayUnit
from shared.declared.model import Declared, form_of
from shared.declared.section import Section, as_day
from shared.declared.words import DAY_FORM, PATH_FORM, Content

LONGEST_REPEATED = 3_660  # days from the first contact of a repeated step to the last
EVERY = Duration(get_args(DelayUnit), least=1)
DAYS = {
    "minutes": 1 / 1440,
    "hours": 1 / 24,
    "working_hours": 1 / 4,
    "days": 1,
    "working_days": 1.5,
    "weeks": 7,
    "half_months": 15.5,
    "months": 31,
}
HALF_MONTHS = "half_months"
A_WEEK: Content = {"amount": 1, "unit": "weeks"}
ALIKE = ({"days": 1, "weeks": 7}, {HALF_MONTHS: 1, "months": 2}, {"minutes": 1, "hours": 60})
MOST_REPETITIONS = 100
PATH = form_of(Annotated[str, Field(pattern=f"^{PATH_FORM}$")])
AMOUNTS = ("times", "for", UNTIL, ENDLESS)  # of which one says how often


@dataclass(frozen=True)
class UntilDay:
    """The form of a day, given or told by the fact: `2026-12-31`, `contract_until`."""

    say: str = "一个日期（如 2026-12-31），或事实里一个日期的字段路径（如 contract_until）"
    nothing: None = None

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> Content:
        return {"type": "string", "anyOf": [{"pattern": DAY_FORM}, {"pattern": f"^{PATH_FORM}$"}]}

    def read(self, section: Section, key: str, say: str) -> Content | None:
        value = section.values[key]
        day = as_day(value)
        if day is not None:
            section.read.add(key)
            return {"day": day.isoformat()}
        path = PATH.read(section, key, say)
        return {"field": path} if path else None


class Repeat(Declared):
    SAY: ClassVar[str] = "重复，如 {every: {days: 3}, times: 4}"
    every: Annotated[Content | None, EVERY] = Field(None, description="相隔多久")
    per_week: int | None = Field(
        None,
        ge=2,
        le=7,
        description="每周几次，代替 every，与 for: {weeks: n} 一起写：从第一次的日期起每七天为一周，"
        "各次均匀落在其中可联系的日子，每天至多一次",
        examples=[3],
    )
    times: int | None = Field(None, ge=2, le=MOST_REPETITIONS, description="共几次", examples=[4])
    lasts: Annotated[Content | None, EVERY] = Field(None, alias="for", description="从第一次起持续多久，代替 times")
    until: Annotated[Content | None, UntilDay()] = Field(
        None,
        description="到哪一天为止，代替 times：这一天之后不再开始新的一次；各次依次计划",
        examples=["contract_until"],
    )
    endless: bool = Field(False, description="没有次数，直到 stop，代替 times；各次依次计划")
    origin: Literal["last", "first"] = Field(
        "last", alias="from", description="每次从上一次（last）或从第一次的日期（first）算起"
    )

    def require(self, place: Section) -> None:
        if place.has(PER_WEEK):
            self._require_weeks(place)
            return
        self._require_amount(place)
        if self.every and self.every["unit"] == HALF_MONTHS and self.origin != FIRST:
            place.problem("every", "每半个月须从第一次的日期算起，请加 from: first")
        if self.one_by_one and self.every and DAYS[self.every["unit"]] < 1:
            place.problem("every", "没有次数的重复，至少相隔一天")
        if self.every and self.every["amount"] * DAYS[self.every["unit"]] * (self.count - 1) > LONGEST_REPEATED:
            say = f"从第一次到最后一次最长 {LONGEST_REPEATED} 天，请减少次数或缩短 every"
            place.problem("times", say)

    def _require_weeks(self, place: Section) -> None:
        for key in ("every", "times", UNTIL, ENDLESS, "from"):
            if place.has(key):
                place.problem(
                    key, "与 per_week 不能同时写；per_week 只与 for 一起写，如 {per_week: 3, for: {weeks: 4}}"
                )
        if not self.lasts or self.lasts["unit"] != "weeks":
            place.problem("for", "每周几次要写持续几周，如 {per_week: 3, for: {weeks: 4}}")
        elif self.per_week and self.per_week * self.lasts["amount"] > MOST_REPETITIONS:
            place.problem("for", f"共 {self.per_week * self.lasts['amount']} 次，最多 {MOST_REPETITIONS} 次")

    def _require_amount(self, place: Section) -> None:
        said = [key for key in AMOUNTS if place.has(key)]
        if len(said) > 1:
            say = "times、for、until、endless 只写其一：一共几次，从第一次起持续多久，到哪一天为止，或没有次数"
            place.problem(said[1], say)
        elif place.has("for") and self._rounds is None:
            place.problem("for", "与 every 的单位应能换算，如 {every: {days: 7}, for: {days: 28}}")
        elif self._rounds is not None and not 2 <= self._rounds <= MOST_REPETITIONS:
            place.problem("for", f"按 every 算是 {self._rounds} 次，应为 2 到 {MOST_REPETITIONS} 次")
        elif not said:
            place.problem("times", f"缺少此项，应写2 到 {MOST_REPETITIONS} 的整数")

    @property
    def _rounds(self) -> int | None:
        """How many begin less than `lasts` after the first; None when that can't be told."""
        if self.per_week and self.lasts:
            return self.per_week * int(self.lasts["amount"])
        if not self.every or not self.lasts:
            return None
        units = (self.every["unit"], self.lasts["unit"])
        whole = next((kind for kind in ALIKE if kind.keys() >= {*units}), None)
        if whole is None and units[0] != units[1]:
            return None
        each, total = ((whole or {}).get(one["unit"], 1) * one["amount"] for one in (self.every, self.lasts))
        return -int(-total // each)

    @property
    def one_by_one(self) -> bool:
        """Whether nobody can say how many there will be, so that each is planned after the one before."""
        return self.endless or self.until is not None

    @property
    def count(self) -> int:
        """How many contacts in all; of one without an end, how many are planned at once."""
        if self.one_by_one:
            return 1
        return min(max(self.times or self._rounds or 2, 2), MOST_REPETITIONS)

    def content(self) -> Content:
        """A repetition that counts from the last contact says nothing of it."""
        if self.per_week:
            return {"every": A_WEEK, "times": self.count, "from": FIRST, PER_WEEK: self.per_week}
        first = {"from": FIRST} if self.origin == FIRST else {}
        if self.one_by_one:
            until = {UNTIL: self.until} if self.until else {}
            return {"every": self.every, ENDLESS: True, **until, **first}
        return {"every": self.every, "times": self.count, **first}
