"""Customers may be paused; complaints tell whether they were sent back."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE customer ADD COLUMN paused_until timestamptz")
    op.execute("ALTER TABLE complaint_case ADD COLUMN reopened boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE complaint_case ALTER COLUMN reopened DROP DEFAULT")


def downgrade() -> None:
    op.execute("ALTER TABLE complaint_case DROP COLUMN reopened")
    op.execute("ALTER TABLE customer DROP COLUMN paused_until")
