"""Facts that don't stand any more: nothing is planned because of them, whichever is heard first."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE withdrawn_fact (
            event_id text NOT NULL,
            source text NOT NULL,
            reason text NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (event_id, source))
    """)
    op.execute("CREATE INDEX withdrawn_fact_at ON withdrawn_fact (at)")


def downgrade() -> None:
    op.execute("DROP TABLE withdrawn_fact")
