"""The official calendar as the scheduler has published it."""

from alembic import op

from shared.migrations import create_calendar

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_calendar()


def downgrade() -> None:
    op.execute("DROP TABLE calendar_day")
