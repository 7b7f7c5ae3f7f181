"""Every unit that knows a customer is kept, where only the branch of the newest fact was."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("ALTER TABLE contact ADD COLUMN units text[] NOT NULL DEFAULT '{}'")
    op.execute("UPDATE contact SET units = ARRAY[branch] WHERE branch <> ''")
