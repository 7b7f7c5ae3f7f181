"""What runs remember of a customer, so that a fact heard late finds its place among what happened."""

from alembic import op

revision = "0012"
down_revision = "0011"

UP = """
CREATE TABLE heard_fact (
    customer_id text NOT NULL,
    at timestamptz NOT NULL,
    event_key uuid NOT NULL,
    fact jsonb NOT NULL,
    runs jsonb NOT NULL,
    PRIMARY KEY (customer_id, at, event_key)
) WITH (fillfactor = 90);

CREATE INDEX heard_fact_at ON heard_fact (at)
"""


def upgrade() -> None:
    for statement in UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE heard_fact")
