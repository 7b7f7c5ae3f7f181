"""What is doubtful in a pack that the platform would accept: slips that would keep a policy from ever doing its work.

A policy that can never work is a mistake; what may be right but looks wrong is a warning.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.scheduler.domain.conditions.tree import histories
from services.scheduler.domain.packs.condition_check import check_attribute, check_condition, check_customer_condition
from services.scheduler.domain.packs.deadline_check import check_recurrence
from services.scheduler.domain.packs.document import SUFFIXES, parse
from services.scheduler.domain.packs.limits import size_problems
from services.scheduler.domain.packs.organisation_check import check_head, check_how
from services.scheduler.domain.packs.pack import Content, Draft, read_parts
from services.scheduler.domain.packs.restraints import check_caps, check_pauses
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.packs.steps_check import check_steps
from services.scheduler.domain.packs.timing_check import check_timing
from services.scheduler.domain.packs.trigger_check import check_heard, check_own_contacts
from services.scheduler.domain.packs.triggers import ANNIVERSARY
from services.scheduler.domain.packs.vocabulary import Vocabulary, check_known, lacking
from services.scheduler.domain.packs.whom_check import check_whom
from services.scheduler.domain.policy import ALL_EVENTS
from services.scheduler.domain.steps.chain import UNTIL, changed, first_contact
from shared.declared.section import Problem, Section, meant, written
from shared.declared.words import NONE

QUESTIONNAIRES = "questionnaires/"
FOLDERS = ("policies", "kinds", "questionnaires", "templates", "tests")


def check_pack(files: Mapping[str, str], name: str = "") -> list[Problem]:
    """Everything wrong or doubtful in a pack's files (path → text), its tests among them, by file and line."""
    if too_large := list(size_problems(files)):
        return too_large
    reading = read_parts(files, name)
    problems = reading.problems
    faulty = {(problem.file, _policy_of(problem.key)) for problem in problems}
    questionnaires = _ids(files, problems)
    problems += _strays(files)
    vocabulary = Vocabulary(reading.pack.kinds)
    for section, draft in reading.policies:
        if (section.file, section.at) not in faulty:
            _check_policy(section, draft, questionnaires, vocabulary)
            for part, content in [(section, draft.content), *_contacts(section, draft.content)]:
                check_how(part, content, reading.organisation)
    if reading.head and not any(problem.file == reading.head.file for problem in problems):
        check_caps(reading.head, {draft.id for _, draft in reading.policies})
        check_pauses(reading.head, vocabulary)
        check_head(reading.head, reading.organisation)
    read_scenarios(files, set() if faulty else {draft.id for _, draft in reading.policies}, problems, vocabulary)
    return sorted(problems, key=lambda one: (one.file, one.line, one.key))


def _policy_of(key: str) -> str:
    return key.partition(".")[0] if key.startswith("policies[") else ""


def _ids(files: Mapping[str, str], problems: list[Problem]) -> set[str]:
    """Ids of the pack's questionnaires; what is asked in them is the business of those who ask."""
    found: dict[str, str] = {}
    for path in sorted(files):
        if path.startswith(QUESTIONNAIRES) and path.endswith(SUFFIXES):
            section = parse(path, files[path], problems)
            name = section.values.get("id") if section else None
            if section and not (isinstance(name, str) and name):
                section.problem("id", f"应写问卷编号，现在是 {written(name)}" if name else "缺少此项，应写问卷编号")
            elif section and (first := found.setdefault(str(name), path)) != path:
                section.problem("id", f"问卷编号 {name} 出现了多次（另见 {first}），每份问卷须有自己的编号")
    return set(found)


def _strays(files: Mapping[str, str]) -> Iterator[Problem]:
    """Files in folders that nobody reads."""
    for path in sorted(files):
        folder, inside, _ = path.partition("/")
        if inside and folder not in FOLDERS:
            say = f"没有人读此目录{meant(folder, FOLDERS)}，可写：{'、'.join(FOLDERS)}"
            yield Problem(path, "", say, warning=True)


def _check_policy(section: Section, draft: Draft, questionnaires: set[str], vocabulary: Vocabulary) -> None:
    content = draft.content
    trigger = section.section("trigger") or section
    check_known(trigger, "events", [one for one in content["trigger"]["events"] if one != ALL_EVENTS], vocabulary)
    check_heard(trigger, content["trigger"]["events"])
    check_own_contacts(trigger, content)
    if condition := trigger.section("condition"):
        if "time" in content["trigger"]:
            check_customer_condition(condition)
        check_condition(condition, content["trigger"]["events"], vocabulary)
        if isinstance(content["rate"], dict) and any(
            past.contacts for past in histories(content["trigger"]["condition"])
        ):
            condition.problem("", "数联系次数（contacts）不能与按期抽取并用：抽取前次数还会变；rate 请写 all 或百分比")
    if anniversary := content["trigger"].get("time", {}).get(ANNIVERSARY):
        check_attribute(trigger, ANNIVERSARY, anniversary)
    _check_dates(section, content, vocabulary)
    _check_questionnaire(section, draft, questionnaires)
    check_steps(section, vocabulary)
    check_recurrence(trigger, content["trigger"])
    if not content.get("steps"):
        check_timing(section, content)
    for (part, contact), origin in zip(_contacts(section, content), _origins(content), strict=False):
        check_timing(part, contact, origin)
    check_whom(section, content, vocabulary)


def _check_dates(section: Section, content: Content, vocabulary: Vocabulary) -> None:
    """Note dates that no triggering event has: what times count from, until when a step is repeated."""
    if "base" in content:
        _check_base(section, content, vocabulary)
    fields = vocabulary.fields(content["trigger"]["events"])
    for part, step in zip(section.sections("steps"), content.get("steps", ()), strict=False):
        path = str(((step["repeat"] or {}).get(UNTIL) or {}).get("field", ""))
        if name := path.partition(".")[0] if "time" in content["trigger"] else lacking(path, fields):
            say = f"触发事件的数据里没有 {name}，此策略都不会联系"
            (part.section("repeat") or part).problem(UNTIL, say, warning=True)


def _check_base(section: Section, content: Content, vocabulary: Vocabulary) -> None:
    """Note a date to count from that no triggering event has."""
    if "time" in content["trigger"]:
        section.problem("base", "由时间触发的策略没有事实可看；日期、节日的前后请写 trigger 的 offset")
    if not isinstance(content["base"], str):
        return
    if content["base"].partition(".")[0] in ("customer", "event"):
        section.problem("base", "只能是事实的数据里的日期，如 contract_until；客户档案里的日期请用 trigger.anniversary")
    elif name := lacking(content["base"], vocabulary.fields(content["trigger"]["events"])):
        section.problem("base", f"触发事件的数据里没有 {name}，此策略都不会联系", warning=True)


def _check_questionnaire(section: Section, draft: Draft, known: set[str]) -> None:
    contacts = list(_contacts(section, draft.content))
    for part, _ in [(section, draft.content), *contacts]:
        for wanted in _wanted(part.values.get("questionnaire")):
            if wanted not in known:
                message = f"{QUESTIONNAIRES} 下没有编号为 {wanted} 的问卷{meant(wanted, known)}"
                part.problem("questionnaire", f"{message}，请补上问卷文件或改写编号")
    for part, content in contacts or [(section, draft.content)]:
        chosen = content["questionnaire"] or "questionnaire" in content.get("choose", {})
        if not chosen and content["purpose"] == "followup":
            part.problem("questionnaire", "没有写问卷，坐席不知道问什么；请写问卷编号", warning=True)


def _wanted(questionnaire: Any) -> list[str]:
    """The ids that a `questionnaire`, plain or chosen by the fact, may come to."""
    if isinstance(questionnaire, Mapping):
        named = [*questionnaire.get("cases", {}).values(), questionnaire.get("otherwise")]
        return [one for one in named if one]
    return [questionnaire] if isinstance(questionnaire, str) and questionnaire != NONE else []


def _origins(content: Content) -> Iterator[str]:
    """What each of `_contacts` counts from; another channel from the contact that failed."""
    for step in content.get("steps", ()):
        yield "event" if step["wait"] else step["from"]
        yield from ("took_place" for _ in step["fallback"])


def _contacts(section: Section, content: Content) -> Iterator[tuple[Section, Content]]:
    """Every step of a policy, and every other channel of it: where it is written, and its whole content."""
    for part, step in zip(section.sections("steps"), content.get("steps", ()), strict=False):
        yield part, first_contact(content, step)
        for way, fallback in zip(part.sections("fallback"), step["fallback"], strict=True):
            yield way, changed(content, fallback["how"])
