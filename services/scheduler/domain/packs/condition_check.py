"""Conditions that can never hold, and fields that the triggering events don't have."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from services.scheduler.domain.customer import ATTRIBUTES
from services.scheduler.domain.packs.cel_check import check_cel, paths_of
from services.scheduler.domain.packs.vocabulary import Fields, Vocabulary, check_known, lacking
from services.scheduler.domain.policy import ALL_EVENTS
from shared.contracts.registry import short_name
from shared.declared.section import Section, meant
from shared.patterns import ascii_only

DATE_FORM = r"[a-z][a-z0-9_]*_(on|until)"  # dates of their own names, from customer.updated


def check_condition(section: Section, events: Sequence[str], vocabulary: Vocabulary) -> None:
    """Note what is wrong in a well-formed condition of a policy that `events` trigger."""
    for leaf in leaves_of(section):
        if leaf.has("field"):
            _check_field(leaf, events, vocabulary)
        elif past := leaf.section("history"):
            _check_history(past, events, vocabulary)
        elif leaf.has("cel"):
            check_cel(leaf, events, vocabulary)
            for root, name, *_ in paths_of(str(leaf.values["cel"])):
                if root == "customer":
                    check_attribute(leaf, "cel", name)
    for conjunction in _conjunctions(section):
        _check_together(conjunction)


def check_customer_condition(section: Section) -> None:
    """Note fields that a policy without an event can't ask for."""
    for leaf in leaves_of(section):
        if leaf.has("field") and not str(leaf.values["field"]).startswith("customer."):
            leaf.problem("field", "由时间触发的策略没有事件，条件只能写 customer.<属性>、history 或 cel")
        elif (past := leaf.section("history")) and past.has("same"):
            past.problem("same", "由时间触发的策略没有事件可比，请删去此项")


def leaves_of(section: Section) -> Iterator[Section]:
    """Every field, history and expression of a well-formed condition."""
    if section.has("field") or section.has("history") or section.has("cel"):
        yield section
    for branch in _branches(section):
        yield from leaves_of(branch)


def _branches(section: Section) -> list[Section]:
    negated = section.section("not")
    return [*section.sections("all"), *section.sections("any"), *([negated] if negated else [])]


def _conjunctions(section: Section) -> Iterator[list[Section]]:
    """Leaves that must hold together."""
    if section.has("all"):
        yield [branch for branch in section.sections("all") if branch.has("field")]
    for branch in _branches(section):
        yield from _conjunctions(branch)


def _check_field(leaf: Section, events: Sequence[str], vocabulary: Vocabulary) -> None:
    field = str(leaf.values["field"])
    if leaf.values["op"] == "matches" and (name := ascii_only(str(leaf.values.get("value")))):
        leaf.problem("value", f"{name} 只认英文字母、数字和下划线，汉字请写 \\p{{Han}}", warning=True)
    root, _, rest = field.partition(".")
    if root == "customer":
        check_attribute(leaf, "field", rest)
    elif field == "event.type":
        _check_type(leaf, events)
    elif root != "event" and (fields := vocabulary.fields(events)):
        _check_data(leaf, root, rest, fields)


def check_attribute(section: Section, key: str, attribute: str) -> None:
    """Note an attribute that no customer's profile has."""
    if attribute.partition(".")[0] not in ATTRIBUTES and not re.fullmatch(DATE_FORM, attribute):
        known = f"可写：{'、'.join(ATTRIBUTES)}；日期以 _on 或 _until 结尾"
        section.problem(key, f"客户档案里没有 {attribute}{meant(attribute, ATTRIBUTES)}，{known}", warning=True)


def _check_history(past: Section, events: Sequence[str], vocabulary: Vocabulary) -> None:
    counted = past.texts("events")
    check_known(past, "events", counted, vocabulary)
    for key, needed in (("same", (*counted, *events)), ("sum", counted)):
        path = str(past.values.get(key, ""))
        if without := [event for event in needed if lacking(path, vocabulary.fields([event]))]:
            past.problem(key, f"事件 {without[0]} 的数据里没有 {path.partition('.')[0]}，永远数不到", warning=True)


def _check_type(leaf: Section, events: Sequence[str]) -> None:
    known = {short_name(event) for event in events}
    strange = [value for value in compared_values(leaf) if short_name(str(value)) not in known]
    if strange and ALL_EVENTS not in events:
        message = f"触发事件里没有 {strange[0]}{meant(str(strange[0]), known)}，这个比较没有意义"
        leaf.problem("value", message, warning=True)


def _check_data(leaf: Section, root: str, rest: str, fields: Fields) -> None:
    if name := lacking(root, fields):
        leaf.problem("field", f"触发事件的数据里没有 {name}", warning=True)
    elif not rest and (options := fields[root]):
        strange = [value for value in compared_values(leaf) if str(value) not in options]
        if strange:
            close = meant(str(strange[0]), options)
            leaf.problem("value", f"{root} 没有 {strange[0]} 这个值{close}，可写：{'、'.join(options)}", warning=True)


def compared_values(leaf: Section) -> list[Any]:
    """What a leaf compares for equality; nothing for other comparisons."""
    if leaf.values["op"] not in ("eq", "ne", "in", "not_in"):
        return []
    value = leaf.values.get("value")
    return value if isinstance(value, list) else [value]


def _check_together(leaves: list[Section]) -> None:
    by_field: dict[str, list[Section]] = defaultdict(list)
    for leaf in leaves:
        by_field[str(leaf.values["field"])].append(leaf)
    for field, together in by_field.items():
        if not _possible(together):
            together[-1].problem("", f"与前面对 {field} 的要求矛盾，整个条件永远不会成立；请删去一个，或改用 any")


def _possible(leaves: list[Section]) -> bool:
    allowed: set[str] | None = None
    excluded: set[str] = set()
    lows: list[Decimal] = []
    highs: list[Decimal] = []
    for leaf in leaves:
        op, values = leaf.values["op"], {str(value) for value in compared_values(leaf)}
        if op in ("eq", "in"):
            allowed = values if allowed is None else allowed & values
        elif op in ("ne", "not_in"):
            excluded |= values
        elif isinstance(bound := leaf.values.get("value"), int | float):
            {"gt": lows, "ge": lows, "lt": highs, "le": highs}.get(op, []).append(Decimal(str(bound)))
    if allowed is not None and not allowed - excluded:
        return False
    strict = any(leaf.values["op"] in ("gt", "lt") for leaf in leaves)
    return not (lows and highs) or max(lows) < min(highs) or (max(lows) == min(highs) and not strict)
