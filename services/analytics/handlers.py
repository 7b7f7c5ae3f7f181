"""What happens elsewhere becomes figures and timelines here."""

from collections.abc import Sequence

from services.analytics import commands, store
from services.analytics.domain.observations import Occurrence
from services.analytics.domain.timeline import entry_of
from shared.contracts import by_name
from shared.contracts.base import COMPLAINTS, INTAKE, NOTIFICATIONS, TASKS, VISITS
from shared.erasure import keeps_erasures
from shared.kept_keys import keeps_keys
from shared.messaging import Consumer, Event, Work
from shared.observability.catalogue import counter, gauge
from shared.sessions import keeps_sessions
from shared.units import keeps_organisations

EVENTS = counter(
    "huifang_analytics_events_total", "Events taken into the figures, by producer", "计入统计的事件数",
    labels={"producer": 12},
)  # fmt: skip
ROWS = counter("huifang_analytics_figure_rows_total", "Rows of figures written by the consumer", "写入的统计行数")
NEWEST = gauge(
    "huifang_analytics_newest_event_timestamp_seconds", "Business time of the newest event counted", "最新计入事件的时间",
    "timestamp",
)  # fmt: skip

consumer = Consumer("analytics", topics=[INTAKE, TASKS, VISITS, COMPLAINTS, NOTIFICATIONS], daily=["timeline_entry"])
keeps_sessions(consumer)
keeps_organisations(consumer)
keeps_keys(consumer)
keeps_erasures(consumer)


@consumer.on("*")
async def count_events(work: Work, events: Sequence[Event]) -> None:
    """One handler for all topics: a batch is one call, its figures and its timeline one statement per table."""
    occurrences = [Occurrence(event.id, event.name, event.time, event.data, event.practice) for event in events]
    ROWS.inc(await commands.count(work, occurrences))
    pairs = zip(occurrences, events, strict=True)
    entries = (entry_of(one, event.event_key, event.key, event.lineage) for one, event in pairs)
    await store.save_entries(work.session, [entry for entry in entries if entry])
    for event in events:
        declared = by_name(event.name)
        EVENTS.labels(declared.owner if declared else "gateway").inc()
    NEWEST.set(max(event.time for event in events).timestamp())
