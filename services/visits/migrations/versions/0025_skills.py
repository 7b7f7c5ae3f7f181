"""What people can do, beside their shifts: the languages that somebody here speaks."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute("ALTER TABLE work_shift ADD COLUMN skills text[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE work_shift DROP COLUMN skills")
