"""Leases of a send that ended without an answer are counted: what several processes died of is set aside."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE send ADD COLUMN lost integer NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE send DROP COLUMN lost")
