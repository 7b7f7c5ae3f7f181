"""The `steps` of a policy as written in YAML, read into its canonical content.

A step's own keys stand in the place of the policy's, so a step is read as the policy would be with them; kept is what
differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from services.scheduler.domain.conditions.tree import FACTS
from services.scheduler.domain.kept.contact_result import UNREACHED
from services.scheduler.domain.packs import contact
from services.scheduler.domain.packs.contact import Contact
from services.scheduler.domain.packs.durations import BASE, Duration
from services.scheduler.domain.packs.head import Defaults
from services.scheduler.domain.packs.repeats import Repeat
from services.scheduler.domain.policy import Origin
from services.scheduler.domain.steps.chain import FIRST, PER_WEEK, changed
from services.scheduler.domain.when.amounts import DeadlineUnit
from shared.conditions.declared import Tree
from shared.conditions.tree import HISTORY
from shared.contracts.common import Channel
from shared.declared.model import Declared, Filled, read
from shared.declared.section import Section
from shared.declared.values import Say
from shared.declared.words import NONE, Content, Event, Path

LOOKS_BACK = "步骤的条件不能写 history，只能看这一步的结果或等到的事件；往事请写在 trigger.condition"
LONE = Tree(replace(FACTS, without={HISTORY: LOOKS_BACK}))
WHOLE_KEYS = ("steps", "stop", "again", "clauses", "trigger", "rate", BASE, "quota", "ceiling", "valid_from", "enabled")
ELSEWHERE = {key: f"{key} 属于整条策略，步骤里不能写，请移到策略一级" for key in WHOLE_KEYS}
OWN_KEYS = ("stop",)  # which a step may say for itself alone
When = Literal[
    "dissatisfied", "problem", "unreachable", "invalid_number", "opted_out", "capped", "cancelled", "expired"
]
MOST_STEPS, MOST_FALLBACKS = 20, 8
MOST_CONTACTS = 400  # of one run, all channels and repetitions of all its steps
WITHIN = Duration(get_args(DeadlineUnit), wording="最多等多久，如 {days: 90}")
BEFORE = ("delay", "target", "deadline")  # may lie before the date that they count from
Values = dict[str, Any]


class Heed(Declared):
    """Events that a run listens for: its own, never all."""

    SAY: ClassVar[str] = "要听的事件，如 {events: [order.cancelled]}"
    events: Filled[Event] = Field(description="事件名", examples=[["weather.rained"]])
    condition: Annotated[Content | None, LONE] = Field(None, description="只在事件满足此条件时")
    same: Annotated[Path, Say("两边须相同的数据字段，如 area 或 project_no")] | None = Field(
        None, description="事件与流程须相同的字段", examples=["area"]
    )

    def content(self) -> Content:
        return {"events": self.events, "condition": self.condition, "same": self.same or ""}


class Unless(Heed):
    SAY: ClassVar[str] = "不应发生的事件，如 {events: [order.completed], within: {days: 3}}"
    within: Annotated[Content | None, WITHIN] = Field(description="多久之内没有发生才联系")

    def content(self) -> Content:
        return super().content() | {"within": self.within, "unless": True}


class Reading(Declared):
    SAY: ClassVar[str] = "要增加的读数，如 {field: km, rises: 5000}"
    field: Path = Field(description="事件里读数的字段；事实里同名的字段是起点", examples=["km"])
    rises: Annotated[float, Field(gt=0), Say("大于 0 的数，如 5000")] = Field(
        description="增加多少才联系；下一次从那时的读数再算", examples=[5000]
    )

    def content(self) -> Content:
        return {"reading": self.field, "rises": self.rises}


class Wait(Heed):
    SAY: ClassVar[str] = "等待的事件，如 {events: [weather.rained], same: area, within: {days: 90}}"
    within: Annotated[Content | None, WITHIN] = Field(description="最多等多久")
    anyway: bool = Field(False, description="等不到时也联系")
    reading: Reading | None = Field(None, description="事件里的读数增加了这么多才联系")

    def content(self) -> Content:
        content = super().content() | {"within": self.within} | ({"anyway": True} if self.anyway else {})
        return content | ({"reading": self.reading.content()} if self.reading else {})


class Fallback(Declared):
    """Another channel; what is said once for the step holds for it too, but not how long it is waited."""

    SAY: ClassVar[str] = "另一个渠道，如 {channel: sms, when: [unreachable]}"
    ELSEWHERE: ClassVar[Mapping[str, str]] = ELSEWHERE
    ALSO: ClassVar[frozenset[str]] = contact.KEYS
    channel: Channel = Field(description="渠道")
    when: Filled[When] | None = Field(None, description="哪些结果之后换此渠道", examples=[["unreachable"]])


class Step(Declared):
    SAY: ClassVar[str] = "一个步骤，如 {id: again, from: took_place, delay: {days: 2}}"
    ELSEWHERE: ClassVar[Mapping[str, str]] = {key: say for key, say in ELSEWHERE.items() if key not in OWN_KEYS}
    ALSO: ClassVar[frozenset[str]] = contact.KEYS
    id: Annotated[
        str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,30}$"), Say("小写字母、数字、下划线和连字符组成的步骤编号")
    ] = Field(description="步骤编号，策略内唯一")
    origin: Origin | None = Field(None, alias="from", description="从事实、上一步的计划时间或上一步办成时算起")
    condition: Annotated[Content | None, LONE] = Field(
        None, alias="if", description="上一步的结果须满足的条件：result、reason、rating、score、answers.<题号> 等"
    )
    wait: Wait | None = Field(None, description="等到事件发生才联系")
    unless: Unless | None = Field(None, description="到时没有发生这些事件才联系")
    repeat: Repeat | None = Field(None, description="重复")
    stop: Heed | None = Field(None, description="只终止这一步（连同它的重复和换渠道）的事件，流程继续")
    fallback: Annotated[list[Fallback], Say(most=MOST_FALLBACKS)] = Field([], description="联系不上时换渠道，依次尝试")

    def require(self, place: Section) -> None:
        if self.wait and self.unless:
            place.problem("unless", "wait 与 unless 只写一种：发生了才联系，或没有发生才联系")
        if (self.wait or self.unless) and self.origin == "planned":
            place.problem("from", "有 wait 的步骤从等到的事件算起；要上一步办成之后才开始等，请写 from: took_place")
        if self.repeat and self.unless:
            place.problem("repeat", "unless 的步骤只联系一次，请删去 repeat，或写成 wait 并加 anyway: true")
        if self.repeat and place.has("wait") and self.repeat.every:
            say = "有 wait 的步骤每次都再等一次事件，不能写 every，只写 times"
            self.repeat.place.problem("every", say)
        elif (
            self.repeat
            and not place.has("wait")
            and not (self.repeat.place.has("every") or self.repeat.place.has(PER_WEEK))
        ):
            self.repeat.place.problem("every", "缺少此项，应写相隔多久，如 {days: 3}")
        if self.repeat and place.has("wait") and self.repeat.per_week:
            self.repeat.place.problem(PER_WEEK, "有 wait 的步骤每次都再等一次事件，不能写 per_week，只写 times")
        if self.repeat and place.has("wait") and self.repeat.origin == FIRST:
            self.repeat.place.problem("from", "有 wait 的步骤每次从等到的事件算起，不能写 from: first；请删去")

    def require_first(self) -> None:
        """Note what the first step of a policy can't say."""
        if self.origin not in (None, "event") or (self.condition and self.origin is None):
            self.place.problem("from", "第一步没有上一步，只能从事件（event）算起，请删去 from")
        if self.condition:
            self.place.problem("if", "第一步没有上一步的结果可看；触发的条件请写在 trigger.condition")

    @property
    def contacts(self) -> int:
        """How many contacts it comes to at most."""
        return (self.repeat.count if self.repeat else 1) * (1 + len(self.fallback))


def steps_content(policy: Section, base: Content, steps: list[Step], pack: Defaults) -> list[Content]:
    """The canonical content of the steps of a policy; `base` is what its contacts are where they say nothing themselves."""
    _require(policy, steps)
    inherited = {key: value for key, value in policy.values.items() if key in (*contact.KEYS, BASE)}
    return [_step(step, _Ways(base, pack), inherited) for step in steps]


def _require(policy: Section, steps: list[Step]) -> None:
    if steps:
        steps[0].require_first()
    for step in steps[:-1]:
        if step.repeat and step.repeat.one_by_one:
            step.repeat.place.problem("", "没有次数的重复（until、endless）须是最后一步，其后的步骤不会到")
    for number, step in enumerate(steps):
        if step.id and any(step.id == before.id for before in steps[:number]):
            step.place.problem("id", f"步骤编号 {step.id} 写了两次，每一步须有自己的编号")
    if (contacts := sum(step.contacts for step in steps)) > MOST_CONTACTS:
        say = f"一次流程最多 {MOST_CONTACTS} 次联系，各步的次数、渠道合计有 {contacts} 次；请减少 times"
        policy.problem("steps", say)


@dataclass(frozen=True)
class _Ways:
    """Reads what a step or channel says of its contact: kept is what changes the policy's `base` content."""

    base: Content
    pack: Defaults

    def how(self, place: Section, inherited: Values, given: Values) -> Content:
        """What the keys `given` at the place change in the policy's content."""
        values = {key: value for key, value in (inherited | given).items() if value != NONE}
        part = Section(place.file, values, [], place.at, lines=place.lines)
        content = read(Contact, part).content(self.pack)
        mine = [one for one in part.problems if any(_is_at(one.key, place.path(key)) for key in given)]
        place.problems += [one for one in mine if one not in place.problems]
        changed = {key: value for key, value in content.items() if value != self.base.get(key)}
        gone = sorted(self.base.keys() - content.keys())
        return changed | ({"without": gone} if gone else {})


def _step(step: Step, ways: _Ways, inherited: Values) -> Content:
    given = _own(step)
    tried = {key: value for key, value in (inherited | given).items() if key not in ("delay", "target")}
    usual = "took_place" if step.place.has("if") else "event"
    _require_different(step, str((inherited | given).get("channel", "phone")))
    content: Content = {
        "id": step.id,
        "from": step.origin or usual,
        "if": step.condition,
        "wait": awaited.content() if (awaited := step.wait or step.unless) else None,
        "repeat": step.repeat.content() if step.repeat else None,
        "how": ways.how(step.place, inherited, given),
        "fallback": [_fallback(one, ways, tried) for one in step.fallback],
    }
    content |= {"stop": step.stop.content()} if step.stop else {}
    _require_later(step, ways.base, content)
    _require_ends(step, ways.base, content)
    _require_no_target(step, ways.base, content)
    return content


def _require_ends(step: Step, base: Content, content: Content) -> None:
    """Note rounds without an end that count from their first date: of one learnt late, all past rounds would come at once."""
    anchored = content["from"] == "event" and (content["repeat"] or {}).get("from") == FIRST
    if anchored and changed(base, content["how"])["deadline"] is None:
        say = "缺少此项：从第一次的日期算起的重复须写时限，如 {days: 7}，否则晚知道时已过的各次会一起补上"
        step.place.problem("deadline", say)


def _require_no_target(step: Step, base: Content, content: Content) -> None:
    """Note a target of contacts that are spread over a week, which have their days already."""
    if PER_WEEK in (content["repeat"] or {}) and changed(base, content["how"]).get("target"):
        step.place.problem(
            "target", "每周几次（per_week）的各次已有自己的日子，不能写 target；请删去，或写 target: none"
        )


def _require_later(step: Step, base: Content, content: Content) -> None:
    """Note what is to lie before a date although it counts from something that comes later."""
    later = content["wait"] or content["repeat"] or content["from"] != "event"
    hows = [content["how"]] if later else []
    for how in (*hows, *(one["how"] for one in content["fallback"])):
        whole = changed(base, how)
        if early := [key for key in BEFORE if (whole.get(key) or {"amount": 0})["amount"] < 0]:
            say = "只有从 base 的日期算起才可为负数；重复、其他渠道和接着别的事的联系请各写自己的（正数或 none）"
            step.place.problem(early[0], say)
            return


def _fallback(fallback: Fallback, ways: _Ways, inherited: Values) -> Content:
    how = ways.how(fallback.place, inherited, _own(fallback))
    return {"when": fallback.when or [*UNREACHED], "how": how | {"channel": fallback.channel}}


def _own(step: Step | Fallback) -> Values:
    return {key: value for key, value in step.place.values.items() if key in contact.KEYS}


def _is_at(key: str, path: str) -> bool:
    return key == path or key.startswith((f"{path}.", f"{path}["))


def _require_different(step: Step, channel: str) -> None:
    """Every channel is tried once, so that a step's contacts can be told apart."""
    seen = [channel]
    for fallback in step.fallback:
        if fallback.channel in seen and fallback.place.has("channel"):
            fallback.place.problem("channel", f"渠道 {fallback.channel} 已经用过，请换一个渠道或删去")
        seen.append(fallback.channel)
