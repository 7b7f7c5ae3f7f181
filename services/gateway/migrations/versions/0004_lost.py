"""Leases of a delivery that ended without an answer are counted: what several workers died of is set aside."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE delivery ADD COLUMN lost integer NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE delivery DROP COLUMN lost")
