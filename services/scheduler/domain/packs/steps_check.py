"""Steps that can never come, and events that a run can never hear."""

from typing import Any, get_args

from services.scheduler.domain.kept.contact_result import FIELDS, REFUSED, Result
from services.scheduler.domain.packs.condition_check import check_condition, compared_values, leaves_of
from services.scheduler.domain.packs.trigger_check import check_heard
from services.scheduler.domain.packs.vocabulary import Vocabulary, check_known, lacking
from shared.declared.section import Section, meant

Content = dict[str, Any]
RESULTS = get_args(Result)
POSITIVE = ("eq", "in")


def check_steps(section: Section, vocabulary: Vocabulary) -> None:
    """Note what is doubtful in the well-formed steps of a policy."""
    for part in section.sections("steps"):
        if condition := part.section("if"):
            _check_outcome(condition, vocabulary)
        for key in ("wait", "unless"):
            if wait := part.section(key):
                _check_wait(wait, vocabulary)
        _check_stop(part, vocabulary)
    _check_stop(section, vocabulary)


def _check_stop(section: Section, vocabulary: Vocabulary) -> None:
    if stop := section.section("stop"):
        _check_heed(stop, vocabulary)
        for event in _without_customer(stop, vocabulary):
            stop.problem("events", f"事件 {event} 不带客户，不知道终止谁的流程；请写带客户的事件")


def _check_wait(wait: Section, vocabulary: Vocabulary) -> None:
    _check_heed(wait, vocabulary)
    for event in _without_customer(wait, vocabulary):
        if not wait.has("same"):
            wait.problem("same", f"事件 {event} 不带客户，应写两边须相同的字段，如 same: area，否则永远等不到")


def _check_heed(heed: Section, vocabulary: Vocabulary) -> None:
    events = heed.texts("events")
    check_known(heed, "events", events, vocabulary)
    check_heard(heed, events)
    if condition := heed.section("condition"):
        check_condition(condition, events, vocabulary)
    fields = vocabulary.fields(events)
    if name := lacking(str(heed.values.get("same", "")), fields):
        heed.problem("same", f"等待的事件里没有 {name}，永远对不上")
    if (reading := heed.section("reading")) and (name := lacking(str(reading.values.get("field", "")), fields)):
        reading.problem("field", f"等待的事件里没有 {name}，读数永远不会增加")


def _without_customer(heed: Section, vocabulary: Vocabulary) -> list[str]:
    known = {event: vocabulary.fields([event]) for event in heed.texts("events")}
    return [event for event, fields in known.items() if fields and "customer" not in fields]


def _check_outcome(condition: Section, vocabulary: Vocabulary) -> None:
    for leaf in leaves_of(condition):
        if not leaf.has("field"):
            continue
        field = str(leaf.values["field"])
        root = field.partition(".")[0]
        if root not in (*FIELDS, "customer", "event"):
            known = "、".join((*FIELDS, "answers.<题号>", "customer.<属性>"))
            leaf.problem("field", f"上一步的结果里没有 {field}{meant(root, FIELDS)}，可写：{known}")
        elif field == "result":
            _check_results(leaf)
    check_condition(condition, (), vocabulary)


def _check_results(leaf: Section) -> None:
    wanted = compared_values(leaf)
    for value in wanted:
        if value not in RESULTS:
            leaf.problem("value", f"没有结果 {value}{meant(value, RESULTS)}，可写：{'、'.join(RESULTS)}")
    if leaf.values["op"] in POSITIVE and wanted and set(wanted) == {REFUSED}:
        leaf.problem("value", "客户拒访后流程就终止，这一步永远不会到；请删去此步")
