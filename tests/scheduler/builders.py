"""Facts, policies and customers for tests of the rules."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import yaml

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision, decide
from services.scheduler.domain.facts import Fact, new_fact
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.policy import Policy
from shared.contracts.registry import short_name, wire_type
from shared.messaging.event import event_key
from shared.zone import ORG_ZONE

MONDAY = datetime(2026, 3, 2, 10, tzinfo=ORG_ZONE)
PACK_FILE = "format: 1\nname: test\ntitle: 测试\n"


def at(text: str) -> datetime:
    """An instant in the organisation's zone: `2026-03-02 10:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=ORG_ZONE)


def fact(
    name: str = "repair.closed",
    data: Mapping[str, Any] | None = None,
    *,
    id: str = "e1",  # noqa: A002 - the CloudEvents attribute
    customer: str = "C1",
    time: datetime = MONDAY,
    source: str = "/test",
    **block: Any,
) -> Fact:
    """A fact about `customer` (none when empty), its customer block extended by `block`."""
    full = {"work_order_no": f"WX-{id}", "org": {"code": "CD"}, **(data or {})}
    if customer:
        full.setdefault("customer", {"id": customer, "name": "陈静", **block})
    wire = wire_type(name)
    return new_fact(id, source, event_key(time, source, id), wire, short_name(wire), time, full, id)


def contents(*policies: Mapping[str, Any], **head: Any) -> dict[str, str]:
    """Files of a pack of these policies, each `{id, events, ...}` with everybody followed up by default; None leaves out."""
    written = []
    for given in policies:
        whole = {"id": "p1", "title": "策略", "rate": "all", **given}
        policy = {key: value for key, value in whole.items() if value is not None}
        trigger = dict(policy.pop("trigger", None) or {"events": policy.pop("events", ["repair.closed"])})
        trigger |= {"condition": policy.pop("condition")} if "condition" in policy else {}
        written.append({**policy, "trigger": trigger})
    return {
        "pack.yaml": as_yaml({"format": 1, "name": "test", "title": "测试", **head}),
        "policies/all.yaml": as_yaml({"policies": written}),
    }


def as_yaml(value: Any) -> str:
    """Written out in full: what is used twice in Python would become an alias, which packs must not have."""
    return yaml.safe_dump(orjson.loads(orjson.dumps(value)), allow_unicode=True)


def policies(*given: Mapping[str, Any], **head: Any) -> list[Policy]:
    """Policies read from YAML as a policy owner writes them."""
    return [policy_of(draft.content, 1) for draft in read_pack(contents(*given, **head)).drafts]


def book(*given: Mapping[str, Any], **head: Any) -> PolicyBook:
    return PolicyBook(policies(*given, **head), revision=1)


def judge(rules: PolicyBook, about: Fact, customer: Customer | None = None) -> tuple[Decision, Customer]:
    """Match and decide, as the service does for one fact."""
    customer = customer or Customer(about.customer_id)
    return decide(about, rules.panel_for(about.type).ask(about, customer), customer)
