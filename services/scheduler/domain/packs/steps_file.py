"""The `steps` of a policy as written in YAML, read into its canonical content.

A step's own keys stand in the place of the policy's, so a step is read as the policy would be with them; kept is what
differs.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from services.scheduler.domain.kept.contact_result import CALLBACK, UNREACHED, Result
from services.scheduler.domain.packs.conditions import Tree
from services.scheduler.domain.packs.how_file import NONE
from services.scheduler.domain.packs.policy_file import Defaults, read_policy
from services.scheduler.domain.packs.timing_file import DEADLINE_UNITS, DELAY_UNITS, read_amount
from services.scheduler.domain.packs.words import EVENT_FORM, PATH_FORM
from services.scheduler.domain.policy import Again, Origin
from shared.contracts.common import Channel
from shared.declared.section import Section, meant, written

Content = dict[str, Any]
STEP_FORM = r"[a-z0-9][a-z0-9_-]{0,30}"
RUN_KEYS = ("steps", "stop", "again")
STEP_KEYS = ("id", "from", "if", "wait", "repeat", "fallback")
WHOLE_KEYS = (*RUN_KEYS, "id", "clauses", "trigger", "rate", "quota", "ceiling", "valid_from", "enabled")
WHEN = tuple(result for result in get_args(Result) if result not in ("completed", "refused", CALLBACK))
MOST_REPETITIONS = 100
MOST_STEPS, MOST_FALLBACKS = 20, 8
MOST_CONTACTS = 400  # of one run, all channels and repetitions of all its steps
LONGEST_REPEATED = 3_660  # days from the first contact of a repeated step to the last
DAYS = {"minutes": 1 / 1440, "hours": 1 / 24, "days": 1, "working_days": 1.5, "weeks": 7, "months": 31, "end_of_day": 1}
EVENTS = "事件名的列表，如 [weather.rained]"
Values = dict[str, Any]


def read_chained_policy(section: Section, defaults: Defaults) -> tuple[Content, bool, datetime | None]:
    """As `read_policy`, with the policy's steps where it has some."""
    several, *_ = [section.has(key) for key in RUN_KEYS]
    content, enabled, valid_from = read_policy(section, defaults)
    if several:
        return content | _Steps(section, defaults, content).read(), enabled, valid_from
    for key in RUN_KEYS[1:]:
        if section.has(key):
            section.problem(key, f"{key} 只用于写了 steps 的策略，请把联系写成 steps: [{{id: first}}]")
    return content, enabled, valid_from


@dataclass(frozen=True)
class _Steps:
    """Reads the steps of a policy that has the `base` content."""

    policy: Section
    defaults: Defaults
    base: Content

    def read(self) -> Content:
        say = "一个步骤，如 {id: again, from: took_place, delay: {days: 2}}"
        parts = self.policy.sections("steps", say, MOST_STEPS)
        if not parts:
            self.policy.problem("steps", "应至少写一个步骤，如 {id: first}")
        steps = [self._step(part, first=number == 0) for number, part in enumerate(parts)]
        _require_unique(parts, steps)
        _require_modest(self.policy, steps)
        stop = self.policy.section("stop", "终止的事件，如 {events: [order.cancelled]}")
        again = self.policy.choice("again", get_args(Again), "parallel")
        return {"steps": steps, "stop": _stop(stop) if stop else None, "again": again}

    def _step(self, section: Section, first: bool) -> Content:
        for key in STEP_KEYS:
            section.has(key)
        condition = _condition(section, "if", "条件，如 {field: result, op: eq, value: dissatisfied}")
        wait = section.section("wait", "等待的事件，如 {events: [weather.rained], same: area, within: {days: 90}}")
        inherited = {key: value for key, value in self.policy.values.items() if key not in RUN_KEYS}
        given: Values = {key: value for key, value in section.values.items() if key not in STEP_KEYS}
        content: Content = {
            "id": section.text("id", form=STEP_FORM, say="小写字母、数字、下划线和连字符组成的步骤编号"),
            "from": _origin(section, first),
            "if": condition,
            "wait": _wait(wait) if wait else None,
            "repeat": _repeat(section),
            "how": self._how(section, inherited, given),
        }
        tried = {key: value for key, value in (inherited | given).items() if key not in ("delay", "target")}
        parts = section.sections("fallback", "另一个渠道，如 {channel: sms, when: [unreachable]}", MOST_FALLBACKS)
        content["fallback"] = [self._fallback(part, tried) for part in parts]
        _require_different(section, str((inherited | given).get("channel", "phone")), content)
        _check_place(section, content, first)
        return content

    def _fallback(self, section: Section, inherited: Values) -> Content:
        """What is said once for the step holds for its other channels too, but not how long it is waited."""
        when = section.texts("when", f"哪些结果之后，如 [{UNREACHED[0]}]") or [*UNREACHED]
        for result in when:
            if result not in WHEN:
                section.problem("when", f"没有结果 {result}{meant(result, WHEN)}，可写：{'、'.join(WHEN)}")
        channel = section.choice("channel", get_args(Channel))
        how = self._how(section, inherited, {key: value for key, value in section.values.items() if key != "when"})
        return {"when": when, "how": how | {"channel": channel}}

    def _how(self, section: Section, inherited: Values, given: Values) -> Content:
        """What the keys `given` in the section change in the policy's content."""
        whole = [key for key in given if key in WHOLE_KEYS]
        for key in whole:
            section.problem(key, f"{key} 属于整条策略，步骤里不能写，请移到策略一级")
        own = {key: value for key, value in given.items() if key not in whole}
        values = {key: value for key, value in (inherited | own).items() if value != NONE}
        part = Section(section.file, values, [], section.at, lines=section.lines)
        content, *_ = read_policy(part, self.defaults)
        allowed = (part.read | section.read) - set(WHOLE_KEYS)
        for key in own:
            if key not in part.read and own[key] != NONE:
                section.problem(key, f"没有这个配置项{meant(key, allowed)}，可写：{'、'.join(sorted(allowed))}")
            else:
                section.problems += [one for one in part.problems if _is_at(one.key, section.path(key))]
        changed = {key: value for key, value in content.items() if value != self.base.get(key)}
        gone = sorted(self.base.keys() - content.keys())
        return changed | ({"without": gone} if gone else {})


def _is_at(key: str, path: str) -> bool:
    return key == path or key.startswith((f"{path}.", f"{path}["))


def _origin(section: Section, first: bool) -> str:
    usual = "took_place" if section.has("if") else "event"
    origin = section.choice("from", get_args(Origin), usual)
    if first and origin != "event":
        section.problem("from", "第一步没有上一步，只能从事件（event）算起，请删去 from")
    return origin


def _check_place(section: Section, content: Content, first: bool) -> None:
    if first and content["if"]:
        section.problem("if", "第一步没有上一步的结果可看；触发的条件请写在 trigger.condition")
    if content["wait"] and content["from"] == "planned":
        section.problem("from", "有 wait 的步骤从等到的事件算起；要上一步办成之后才开始等，请写 from: took_place")


def _wait(section: Section) -> Content:
    content = _heed(section)
    content["within"] = read_amount(section, "within", DEADLINE_UNITS)
    if not section.has("within"):
        section.problem("within", "缺少此项，应写最多等多久，如 {days: 90}")
    section.close()
    return content


def _stop(section: Section) -> Content:
    content = _heed(section)
    section.close()
    return content


def _heed(section: Section) -> Content:
    events = section.texts("events", EVENTS, required=True)
    for event in events:
        if not re.fullmatch(EVENT_FORM, event):
            section.problem("events", f"应写{EVENTS}，现在是 {written(event)}")
    condition = _condition(section, "condition", "条件，如 {field: stage, op: eq, value: completed}")
    same = section.text("same", "", PATH_FORM, "两边须相同的数据字段，如 area 或 project_no")
    return {"events": events, "condition": condition, "same": same}


def _condition(section: Section, key: str, say: str) -> Content | None:
    lone = "步骤的条件不能写 history，只能看这一步的结果或等到的事件；往事请写在 trigger.condition"
    return Tree(lone).read(section, key, say) if section.has(key) else None


def _repeat(section: Section) -> Content | None:
    part = section.section("repeat", "重复，如 {every: {days: 3}, times: 4}")
    if part is None:
        return None
    every = read_amount(part, "every", DELAY_UNITS, least=1)
    if section.has("wait") and every:
        part.problem("every", "有 wait 的步骤每次都再等一次事件，不能写 every，只写 times")
    elif not section.has("wait") and not part.has("every"):
        part.problem("every", "缺少此项，应写相隔多久，如 {days: 3}")
    times = part.integer("times", 2, MOST_REPETITIONS)
    if every and every["amount"] * DAYS[every["unit"]] * (times - 1) > LONGEST_REPEATED:
        part.problem("times", f"从第一次到最后一次最长 {LONGEST_REPEATED} 天，请减少次数或缩短 every")
    part.close()
    return {"every": every, "times": times}


def _require_modest(policy: Section, steps: list[Content]) -> None:
    contacts = sum((step["repeat"] or {"times": 1})["times"] * (1 + len(step["fallback"])) for step in steps)
    if contacts > MOST_CONTACTS:
        policy.problem(
            "steps", f"一次流程最多 {MOST_CONTACTS} 次联系，各步的次数、渠道合计有 {contacts} 次；请减少 times"
        )


def _require_unique(parts: list[Section], steps: list[Content]) -> None:
    seen: set[str] = set()
    for part, step in zip(parts, steps, strict=True):
        if step["id"] in seen and step["id"]:
            part.problem("id", f"步骤编号 {step['id']} 写了两次，每一步须有自己的编号")
        seen.add(step["id"])


def _require_different(section: Section, channel: str, content: Content) -> None:
    """Every channel is tried once, so that a step's contacts can be told apart."""
    seen = [channel]
    for number, fallback in enumerate(content["fallback"]):
        channel = fallback["how"]["channel"]
        if channel in seen:
            section.problem(f"fallback[{number}].channel", f"渠道 {channel} 已经用过，请换一个渠道或删去")
        seen.append(channel)
