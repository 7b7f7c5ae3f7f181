"""Schema history: one Alembic history per service (`services/<name>/migrations/versions`), run by `env.py` beside this file.

A schema only grows, and there is no way down: what a later version wrote would be lost on it. Services of the version before
work on the schema of the next one (`tests/upgrade`), so going back is to run them again (`docs/operations.md`, Upgrade).
"""

from pathlib import Path

import alembic.op
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from shared.messaging.tables import (
    API_KEYS,
    AUDIT_CHAIN,
    AUDIT_CHAIN_GONE,
    AUDIT_CHECKPOINT,
    CORE_0001,
    DEPLOYMENT,
    ENDED_SESSIONS,
    ERASURE,
    ORGANISATION,
    VOID_SESSIONS,
)

ROOT = Path(__file__).resolve().parents[2]


def create_core() -> None:
    """Create inbox, outbox, dead letters, idempotency keys and audit log; first step of a service's first migration."""
    for statement in CORE_0001.split(";\n"):
        if statement.strip():
            alembic.op.execute(statement)


def chain_audit() -> None:
    """Make the audit log one that is only added to, with its chain (`shared.audit`)."""
    for statement in AUDIT_CHAIN:
        alembic.op.execute(statement)


def unchain_audit() -> None:
    for statement in AUDIT_CHAIN_GONE:
        alembic.op.execute(statement)


def create_audit_checkpoints() -> None:
    """Create the table of how far the audit chain was found whole (`shared.audit_check`)."""
    for statement in AUDIT_CHECKPOINT:
        alembic.op.execute(statement)


def create_sessions() -> None:
    """Create the table of sessions that were ended before their time (`shared.sessions`)."""
    alembic.op.execute(ENDED_SESSIONS)


def create_void_sessions() -> None:
    """Create the table of people whose sessions of before a moment have ended (`shared.sessions`)."""
    alembic.op.execute(VOID_SESSIONS)


def create_organisation() -> None:
    """Create the table of what packs have told of the organisation (`shared.units`)."""
    alembic.op.execute(ORGANISATION)


def create_api_keys() -> None:
    """Create the table of API keys that the gateway has told of (`shared.kept_keys`)."""
    alembic.op.execute(API_KEYS)


def create_deployments() -> None:
    """Create the table of the builds that have run (`shared.deployments`)."""
    alembic.op.execute(DEPLOYMENT)


def create_erasures() -> None:
    """Create the table of customers to be erased (`shared.erasure`)."""
    alembic.op.execute(ERASURE)


def create_calendar() -> None:
    """Create the table of a service that keeps the official calendar (`shared.official`)."""
    alembic.op.execute(
        "CREATE TABLE calendar_day (day date PRIMARY KEY, worked boolean NOT NULL, source text NOT NULL, version int NOT NULL)"
    )


def upgrade(service: str, dsn: str, revision: str = "head") -> bool:
    """Bring a service's database to `revision`; does nothing when it is there. Concurrent callers wait for each other.

    False where its schema is of a later version: that stays, and this version's services work on it.
    """
    config = _config(service, dsn)
    command.upgrade(config, revision)
    return not config.attributes.get("later")


def revisions(service: str) -> set[str]:
    """All revisions that this version of a service knows."""
    scripts = ScriptDirectory.from_config(_config(service, ""))
    return {script.revision for script in scripts.walk_revisions()}


def _config(service: str, dsn: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(ROOT / "services" / service / "migrations" / "versions"))
    config.set_main_option("path_separator", "newline")
    config.attributes["dsn"] = dsn
    return config
