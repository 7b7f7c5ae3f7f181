"""Do the SQLModel tables and the migrations agree?"""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection
from sqlalchemy.schema import SchemaItem

from shared.db import engine_for

CORE = {
    "inbox",
    "outbox",
    "outbox_archive",
    "dead_letter",
    "idempotency_key",
    "audit_log",
    "audit_chain",
    "audit_checkpoint",
    "audit_unsealed",
    "ended_session",
    "void_session",
    "organisation",
    "api_key",
    "deployment",
    "erasure",
    "alembic_version",
}


async def assert_models_match(dsn: str, metadata: MetaData) -> None:
    """Fail with the differences between the migrated database and the models' metadata; core tables and partitions aside."""
    engine = engine_for(dsn, 1, "huifang-test")
    try:
        async with engine.connect() as connection:
            differences = await connection.run_sync(_compare, metadata)
    finally:
        await engine.dispose()
    assert not differences, differences


def _compare(connection: Connection, metadata: MetaData) -> list[object]:
    def ours(item: SchemaItem, name: str | None, kind: str, _reflected: bool, _other: SchemaItem | None) -> bool:
        table = name if kind == "table" else getattr(getattr(item, "table", None), "name", None)
        return kind in ("table", "column") and table not in CORE and not _is_partition(connection, table)

    context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
    return list(compare_metadata(context, metadata))


def _is_partition(connection: Connection, table: str | None) -> bool:
    found = connection.exec_driver_sql(
        "SELECT relispartition FROM pg_class WHERE relname = $1 AND relkind = 'r'", (table,)
    ).scalar()
    return bool(found)
