"""The agreed time of a visit on site that the customer has confirmed."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE visit ADD COLUMN confirmed_for timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE visit DROP COLUMN confirmed_for")
