"""A pack's messages: its templates judged before any platform sees them, and whether its notices and greetings have a text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.notifications.domain.lint import lint, lint_rules
from services.notifications.domain.rules import Rule
from services.notifications.domain.template_file import TemplateFile
from services.scheduler.domain.packs.document import parse
from services.scheduler.domain.packs.pack import read_pack
from services.scheduler.domain.policy import Policy
from shared.conditions.tree import holds_for
from shared.declared.model import read
from shared.declared.section import ContentInvalid, Problem, Section

FOLDER = "templates/"
SUPPORTED = "aliyun"  # the provider the platform sends SMS through
RELEASED = "followup.released"
INVITED = "visit.invited"
DEADLINE_NEAR = "followup.deadline_near"
LIMIT_REACHED = "policy.limit_reached"
_UNHEARD = "{what}没有人收到：在 templates/ 中写一个邮件模板，其 rules 含 events: [{event}]、audience: supervisor"
BY_MESSAGE = ("sms", "email")
_ID = re.compile(r"\s*-?\s*id:\s*[\"']?([\w.-]+)")


def message_problems(files: Mapping[str, str], name: str) -> list[Problem]:
    """Findings of the template lint by file, line and key, and the policies whose messages no rule gives a text."""
    problems: list[Problem] = []
    rules: list[Rule] = []
    for file in sorted(file for file in files if file.startswith(FOLDER)):
        if section := parse(file, files[file], problems):
            rules += _judged(section)
    return problems + _without_text(files, _policies(files, name), rules)


def _judged(section: Section) -> list[Rule]:
    """A template file's rules; what is wrong with it is noted."""
    before = len(section.problems)
    declared = read(TemplateFile, section)
    rules = [one.rule() for one in declared.rules]
    if len(section.problems) > before:
        return rules
    template = declared.template()
    own = [rule for rule in rules if rule.template == template.name]
    for found in dict.fromkeys([*lint(template, SUPPORTED), *lint_rules(template, own)]):
        line = next((one.place.line(one.place.at) for one in declared.rules if found.key == f"rules.{one.id}"), 0)
        at = line or section.line(found.key)
        section.problems.append(Problem(section.file, found.key, found.text, at, found.warning))
    return rules


def _policies(files: Mapping[str, str], name: str) -> Iterable[Policy]:
    try:
        return read_pack(dict(files), name).policies
    except ContentInvalid:
        return ()  # the check of the policies tells


def _without_text(files: Mapping[str, str], policies: Iterable[Policy], rules: Iterable[Rule]) -> list[Problem]:
    enabled = [rule for rule in rules if rule.enabled]
    contacts = [each for policy in policies for each in (policy.chain.policies.values() if policy.chain else (policy,))]
    silent = [each for each in contacts if _is_a_message(each) and not any(_may_send(rule, each) for rule in enabled)]
    places = _places(files)
    return [
        *_unheard([*policies, *contacts], rules, places),
        *(
            Problem(**_place(places, one), key=_key(one), message=_advice(one), warning=one.purpose == "followup")
            for one in silent
        ),
    ]


def _unheard(
    policies: Iterable[Policy], rules: Iterable[Rule], places: Mapping[str, tuple[str, int]]
) -> Iterator[Problem]:
    """Doubts about what policies tell our own people when no rule makes a message of it."""
    heard = {event for rule in rules if rule.enabled for event in rule.events}
    said: set[tuple[str, str]] = set()  # a policy and its steps are of one name
    for policy in policies:
        for key, what, event in (
            ("warn", "到期提醒", DEADLINE_NEAR),
            ("ceiling", "每日上限已满的提醒", LIMIT_REACHED),
            ("quota", "数量上限已满的提醒", LIMIT_REACHED),
        ):
            if getattr(policy, key) is not None and event not in heard and (policy.id, key) not in said:
                said.add((policy.id, key))
                message = _UNHEARD.format(what=what, event=event)
                yield Problem(**_place(places, policy), key=key, message=message, warning=True)


def _is_a_message(policy: Policy) -> bool:
    return policy.purpose != "followup" or policy.channel in BY_MESSAGE


def _may_send(rule: Rule, policy: Policy) -> bool:
    """Whether the rule could apply to what the policy releases; what only the facts tell is taken as met."""
    if _event_of(policy) not in rule.events:
        return False
    known = {
        "policy_id": policy.id,
        "purpose": policy.purpose,
        "channel": policy.channel,
        "questionnaire": policy.questionnaire,
    }
    return holds_for(rule.condition, known) is not False


def _event_of(policy: Policy) -> str:
    """What its message is sent for: one with questions brings the code that opens them."""
    return INVITED if policy.purpose == "followup" and policy.questionnaire else RELEASED


def _key(policy: Policy) -> str:
    return "purpose" if policy.purpose != "followup" else "channel"


def _advice(policy: Policy) -> str:
    what = {"notice": "通知", "greeting": "问候"}.get(policy.purpose, "回访短信或邮件")
    return (
        f"{what}没有消息模板，不会发出：在 templates/ 中写一个模板，"
        f"其 rules 含 events: [{_event_of(policy)}]、condition: {{field: policy_id, op: eq, value: {policy.id}}}"
    )


def _place(places: Mapping[str, tuple[str, int]], policy: Policy) -> dict[str, Any]:
    file, line = places.get(policy.id, (policy.id, 0))
    return {"file": file, "line": line}


def _places(files: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Id → file and line of what has it; read once, since there may be hundreds of policies."""
    found: dict[str, tuple[str, int]] = {}
    for file in (file for file in files if not file.startswith(FOLDER)):
        for number, line in enumerate(files[file].splitlines(), 1):
            if named := _ID.match(line):
                found.setdefault(named[1], (file, number))
    return found
