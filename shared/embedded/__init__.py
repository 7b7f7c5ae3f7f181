"""Servers for one machine: PostgreSQL and Apache Kafka as plain child processes, with nothing installed.

For development, demonstrations and tests: one node, no TLS, no replicas, loopback only. A site that must not lose data
when the machine dies runs its own servers and names them by `HUIFANG_POSTGRES_DSN` and `HUIFANG_KAFKA_BOOTSTRAP`.

Each server object prepares its directory (`prepare`), names the command to run (`command`) and tells when the server
really answers (`ready`). Who runs the command is up to the caller: the supervisor and the fault tests wait() on their
own child.
"""

NOTICE = "one machine only: a single node without TLS or replicas; use your own servers in production"


class EmbeddedServerError(RuntimeError):
    """A server of ours cannot be prepared or started; the text says what to do."""
