"""Values of the domain for tests without a database."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.notifications.domain.lint import parse_template
from services.notifications.domain.send import Send, SendId
from services.notifications.domain.templates import MessageTemplate

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai, a Monday


def a_send(**changes: Any) -> Send:
    values: dict[str, Any] = {
        "id": SendId(UUID(int=1)),
        "key": "thank_you|C1|2026-03-02",
        "channel": "sms",
        "category": "notice",
        "purpose": "thank_you",
        "template": "thank_you",
        "template_version": 1,
        "audience": "customer",
        "customer_id": "C1",
        "recipient": "sealed:v1:x",
        "params": {},
        "subject": "",
        "text": "您好",
        "cause_id": "SO1",
        "lineage": "L1",
        "branch": "CD",
        "kind": "order.completed",
        "priority": 4,
        "needs_consent": False,
        "planned_at": NOW,
        "not_before": NOW,
        "expires_at": NOW.replace(day=5),
    }
    return Send(**(values | changes))


def a_template(**changes: Any) -> MessageTemplate:
    """A notice that passes the lint, unless the changes are wrong."""
    return parse_template(template_document(**changes))


def template_document(**changes: Any) -> dict[str, Any]:
    return {
        "name": "note",
        "title": "测试通知",
        "channel": "sms",
        "category": "notice",
        "sign": "城市燃气",
        "text": "尊敬的{{ name }}，您好。",
        "params": {"name": "{{ customer.name }}"},
        "sample": {"name": "张先生"},
        "codes": {"aliyun": "SMS_1"},
        "review": "approved",
    } | changes
