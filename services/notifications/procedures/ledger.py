"""Writing changed sends back, with their events and metrics; what every other command ends with."""

from collections.abc import Iterable

from services.notifications.domain.send import Change, Send, State
from services.notifications.store import sends as store
from shared.messaging import Work
from shared.observability.catalogue import PROVIDERS, counter, gauge

SENDS = counter(
    "huifang_notifications_sends_total", "Sends by channel, new state, provider and template", "通知数",
    labels={"outcome": tuple(State), "provider": PROVIDERS, "channel": ("sms", "email"), "template": 60},
)  # fmt: skip
UNKNOWN = gauge("huifang_notifications_unknown", "Sends whose outcome nobody knows yet", "结果未知的通知数")
UNRECEIPTED = gauge(
    "huifang_notifications_receipts_missing",
    "Accepted messages without a receipt after an hour",
    "一小时仍无回执的通知数",
)
UNDECIDED = gauge(
    "huifang_notifications_replies_undecided", "Replies that may be refusals and wait for people", "待判断的回复数"
)


async def save_changes(work: Work, before: Iterable[Send], changes: Iterable[Change]) -> int:
    """Save what differs from before and publish its events; returns how many sends changed."""
    pairs = [(old, change) for old, change in zip(before, changes, strict=True) if change.send != old]
    await store.save(work.session, [change.send for _, change in pairs])
    for old, change in pairs:
        for event in change.events:
            key = change.send.customer_id or str(change.send.id)
            work.publish(event, key=key, lineage=change.send.lineage, subject=str(change.send.id))
        if change.send.state is not old.state:
            count(change.send)
    return len(pairs)


def count(send: Send) -> None:
    SENDS.labels(send.state.value, send.provider or "none", send.channel, send.template).inc()
