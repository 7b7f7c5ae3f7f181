"""Photographs and signatures of visits on site; their files lie beside the database."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE attachment (
            id uuid PRIMARY KEY,
            visit_id uuid NOT NULL REFERENCES visit (id),
            agent text NOT NULL,
            kind text NOT NULL,
            digest bytea NOT NULL,
            media_type text NOT NULL,
            width integer NOT NULL,
            height integer NOT NULL,
            size integer NOT NULL,
            at timestamptz NOT NULL,
            stored boolean NOT NULL,
            attempt_id uuid REFERENCES attempt (id),
            dropped_at timestamptz,
            UNIQUE (visit_id, agent, kind, digest)
        )
    """)
    op.execute("CREATE INDEX attachment_attempt ON attachment (attempt_id) WHERE attempt_id IS NOT NULL")
    op.execute("CREATE INDEX attachment_unused ON attachment (at) WHERE attempt_id IS NULL")


def downgrade() -> None:
    op.execute("DROP TABLE attachment")
