"""A pack's `tests/*.yaml`, read into scenarios."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field, WithJsonSchema

from services.scheduler.domain.occasion import occasion_id
from services.scheduler.domain.packs.document import SUFFIXES, parse
from services.scheduler.domain.packs.limits import MOST_TESTS
from services.scheduler.domain.packs.vocabulary import Vocabulary, unknown_event
from services.scheduler.domain.policy import Purpose
from services.scheduler.domain.simulation.scenario import DrawMode, Expected, Scenario, Step, StepKind, Unexpected
from services.scheduler.domain.task import TaskState
from shared.contracts.common import Channel, Customer
from shared.contracts.registry import by_name, by_type
from shared.declared.model import Declared, Filled, read
from shared.declared.section import Problem, Section, meant, written
from shared.declared.values import Say
from shared.declared.words import NONE, Content, Day, Moment, MomentOrNone
from shared.profile import IN_UPDATES

TESTS = "tests/"
CaseStep = Literal["opened", "resolved", "reopened", "closed"]
ContactResult = Literal["completed", "callback_agreed", "unreachable", "refused", "invalid_number", "expired"]
OptOut = Literal["sms", "email", "phone"]
Reason = Literal[
    "condition",
    "sampled_out",
    "enrolled",
    "reserve",
    "capped",
    "quota_reached",
    "merged",
    "refused",
    "do_not_contact",
    "opted_out",
    "no_customer",
    "no_policy_matches",
    "waiting",
    "skipped",
    "stopped",
    "ignored",
    "wait_expired",
]
KINDS: tuple[StepKind, ...] = get_args(StepKind)
OCCASION_FORM = r"[^/]+/[^/]+/\d{4}-\d{2}-\d{2}"  # policy, customer and day of a contact that time triggered
ONLY_CUSTOMER = "C1"
LONGEST_TEST = timedelta(days=1100)
Id = Annotated[str, Say("编号")]
CustomerId = Annotated[str, Say("客户编号，如 C1")]
PolicyId = Annotated[str, Say("策略编号")]


class CustomerCard(Declared):
    """A customer as facts bring them."""

    ELSEWHERE: ClassVar[Mapping[str, str]] = dict.fromkeys((*IN_UPDATES, "dates"), "由 customer.updated 的 data 写明")
    ALSO: ClassVar[frozenset[str]] = frozenset(Customer.model_fields)
    id: CustomerId


@dataclass(frozen=True)
class Sent:
    """The form of a fact's data: as in JSON, in which facts come."""

    say: str = "事实的数据，如 {result: repaired}"
    nothing: None = None

    def read(self, section: Section, key: str, say: str) -> Mapping[str, Any] | None:
        part = section.as_section(key, section.values[key], say)
        return {**_as_sent(part.values)} if part else None


class Given(Declared):
    """Something that happens."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})
    SAY: ClassVar[str] = "一件发生的事，如 {fact: repair.closed, at: 2026-03-06 15:00}"
    fact: Annotated[str, Say("事件名，如 repair.closed")] | None = Field(None, description="事件名")
    contact: ContactResult | None = Field(None, description="联系的结果")
    correct: ContactResult | None = Field(None, description="前面一次联系的结果有误，更正为此")
    opt_out: OptOut | None = Field(None, description="退订的渠道")
    case: CaseStep | None = Field(None, description="投诉的变化")
    id: Id | None = Field(None, description="编号")
    at: Moment = Field(description="当地时间，精确到分")
    heard: Moment | None = Field(None, description="迟到的事实：平台收到的时间，默认与 at 相同")
    customer: Annotated[CustomerId | CustomerCard | None, WithJsonSchema({"type": ["string", "object"]})] = Field(
        None, description="客户编号或客户资料，默认 C1"
    )
    about: Id | None = Field(None, description="联系的是哪件事；更正的是哪次联系；投诉的编号")
    step: Annotated[str, Say("步骤编号")] | None = Field(None, description="哪一步的联系，有几步同时已下达时写")
    data: Annotated[Content, Sent()] = Field({}, description="事实的数据；联系的评分（rating）、答案（answers）等")

    @property
    def kind(self) -> StepKind:
        return next((kind for kind in KINDS if self.place.has(kind)), "fact")

    def require(self, place: Section) -> None:
        kinds = [kind for kind in KINDS if place.has(kind)]
        if len(kinds) != 1:
            place.problem("", f"应写且只写一种：{'、'.join(KINDS)}")
        for key, kind in (("step", "contact"), ("heard", "fact")):
            if place.has(key) and kinds != [kind]:
                place.problem(key, f"只用于 {kind}，请删去此项")
        if self.at and self.heard and self.heard < self.at:
            place.problem("heard", "是平台收到的时间，不能早于事情发生的时间 at")


class Awaited(Declared):
    """Which decision is looked at: that on a fact, or that on a policy's turn on a `day`."""

    fact: Annotated[str, Say("given 中一件事的编号")] | None = Field(
        None, description="given 中一件事的编号，只有一件时可省"
    )
    day: Annotated[Day, Say("时机到来的日期，如 2026-03-21")] | None = Field(
        None, description="时间触发的：时机到来的日期"
    )
    customer: CustomerId = Field(ONLY_CUSTOMER, description="与 day 合用，客户编号，默认 C1")

    def require(self, place: Section) -> None:
        if place.has("day") and place.has("fact"):
            place.problem("fact", "与 day 只能写一种：fact 为事件触发的，day 为时间触发的")
        elif place.has("customer") and not place.has("day"):
            place.problem("customer", "只与 day 合用，请删去此项")


class Expect(Awaited):
    SAY: ClassVar[str] = "一个应有的任务"
    policy: PolicyId = Field(description="策略编号")
    step: str | None = Field(None, description="步骤编号")
    channel: Channel | None = Field(None, description="渠道")
    team: str | None = Field(None, description="班组")
    questionnaire: str | None = Field(None, description="问卷编号")
    reason: str | None = Field(None, description="状态的原因")
    purpose: Purpose | None = Field(None, description="用途")
    due: Moment | None = Field(None, description="最早联系时间")
    deadline: MomentOrNone | None = Field(None, description="时限")
    warn: MomentOrNone | None = Field(None, description="提醒将到期的时间")
    state: TaskState | None = Field(None, description="状态")
    provisional: bool | None = Field(None, description="是否因放假安排尚未公布而暂定")
    priority: int | None = Field(None, ge=1, le=9, description="优先级")
    round: int | None = Field(None, ge=1, le=9, description="轮次")
    combined: Filled[str] | None = Field(None, description="并入的策略，按顺序", examples=[["r02.1"]])
    matters: Filled[str] | None = Field(None, description="联系要谈的事实，按顺序", examples=[["W1", "W2"]])

    @property
    def values(self) -> dict[str, Any]:
        """What the task must have."""
        keys = [key for key in type(self).model_fields if key not in (*Awaited.model_fields, "policy")]
        said = {key: value for key in keys if (value := getattr(self, key)) is not None}
        return {key: None if value == NONE and key in ("deadline", "warn") else value for key, value in said.items()}


class ExpectNot(Awaited):
    SAY: ClassVar[str] = "一个不应有的任务"
    policy: PolicyId | None = Field(None, description="策略编号；不写则看整个决定")
    reason: Reason = Field(description="为什么没有")


class Test(Declared):
    SAY: ClassVar[str] = "一个测试"
    name: Annotated[str, Say("测试的名称")] = Field(description="测试的名称")
    clause: str | None = Field(None, description="条款编号", examples=["R01.2"])
    draw: DrawMode = Field("real", description="百分比：全部抽中、全不抽中、按真实抽样号")
    policies: Filled[str] | None = Field(
        None, description="策略编号，只核对这些策略的任务，默认全部", examples=[["r01.1"]]
    )
    given: Filled[Given] = Field(description="依次发生的事")
    until: Moment | None = Field(None, description="时间再走到此刻")
    expect: list[Expect] = Field([], description="应有的任务")
    expect_not: list[ExpectNot] = Field([], description="不应有的任务")

    def require(self, place: Section) -> None:
        if not self.expect and not self.expect_not:
            place.problem("expect", "没有写期望：至少写一项 expect 或 expect_not")


class TestsFile(Declared):
    tests: Annotated[list[Test], Say(most=MOST_TESTS)] = Field(description="测试")


def read_scenarios(
    files: Mapping[str, str], policies: Set[str], problems: list[Problem], vocabulary: Vocabulary | None = None
) -> list[Scenario]:
    """Every test of a pack with these policies (none = they are not known); mistakes are added to `problems`.

    `vocabulary` tells which events there are; without it none is doubted.
    """
    paths = [path for path in sorted(files) if path.startswith(TESTS) and path.endswith(SUFFIXES)]
    sections = [section for path in paths if (section := parse(path, files[path], problems)) is not None]
    tests = [test for section in sections for test in read(TestsFile, section).tests]
    return [_scenario(test, policies, vocabulary) for test in tests]


def _scenario(test: Test, policies: Set[str], vocabulary: Vocabulary | None) -> Scenario:
    steps = [_step(given, number, vocabulary) for number, given in enumerate(test.given, 1)]
    _require_order(test.given, steps)
    for policy in test.policies or ():
        _require_policy(test.place, "policies", policy, policies)
    facts = _facts(steps)
    scenario = Scenario(
        file=test.place.file,
        line=test.place.line(test.place.at),
        name=test.name,
        clause=test.clause or "",
        draw=test.draw,
        steps=tuple(steps),
        until=test.until,
        expected=tuple(_expected(one, facts, policies) for one in test.expect),
        unexpected=tuple(_unexpected(one, facts, policies) for one in test.expect_not),
        policies=frozenset(test.policies or ()),
    )
    _require_bounds(test.place, scenario)
    return scenario


def _require_bounds(section: Section, scenario: Scenario) -> None:
    """Time passes day by day in a test, so it can't be let to pass for ever."""
    moments = [moment for step in scenario.steps for moment in (step.at, step.heard_at)]
    moments += [scenario.until] if scenario.until else []
    if any(section.problems):
        return
    if moments and max(moments) - min(moments) > LONGEST_TEST:
        section.problem("until", f"一个测试从头到尾最多 {LONGEST_TEST.days} 天，请把时间缩短或分成几个测试")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What policies may have decided on: all of it, and what is meant when a test doesn't say which."""

    known: list[str]
    meant: str | None


def _facts(steps: Sequence[Step]) -> _Facts:
    """A test that doesn't name a fact means its only business fact or solved case, else the only thing that happens."""
    known = [step.id for step in steps if step.kind != "opt_out"]
    usual = [step.id for step in steps if step.kind == "fact" or (step.kind, step.value) == ("case", "resolved")]
    only = usual or known
    return _Facts(known, only[0] if len(only) == 1 else None)


def _step(given: Given, number: int, vocabulary: Vocabulary | None) -> Step:
    kind = given.kind
    value = str(getattr(given, kind) or "")
    if kind == "fact" and value and vocabulary and not vocabulary.knows(value):
        given.place.problem(kind, unknown_event(value, vocabulary), warning=True)
    return Step(
        kind=kind,
        value=value,
        id=f"F{number}" if given.id is None else given.id,
        at=given.at or datetime.fromtimestamp(0, UTC),
        customer=_customer(given, known=kind != "fact" or _names_somebody(value)),
        about=("CASE" if kind == "case" else "") if given.about is None else given.about,
        data=given.data,
        step=given.step or "",
        late=given.heard,
    )


def _require_order(given: Sequence[Given], steps: Sequence[Step]) -> None:
    """Note what happens too early, twice by one name, or about nothing."""
    ids: set[str] = set()
    contacts: set[str] = set()
    for one, before, step in zip(given, [None, *steps], steps, strict=False):
        if before and step.heard_at < before.heard_at:
            one.place.problem("heard" if step.late else "at", "应按时间先后排列，这件事早于上一件")
        if step.id in ids:
            one.place.problem("id", f"编号 {step.id} 写了两次")
        if step.kind == "contact" and step.about not in ids and not re.fullmatch(OCCASION_FORM, step.about):
            say = f"应写前面一件事的编号{meant(step.about, ids)}，现在是 {written(step.about)}"
            one.place.problem("about", say)
        if step.kind == "correct" and step.about not in contacts:
            say = f"应写前面一次联系的编号{meant(step.about, contacts)}，现在是 {written(step.about)}"
            one.place.problem("about", say)
        if step.kind == "contact":
            contacts.add(step.id)
        ids.add(step.id)


def _names_somebody(event: str) -> bool:
    """Whether it may be about a customer; weather is not."""
    declared = by_name(event) or by_type(event)
    return declared is None or "customer" in declared.model.model_fields


def _customer(given: Given, known: bool) -> Mapping[str, Any]:
    """`customer: C7` or `{id: C7, level: A}`; an empty text, or none for events without, means that it names nobody."""
    if isinstance(given.customer, CustomerCard):
        return {**_as_sent(given.customer.place.values)}
    named = given.customer is not None or known
    return {"id": given.customer or ONLY_CUSTOMER} if named and given.customer != "" else {}


def _as_sent(value: Any) -> Any:
    """As in JSON, in which facts come: a day is a text there."""
    if isinstance(value, Mapping):
        return {str(key): _as_sent(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_sent(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _expected(expect: Expect, facts: _Facts, policies: Set[str]) -> Expected:
    place = expect.place
    _require_policy(place, "policy", expect.policy, policies)
    fact = _fact(expect, facts, expect.policy)
    return Expected(fact, expect.policy, expect.values, place.line(place.at))


def _unexpected(expect: ExpectNot, facts: _Facts, policies: Set[str]) -> Unexpected:
    place, policy = expect.place, expect.policy or ""
    _require_policy(place, "policy", policy, policies)
    return Unexpected(_fact(expect, facts, policy), policy, expect.reason, place.line(place.at))


def _fact(awaited: Awaited, facts: _Facts, policy: str) -> str:
    """The fact's id, or what stands for it where time triggers a policy."""
    place = awaited.place
    if place.has("day"):
        return occasion_id(policy, awaited.customer, awaited.day) if awaited.day else ""
    fact = facts.meant if awaited.fact is None else awaited.fact
    if fact is None:
        place.problem("fact", "缺少此项，应写given 中一件事的编号")
    elif fact and fact not in facts.known:
        place.problem("fact", f"given 中没有编号 {fact}，可写：{'、'.join(facts.known)}")
    return fact or ""


def _require_policy(place: Section, key: str, policy: str, policies: Set[str]) -> None:
    if policy and policies and policy not in policies:
        place.problem(key, f"包里没有策略 {policy}{meant(policy, policies)}，可写：{'、'.join(sorted(policies))}")
