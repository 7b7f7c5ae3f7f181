"""What changes slowly: the database's size, the partitions made ahead, when certificates end."""

import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import structlog
from cryptography import x509
from sqlalchemy import text

from shared.housekeeping import daily_tables
from shared.jobs import Job
from shared.observability.metrics import CERTIFICATE_ENDS, DATABASE_BYTES, PARTITIONS_AHEAD
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from shared.runtime import Runtime

log = structlog.get_logger(__name__)
_SIZE = text("SELECT pg_database_size(current_database())")
_PARTITIONS = text("""
    SELECT parent.relname, part.relname FROM pg_inherits
    JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class part ON part.oid = inhrelid
    WHERE parent.relname = ANY(:tables)
""")
_DAY = re.compile(r"_(\d{8})$", re.ASCII)


async def measure_storage(runtime: "Runtime") -> int:
    """Set the gauges; never asks to be run again at once."""
    service, tables = runtime.service.name, daily_tables(runtime)
    async with runtime.db.read() as session:
        DATABASE_BYTES.labels(service).set((await session.execute(_SIZE)).scalar_one())
        found = [(parent, part) for parent, part in await session.execute(_PARTITIONS, {"tables": tables})]
    today = runtime.clock.now().date()
    for table in tables:
        days = {day for parent, part in found if parent == table and (day := _day_of(part)) and day > today}
        PARTITIONS_AHEAD.labels(service, table).set(len(days))
    for path in _certificates(runtime.settings):
        try:
            CERTIFICATE_ENDS.labels(service, path.name).set(ends_of(path.read_bytes()).timestamp())
        except (OSError, ValueError) as error:
            log.warning("certificate_unreadable", file=path.name, error=repr(error))
    return 0


def _day_of(partition: str) -> date | None:
    found = _DAY.search(partition)
    return datetime.strptime(found[1], "%Y%m%d").date() if found else None  # noqa: DTZ007 - a day has no zone


def _certificates(settings: ServiceSettings) -> Iterator[Path]:
    """The certificate files that this service was given for Kafka and PostgreSQL, by the DSN or by libpq's variables."""
    yield from filter(None, (settings.kafka_ca_file, settings.kafka_certificate_file))
    asked = parse_qs(urlsplit(settings.postgres_dsn).query)
    for name in ("sslrootcert", "sslcert"):
        given = asked.get(name) or [os.environ.get(f"PG{name.upper()}", "")]
        yield from (Path(path) for path in given if path)


def ends_of(pem: bytes) -> datetime:
    """When the first of a file's certificates ends. Raises ValueError for a file without any."""
    return min(certificate.not_valid_after_utc for certificate in x509.load_pem_x509_certificates(pem))


MEASURE_STORAGE = Job("measure_storage", every=30, run=measure_storage)
