"""The source document beside a call: whatever a source can send is shown under Chinese names, in Chinese words."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import cycle, islice
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from services.visits.pages.documents import document_lines
from shared.contracts import all_contracts
from shared.contracts.base import COMPLAINTS, INTAKE, VISITS, Contract
from shared.contracts.common import Matter
from shared.privacy import Sealer
from shared.testing.served import DATA_KEY
from tests.visits.conftest import matter

SEALER = Sealer.from_text(DATA_KEY)
FACTS = [contract for contract in all_contracts() if contract.topic in (INTAKE, COMPLAINTS, VISITS)]
PACKS = Path(__file__).parents[2] / "deploy" / "packs"
KINDS = [kind for file in sorted(PACKS.glob("*/kinds/*.yaml")) for kind in yaml.safe_load(file.read_text())["kinds"]]
TO_DO = "a field or word has no Chinese name yet: services/visits/pages/document_words.py"
MOST_WORDS = 16  # values of the longest Literal there is
TEXTS = {str: "文字", bool: True, int: 3, float: 2.5, datetime: "2026-03-02T09:00:00+08:00", date: "2026-03-02"}


def lines(facts: Mapping[str, Any], kind: str = "repair.closed") -> list[tuple[str, str]]:
    return document_lines(Matter.model_validate(matter() | {"event_type": kind, "facts": facts}), SEALER)


def filled(model: type[BaseModel], nth: int) -> dict[str, Any]:
    """Data with every field said, of closed lists of words the `nth`."""
    return {name: value(field.annotation, nth) for name, field in model.model_fields.items()}


def value(annotation: Any, nth: int) -> Any:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return value(parts[0], nth)
    if origin is Literal:
        return next(islice(cycle(parts), nth, None))
    if origin in (Union, UnionType):
        return value(next(part for part in parts if part is not type(None)), nth)
    if origin is list:
        return [value(parts[0], nth)]
    if origin is dict:
        return {}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return filled(annotation, nth)
    return TEXTS.get(annotation, "文字")


def of_schema(schema: Mapping[str, Any], nth: int) -> Any:
    if "enum" in schema:
        return next(islice(cycle(schema["enum"]), nth, None))
    if schema.get("type") == "object":
        return {name: of_schema(inner, nth) for name, inner in schema.get("properties", {}).items()}
    return {"integer": 3, "number": 2.5, "boolean": True}.get(schema.get("type", ""), "文字")


def foreign(shown: list[tuple[str, str]]) -> Iterator[str]:
    """Names and values in which a person reads letters of a program."""
    for name, text in shown:
        if re.search(r"[a-z]", name) or re.fullmatch(r"[a-z_ ]*[a-z]{2}[a-z_ ]*", text):
            yield f"{name}: {text}"


@pytest.mark.parametrize("contract", FACTS, ids=lambda contract: contract.name)
def test_every_field_and_word_of_a_declared_fact_is_shown_in_chinese(contract: Contract) -> None:
    for nth in range(MOST_WORDS):
        assert list(foreign(lines(filled(contract.model, nth), contract.name))) == [], TO_DO


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["event"])
def test_every_field_and_word_of_a_shipped_packs_kind_is_shown_in_chinese(kind: Mapping[str, Any]) -> None:
    for nth in range(MOST_WORDS):
        assert list(foreign(lines(of_schema(kind["schema"], nth)))) == [], TO_DO


def test_the_walk_finds_what_has_no_name() -> None:
    assert list(foreign(lines({"made_up": "文字", "org": {"name": "某司", "rank": "top_one"}}))) == [
        "made_up: 文字",
        "org.rank: top_one",
    ]


def test_a_hotline_case_tells_what_the_unit_claims() -> None:
    said = {"resolution_claim": "partly", "is_confidential": True, "satisfaction": "basically"}
    told = dict(lines(said, "hotline.case_closed"))
    assert told == {"办理单位认定": "部分解决", "保密": "是", "热线满意度": "基本满意"}


def test_a_claim_that_is_told_twice_is_shown_once() -> None:
    assert lines({"resolved_claim": True, "resolution_claim": "yes"}) == [("办理单位认定", "已解决")]
    assert lines({"resolved_claim": False}) == [("办理单位认定已解决", "否")]


def test_one_word_means_what_its_field_means() -> None:
    told = dict(lines({"urgency": "ordinary", "product": {"kind": "ordinary"}}))
    assert told == {"紧急程度": "一般", "产品类型": "普通型"}


def test_lists_of_things_are_told_by_their_names_and_numbers() -> None:
    told = dict(
        lines({
            "lines": [{"sku": "A-1", "name": "燃气灶", "qty": "2", "unit": "台"}, {"sku": "B-2", "name": "软管", "qty": "1"}],
            "assist_depts": [{"code": "DD", "name": "调度中心"}],
            "contact_log": [{"at": "2026-03-06T11:20:00+08:00", "by": "城东", "result": "已联系"}],
        })
    )  # fmt: skip
    assert told == {
        "明细": "燃气灶 ×2 台、软管",
        "协办单位": "调度中心",
        "联系记录": "03-06 11:20 城东 已联系",
    }


def test_what_a_source_names_itself_keeps_its_name() -> None:
    told = dict(lines({"ext": {"网格员": "李四"}, "as_written": {"channel": "网格员上报"}}))
    assert told == {"网格员": "李四"}
