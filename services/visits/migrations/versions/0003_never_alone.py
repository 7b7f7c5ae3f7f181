"""A visit tells which roles may not make it on site by themselves (R07.6)."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE visit ADD COLUMN never_alone jsonb NOT NULL DEFAULT '[]'")


def downgrade() -> None:
    op.execute("ALTER TABLE visit DROP COLUMN never_alone")
