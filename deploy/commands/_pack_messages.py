"""A pack's messages: its templates judged before any platform sees them, and whether its notices and greetings have a text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.notifications.domain.errors import RuleRejected, TemplateRejected
from services.notifications.domain.lint import Finding, kept_template, lint, lint_rules, parse_template
from services.notifications.domain.rules import Rule, parse_rule
from services.scheduler.domain.packs.pack import read_pack
from services.scheduler.domain.policy import Policy
from shared.declared.section import ContentInvalid, Problem
from shared.documents import read_document
from shared.errors import HuifangError

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
        told, found = _judged(files[file])
        rules += told
        problems += [
            Problem(file, each.key, each.text, _line(files[file], each.key), each.warning)
            for each in dict.fromkeys(found)
        ]
    return problems + _without_text(files, _policies(files, name), rules)


def _judged(text: str) -> tuple[list[Rule], list[Finding]]:
    """A template file's rules, and what is wrong with it."""
    try:
        document = read_document(text.encode())
    except HuifangError as error:
        return [], [Finding("", error.detail)]
    if not isinstance(document, dict):
        return [], [Finding("", "应为一个模板：name、title、channel、category、text …")]
    rules, found = _rules(document.pop("rules", None) or ())
    try:
        parse_template(document)
    except TemplateRejected as error:
        if "problems" not in error.extra or error.detail.startswith("模板字段有误"):
            return rules, [*found, Finding("", error.detail)]
    template = kept_template(document)
    return rules, [
        *found,
        *lint(template, SUPPORTED),
        *lint_rules(template, (r for r in rules if r.template == template.name)),
    ]


def _rules(documents: Any) -> tuple[list[Rule], list[Finding]]:
    rules: list[Rule] = []
    found: list[Finding] = []
    for document in documents if isinstance(documents, list) else [documents]:
        try:
            rules.append(parse_rule(document))
        except RuleRejected as error:
            found.append(Finding("rules", error.detail))
    return rules, found


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
    told: set[tuple[str, str]] = set()  # a policy and its steps are of one name
    for policy in policies:
        for key, what, event in (
            ("warn", "到期提醒", DEADLINE_NEAR),
            ("ceiling", "每日上限已满的提醒", LIMIT_REACHED),
            ("quota", "数量上限已满的提醒", LIMIT_REACHED),
        ):
            if getattr(policy, key) is not None and event not in heard and (policy.id, key) not in told:
                told.add((policy.id, key))
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
    wanted = {path: value if isinstance(value, list) else [value] for path, value in rule.where.items()}
    return all(known[path] in values for path, values in wanted.items() if path in known)


def _event_of(policy: Policy) -> str:
    """What its message is sent for: one with questions brings the code that opens them."""
    return INVITED if policy.purpose == "followup" and policy.questionnaire else RELEASED


def _key(policy: Policy) -> str:
    return "purpose" if policy.purpose != "followup" else "channel"


def _advice(policy: Policy) -> str:
    what = {"notice": "通知", "greeting": "问候"}.get(policy.purpose, "回访短信或邮件")
    return (
        f"{what}没有消息模板，不会发出：在 templates/ 中写一个模板，"
        f"其 rules 含 events: [{_event_of(policy)}]、where: {{policy_id: {policy.id}}}"
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


def _line(text: str, key: str) -> int:
    """The line at which a key of a template (or the id of a rule) stands; 0 when it does not."""
    section, _, name = key.partition(".")
    if section == "rules" and name:
        return _line_of(text, rf"^\s*-?\s*id:\s*[\"']?{re.escape(name)}\b")
    return _line_of(text, rf"^{re.escape(section)}:") if section else 0


def _line_of(text: str, pattern: str) -> int:
    matches = (number for number, line in enumerate(text.splitlines(), 1) if re.match(pattern, line))
    return next(matches, 0)
