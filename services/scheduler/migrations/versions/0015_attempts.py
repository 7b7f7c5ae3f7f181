"""Trials and draws are counted as they are taken: what several workers died of is set aside."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for table in ("trial", "draw"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN attempts int NOT NULL DEFAULT 0")


def downgrade() -> None:
    for table in ("trial", "draw"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN attempts")
