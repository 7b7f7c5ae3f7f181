"""A pack's `tests/*.yaml`, read into scenarios."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

from services.scheduler.domain.occasion import occasion_id
from services.scheduler.domain.packs.document import parse
from services.scheduler.domain.packs.limits import MOST_TESTS
from services.scheduler.domain.packs.pack import SUFFIXES
from services.scheduler.domain.packs.vocabulary import Vocabulary, unknown_event
from services.scheduler.domain.simulation.scenario import DrawMode, Expected, Scenario, Step, StepKind, Unexpected
from services.scheduler.domain.task import TaskState
from shared.contracts.common import Customer
from shared.contracts.registry import by_name, by_type
from shared.declared.section import Problem, Section, as_day, meant, written
from shared.profile import TOLD_BY_UPDATE

TESTS = "tests/"
RESULTS = ("completed", "callback_agreed", "unreachable", "refused", "invalid_number", "expired")
OPT_OUTS = ("sms", "email")  # whoever wants no calls says so to an agent (`contact: refused`)
CASE_STEPS = ("opened", "resolved", "reopened", "closed")
KINDS: tuple[StepKind, ...] = get_args(StepKind)
REASONS = (
    *("condition", "sampled_out", "enrolled", "reserve", "capped", "quota_reached", "merged"),
    *("refused", "do_not_contact", "opted_out"),
    *("no_customer", "no_policy_matches", "waiting", "skipped", "stopped", "ignored", "wait_expired"),
)
TEXTS = ("step", "channel", "team", "questionnaire", "reason", "purpose")
NONE = "none"
OCCASION_FORM = r"[^/]+/[^/]+/\d{4}-\d{2}-\d{2}"  # policy, customer and day of a contact that time triggered
ONLY_CUSTOMER = "C1"
CUSTOMER_KEYS = frozenset(Customer.model_fields)
CUSTOMER_ELSEWHERE = dict.fromkeys((*TOLD_BY_UPDATE, "dates"), "由 customer.updated 的 data 写明")
LONGEST_TEST = timedelta(days=1100)


def read_scenarios(
    files: Mapping[str, str], policies: Set[str], problems: list[Problem], vocabulary: Vocabulary | None = None
) -> list[Scenario]:
    """Every test of a pack with these policies (none = they are not known); mistakes are added to `problems`.

    `vocabulary` tells which events there are; without it none is doubted.
    """
    found = []
    for path in sorted(files):
        if path.startswith(TESTS) and path.endswith(SUFFIXES):
            section = parse(path, files[path], problems)
            if section is not None:
                found += [
                    _scenario(part, policies, vocabulary) for part in section.sections("tests", "一个测试", MOST_TESTS)
                ]
                if not section.has("tests"):
                    section.problem("tests", "缺少此项，应写测试的列表")
                section.close()
    return found


def _scenario(section: Section, policies: Set[str], vocabulary: Vocabulary | None) -> Scenario:
    steps = _steps(section, vocabulary)
    facts = _facts(steps)
    scenario = Scenario(
        file=section.file,
        line=section.line(section.at),
        name=section.text("name", say="测试的名称"),
        clause=section.text("clause", "", say="条款编号，如 R01.2"),
        draw=section.choice("draw", get_args(DrawMode), "real"),  # type: ignore[arg-type]
        steps=tuple(steps),
        until=section.moment("until"),
        expected=tuple(_expected(part, facts, policies) for part in section.sections("expect", "一个应有的任务")),
        unexpected=tuple(
            _unexpected(part, facts, policies) for part in section.sections("expect_not", "一个不应有的任务")
        ),
        policies=frozenset(_watched(section, policies)),
    )
    _require_bounds(section, scenario)
    if not scenario.expected and not scenario.unexpected:
        section.problem("expect", "没有写期望：至少写一项 expect 或 expect_not")
    section.close()
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


def _watched(section: Section, policies: Set[str]) -> list[str]:
    watched = section.texts("policies", "策略编号的列表：只核对这些策略的任务")
    for policy in watched:
        _require_policy(section, "policies", policy, policies)
    return watched


def _steps(section: Section, vocabulary: Vocabulary | None) -> list[Step]:
    parts = section.sections("given", "发生的一件事，如 {fact: repair.closed, at: 2026-03-06 15:00}")
    if not parts:
        section.problem("given", "应至少写一件发生的事，如 {fact: repair.closed, at: 2026-03-06 15:00}")
    steps = [_step(part, number, vocabulary) for number, part in enumerate(parts, 1)]
    ids: set[str] = set()
    for part, before, step in zip(parts, [None, *steps], steps, strict=False):
        if before and step.heard_at < before.heard_at:
            part.problem("heard" if step.late else "at", "应按时间先后排列，这件事早于上一件")
        if step.id in ids:
            part.problem("id", f"编号 {step.id} 写了两次")
        if step.kind == "contact" and step.about not in ids and not re.fullmatch(OCCASION_FORM, step.about):
            part.problem("about", f"应写前面一件事的编号{meant(step.about, ids)}，现在是 {written(step.about)}")
        ids.add(step.id)
    return steps


def _step(section: Section, number: int, vocabulary: Vocabulary | None) -> Step:
    kinds = [kind for kind in KINDS if section.has(kind)]
    if len(kinds) != 1:
        section.problem("", f"应写且只写一种：{'、'.join(KINDS)}")
    kind = kinds[0] if kinds else "fact"
    value = _value(section, kind, vocabulary)
    step = Step(
        kind=kind,
        value=value,
        id=section.text("id", f"F{number}", say="编号"),
        at=section.moment("at", required=True) or datetime.fromtimestamp(0, UTC),
        customer=_customer(section, known=kind != "fact" or _names_somebody(value)),
        about=section.text("about", "CASE" if kind == "case" else "", say="编号"),
        data=_data(section),
        step=section.text("step", "", say="步骤编号") if kind == "contact" else "",
        late=section.moment("heard") if kind == "fact" else None,
    )
    if step.heard_at < step.at:
        section.problem("heard", "是平台收到的时间，不能早于事情发生的时间 at")
    section.close()
    return step


def _value(section: Section, kind: StepKind, vocabulary: Vocabulary | None) -> str:
    if kind == "contact":
        return section.choice(kind, RESULTS)
    if kind == "case":
        return section.choice(kind, CASE_STEPS)
    if kind == "opt_out":
        return section.choice(kind, OPT_OUTS)
    value = section.text(kind, say="事件名，如 repair.closed")
    if value and vocabulary and not vocabulary.knows(value):
        section.problem(kind, unknown_event(value, vocabulary), warning=True)
    return value


def _names_somebody(event: str) -> bool:
    """Whether it may be about a customer; weather is not."""
    declared = by_name(event) or by_type(event)
    return declared is None or "customer" in declared.model.model_fields


def _customer(section: Section, known: bool) -> Mapping[str, Any]:
    """`customer: C7` or `{id: C7, level: A}`; an empty text, or none for events without, means that it names nobody."""
    if section.has("customer") and isinstance(section.values["customer"], Mapping):
        block = section.section("customer", "") or section
        block.text("id", say="客户编号")
        block.read.update(CUSTOMER_KEYS)
        block.close(CUSTOMER_ELSEWHERE)
        return {**_as_sent(block.values)}
    customer_id = section.text("customer", ONLY_CUSTOMER, say="客户编号，如 C1")
    if section.values.get("customer", None if known else "") == "":
        return {}
    return {"id": customer_id or ONLY_CUSTOMER}


def _data(section: Section) -> Mapping[str, Any]:
    part = section.section("data", "事实的数据，如 {result: repaired}")
    return {**_as_sent(part.values)} if part else {}


def _as_sent(value: Any) -> Any:
    """As in JSON, in which facts come: a day is a text there."""
    if isinstance(value, Mapping):
        return {str(key): _as_sent(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_sent(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _expected(section: Section, facts: _Facts, policies: Set[str]) -> Expected:
    values: dict[str, Any] = {key: section.text(key, "") for key in TEXTS if section.has(key)}
    for key in ("due", "deadline", "warn"):
        if section.values.get(key) == NONE and key != "due":
            section.has(key)
            values[key] = None
        elif section.has(key):
            values[key] = section.moment(key)
    if section.has("state"):
        values["state"] = section.choice("state", get_args(TaskState))
    if section.has("provisional"):
        values["provisional"] = section.flag("provisional", default=False)
    for key in ("priority", "round"):
        if section.has(key):
            values[key] = section.integer(key, 1, 9)
    for key in ("combined", "matters"):
        if section.has(key):
            values[key] = section.texts(key, "编号的列表")
    policy = _policy(section, policies, required=True)
    fact = _fact(section, facts, policy)
    section.close()
    return Expected(fact, policy, values, section.line(section.at))


def _unexpected(section: Section, facts: _Facts, policies: Set[str]) -> Unexpected:
    policy = _policy(section, policies)
    fact = _fact(section, facts, policy)
    reason = section.choice("reason", REASONS)
    section.close()
    return Unexpected(fact, policy, reason, section.line(section.at))


def _fact(section: Section, facts: _Facts, policy: str) -> str:
    if section.has("day"):
        return _occasion(section, policy)
    fact = section.text("fact", facts.meant, say="given 中一件事的编号")
    if fact and fact not in facts.known:
        section.problem("fact", f"given 中没有编号 {fact}，可写：{'、'.join(facts.known)}")
    return fact


def _occasion(section: Section, policy: str) -> str:
    """What stands for the fact where time triggers a policy."""
    day, customer = as_day(section.values["day"]), section.text("customer", ONLY_CUSTOMER, say="客户编号，如 C1")
    if day is None:
        section.problem("day", f"应写时机到来的日期，如 2026-03-21，现在是 {written(section.values['day'])}")
    if section.has("fact"):
        section.problem("fact", "与 day 只能写一种：fact 为事件触发的，day 为时间触发的")
    return occasion_id(policy, customer, day) if day else ""


def _policy(section: Section, policies: Set[str], required: bool = False) -> str:
    policy = section.text("policy", None if required else "", say="策略编号")
    _require_policy(section, "policy", policy, policies)
    return policy


def _require_policy(section: Section, key: str, policy: str, policies: Set[str]) -> None:
    if policy and policies and policy not in policies:
        section.problem(key, f"包里没有策略 {policy}{meant(policy, policies)}，可写：{'、'.join(sorted(policies))}")
