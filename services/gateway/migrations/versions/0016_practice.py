"""Raw messages and uploaded files that their senders mark as practice."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE raw_message ADD COLUMN practice boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE import_file ADD COLUMN practice boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE import_file DROP COLUMN practice")
    op.execute("ALTER TABLE raw_message DROP COLUMN practice")
