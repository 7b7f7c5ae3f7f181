"""What happened to each customer in all services, told from events; partitioned by the event's UTC day."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLE = """
CREATE TABLE timeline_entry (
    day date NOT NULL,
    event_key uuid NOT NULL,
    at timestamptz NOT NULL,
    name text NOT NULL,
    customer text NOT NULL,
    lineage text NOT NULL,
    number text NOT NULL,
    branch text NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (day, event_key)
) PARTITION BY RANGE (day);
CREATE INDEX timeline_customer ON timeline_entry (customer, at, event_key);
CREATE INDEX timeline_lineage ON timeline_entry (lineage, at, event_key);
CREATE INDEX timeline_number ON timeline_entry (number) WHERE number <> '';
"""


def upgrade() -> None:
    for statement in TABLE.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE timeline_entry")
