"""The official calendar as the scheduler has published it, and cases whose deadline hangs on a year that is not yet."""

from alembic import op

from shared.migrations import create_calendar

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_calendar()
    op.execute("ALTER TABLE complaint_case ADD COLUMN limit_from timestamptz, ADD COLUMN unpublished_year int")
    op.execute(
        "CREATE INDEX complaint_case_provisional ON complaint_case (unpublished_year, id)"
        " WHERE unpublished_year IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE complaint_case DROP COLUMN limit_from, DROP COLUMN unpublished_year")
    op.execute("DROP TABLE calendar_day")
