"""A contact about several matters keeps the versions of all their questionnaires."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE visit ADD COLUMN questionnaires jsonb NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE visit DROP COLUMN questionnaires")
