"""Kafka's part in a restore: it must hold nothing, then it is given again what had been published."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from deploy.backup.manifest import BackupUnusable
from deploy.reconcile.topics import kafka, partitions_of
from shared.contracts import registry
from shared.messaging.kafka import KafkaBroker
from shared.messaging.kafka_calls import bounded
from shared.messaging.relay import republish
from shared.settings import ServiceSettings

EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def require_empty(bootstrap: str, prefix: str = "") -> None:
    """Raises BackupUnusable where topics miss or have held a record, BrokerUnavailable.

    What was published after the backup would take effect though nobody remembers its cause, and offsets kept by Kafka
    would pass over what the backup still has to hear.
    """
    async with kafka(bootstrap) as (admin, client):
        known = await bounded(client.topics())
        names = [prefix + topic for topic in registry.topics()]
        if missing := [name for name in names if name not in known]:
            raise BackupUnusable(f"Kafka 里没有主题 {'、'.join(missing)}，请先建立（空的）主题")
        ends = await bounded(client.end_offsets(await partitions_of(admin, names)))
    if used := sorted({partition.topic for partition, end in ends.items() if end > 0}):
        raise BackupUnusable(
            f"Kafka 的主题 {'、'.join(used)} 不是空的：其中可能有备份之后的事件。"
            "请删除并重建全部主题，或换一个 HUIFANG_TOPIC_PREFIX"
        )


async def publish_again(
    dsns: Mapping[str, str], bootstrap: str, prefix: str, since: datetime, said: Callable[[str, int], None]
) -> int:
    """Publish what all archives hold since a business time; `said` hears service and events so far. Gives the total."""
    broker, total = KafkaBroker(bootstrap, security=ServiceSettings().kafka_security()), 0
    for service, dsn in dsns.items():
        total += await republish(dsn, broker, since, prefix, partial(said, service))
    return total
