"""Withdrawals are forgotten by their age."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("CREATE INDEX withdrawn_fact_at ON withdrawn_fact (at)")


def downgrade() -> None:
    op.execute("DROP INDEX withdrawn_fact_at")
