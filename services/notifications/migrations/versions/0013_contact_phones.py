"""Customers are found by their further numbers, too."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("CREATE INDEX contact_phones ON contact USING gin (phones)")


def downgrade() -> None:
    op.execute("DROP INDEX contact_phones")
