"""The official calendar, deadline warnings, and tasks whose times hang on holidays not yet published."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE calendar_day (
    day date PRIMARY KEY,
    worked boolean NOT NULL,
    source text NOT NULL,
    version int NOT NULL
);

CREATE TABLE deadline_warning (
    task_id uuid PRIMARY KEY,
    warn_at timestamptz NOT NULL,
    sent boolean NOT NULL
);

CREATE INDEX deadline_warning_due ON deadline_warning (warn_at, task_id) WHERE NOT sent;

CREATE TABLE provisional_task (
    task_id uuid PRIMARY KEY,
    customer_id text NOT NULL,
    year int NOT NULL
);

CREATE INDEX provisional_task_year ON provisional_task (year, task_id);

CREATE INDEX provisional_task_customer ON provisional_task (customer_id)
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for table in ("provisional_task", "deadline_warning", "calendar_day"):
        op.execute(f"DROP TABLE {table}")
