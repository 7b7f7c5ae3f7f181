"""The messaging core: how services exchange events without losing or doubling anything.

Who is authoritative: a service's PostgreSQL database. Kafka carries events between databases; a consumer group's offsets
are a hint about where to go on, never the record of what was done.

1. Accepted means stored. An edge answers 2xx after its transaction is committed (`Database.work`), never before.
   *Crash before the commit:* the caller got no 2xx and sends again. *Crash after it, before the answer:* the caller sends
   again and the gateway answers "duplicate".
2. At least once on the wire, exactly once in effect. A consumer claims each event in its inbox, keyed by
   `(consumer, event day, event key)`; claim, effects and outgoing events commit in one transaction; offsets are committed
   afterwards. *Crash before the commit:* nothing happened, Kafka delivers again. *Crash between the commit and the offset
   commit:* Kafka delivers again, the claim finds every key taken, nothing happens. *Two members hold one partition
   during a rebalance:* the second waits on the first's uncommitted claims, then skips or does what is left.
3. Transactional outbox. Outgoing events are rows written by the transaction that changes the state. The relay reads
   whatever rows there are, in id order, publishes, waits for the broker's acknowledgement, and then moves the rows to the
   archive; it keeps no cursor, so a row that commits late is simply found later. *Crash after publishing, before moving:*
   published again with the same event id; inboxes skip it. *Kafka lost its data:* `republish` sends the archive again.
4. Order per key. A row is written while its aggregate's row lock is held, so id order is commit order per key. A key
   belongs to one shard, a shard to one relay at a time (a PostgreSQL advisory lock), a key to one partition, a partition to
   one consumer. *The relay's connection breaks:* its locks fall to another relay; what both publish is the same events.
5. A poison message never blocks a partition. A batch that fails is halved until the culprit stands alone; it is tried
   a few times with jitter, then claimed and stored as a dead letter in one transaction (so: exactly once), published to
   `<consumer>-dlq`, and its neighbours go on. Too many dead letters in a row stop the consumer: that is a bad deployment,
   not bad data. *The database or broker is away:* that is no poison; the batch waits and is read again.
6. One record per event. Whoever must decide on each event (the scheduler) writes its record in the same transaction as
   the claim.
7. Sending outside the system is not idempotent, so it is never done inside a handler: handlers write an intent, a job
   leases it with a fencing token, and an unknown outcome waits for its receipt.

Files: `event` (what travels), `broker` (the port), `memory` and `kafka` (its two implementations), `outbox`, `relay`,
`inbox`, `arrived`, `dead_letters`, `transient`, `consumer`, `work` (a transaction at the edge), `tables` (the rows).
"""

from shared.messaging.consumer import Consumer
from shared.messaging.event import Event
from shared.messaging.work import Work

__all__ = ["Consumer", "Event", "Work"]
