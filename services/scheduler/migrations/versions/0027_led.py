"""Results that led runs on, in case they are corrected."""

from alembic import op

revision = "0027"
down_revision = "0026"

UP = """
CREATE TABLE led_step (
    id uuid PRIMARY KEY,
    customer_id text NOT NULL,
    task_id uuid NOT NULL,
    at timestamptz NOT NULL,
    body jsonb NOT NULL
);

CREATE INDEX led_step_task ON led_step (task_id);

CREATE INDEX led_step_at ON led_step (at)
"""


def upgrade() -> None:
    for statement in UP.split(";\n"):
        op.execute(statement)
