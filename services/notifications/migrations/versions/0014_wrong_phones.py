"""Numbers that were learned to be wrong are not written to again."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("ALTER TABLE contact ADD COLUMN wrong_phones text[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE contact DROP COLUMN wrong_phones")
