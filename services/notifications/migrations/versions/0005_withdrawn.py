"""Facts that don't stand any more; planned messages are found by their cause."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE withdrawn_fact (event_id text NOT NULL, source text NOT NULL, at timestamptz NOT NULL, "
        "PRIMARY KEY (event_id, source))"
    )
    op.execute("CREATE INDEX send_planned_cause ON send (cause_id) WHERE state = 'planned'")


def downgrade() -> None:
    op.execute("DROP INDEX send_planned_cause")
    op.execute("DROP TABLE withdrawn_fact")
