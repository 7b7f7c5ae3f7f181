"""When the other services were last told of a person's shift."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("ALTER TABLE person ADD COLUMN told_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE person DROP COLUMN told_at")
