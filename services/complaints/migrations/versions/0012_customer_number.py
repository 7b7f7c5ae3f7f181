"""What was learned of customers' numbers in calls, for cases that are heard of later."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE customer_number (
            customer_id text PRIMARY KEY,
            wrong jsonb NOT NULL,
            phone text NOT NULL,
            phone_masked text NOT NULL,
            learned_at timestamptz NOT NULL
        )
    """)
