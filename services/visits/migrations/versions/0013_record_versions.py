"""The versions of records that were corrected."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE record_version (
            visit_id uuid NOT NULL REFERENCES visit (id),
            number int NOT NULL,
            at timestamptz NOT NULL,
            by text NOT NULL,
            reason text NOT NULL,
            answers jsonb NOT NULL,
            outcome jsonb NOT NULL,
            note text NOT NULL,
            PRIMARY KEY (visit_id, number)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE record_version")
