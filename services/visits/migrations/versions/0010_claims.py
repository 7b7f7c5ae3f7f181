"""Claims go by person; calls, notices, callbacks of somebody's own, and who is there."""

from alembic import op

revision = "0010"
down_revision = "0009"

COLUMNS = (
    "released_at timestamptz",
    "closed_to text[] NOT NULL DEFAULT '{}'",
    "needs text[] NOT NULL DEFAULT '{}'",
    "companion text NOT NULL DEFAULT ''",
    "call_started_at timestamptz",
    "call_ended_at timestamptz",
    "callback_at timestamptz",
    "callback_owner text NOT NULL DEFAULT ''",
    "postpone_reason text NOT NULL DEFAULT ''",
    "notices jsonb NOT NULL DEFAULT '[]'",
)
ATTEMPT = ("started_at timestamptz", "companion text NOT NULL DEFAULT ''", "callback_kept boolean")
STATES = ("open", "claimed", "waiting", "appointed", "postponed", "completed", "failed", "cancelled")
PRESENCE = """
CREATE TABLE presence (
    agent text PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL,
    since timestamptz NOT NULL,
    capacity int NOT NULL,
    units text[] NOT NULL DEFAULT '{}',
    teams text[] NOT NULL DEFAULT '{}'
)
"""


def upgrade() -> None:
    for table, columns in (("visit", COLUMNS), ("attempt", ATTEMPT)):
        op.execute(f"ALTER TABLE {table} " + ", ".join(f"ADD COLUMN {column}" for column in columns))
    op.execute("ALTER TABLE visit DROP CONSTRAINT visit_state_check")
    op.execute(f"ALTER TABLE visit ADD CONSTRAINT visit_state_check CHECK (state IN {STATES})")
    op.execute("CREATE INDEX visit_callback ON visit (callback_owner, callback_at) WHERE callback_owner <> ''")
    op.execute(PRESENCE)


def downgrade() -> None:
    op.execute("DROP TABLE presence")
    op.execute("DROP INDEX visit_callback")
    op.execute("UPDATE visit SET state = 'open' WHERE state = 'postponed'")
    op.execute("ALTER TABLE visit DROP CONSTRAINT visit_state_check")
    op.execute(f"ALTER TABLE visit ADD CONSTRAINT visit_state_check CHECK (state IN {STATES[:4] + STATES[5:]})")
    for table, columns in (("attempt", ATTEMPT), ("visit", COLUMNS)):
        op.execute(f"ALTER TABLE {table} " + ", ".join(f"DROP COLUMN {column.split()[0]}" for column in columns))
