"""How attempts stood before and after their result was corrected, and how often a failed visit was opened again."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.execute("ALTER TABLE visit ADD COLUMN reopened int NOT NULL DEFAULT 0")
    op.execute("""
        CREATE TABLE attempt_version (
            attempt_id uuid NOT NULL REFERENCES attempt (id),
            number int NOT NULL,
            at timestamptz NOT NULL,
            by text NOT NULL,
            reason text NOT NULL,
            result text NOT NULL,
            own_code text NOT NULL,
            person text NOT NULL,
            note text NOT NULL,
            PRIMARY KEY (attempt_id, number)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE attempt_version")
    op.execute("ALTER TABLE visit DROP COLUMN reopened")
