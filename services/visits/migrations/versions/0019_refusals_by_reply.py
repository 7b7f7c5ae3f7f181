"""Digits sent back that people took for a refusal."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("ALTER TABLE stray_reply ADD COLUMN refused boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE stray_reply DROP COLUMN refused")
