"""Calls placed through a telephone line, what the line told of them, and where they can be heard."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE line_call (
            id uuid PRIMARY KEY,
            visit_id uuid NOT NULL REFERENCES visit (id),
            agent text NOT NULL,
            phone_masked text NOT NULL,
            placed_at timestamptz NOT NULL,
            ringing_at timestamptz,
            answered_at timestamptz,
            ended_at timestamptz,
            cause text NOT NULL,
            recording text NOT NULL,
            attempt_id uuid REFERENCES attempt (id)
        )
    """)
    op.execute("CREATE INDEX line_call_visit ON line_call (visit_id, agent, id)")


def downgrade() -> None:
    op.execute("DROP TABLE line_call")
