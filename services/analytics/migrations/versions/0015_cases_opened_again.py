"""A case that was closed may be sent back: what opened and what closed it last are kept in order."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("ALTER TABLE case_fact ADD COLUMN standing integer NOT NULL DEFAULT 0")
