"""Follow-ups and ratings know which correction of their visit's record they tell."""

from alembic import op

revision = "0009"
down_revision = "0008"
TABLES = ("followup_fact", "rating_fact")


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN correction int NOT NULL DEFAULT 0")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN correction")
