"""Policies with several steps: what their runs wait for, and the events without a customer that may be it."""

from alembic import op

revision = "0008"
down_revision = "0007"

UP = """
CREATE TABLE waiting_step (
    id uuid PRIMARY KEY,
    customer_id text NOT NULL,
    run_id uuid NOT NULL,
    policy_id text NOT NULL,
    policy_version int NOT NULL,
    step text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('result', 'event')),
    task_id uuid,
    since timestamptz NOT NULL,
    until timestamptz,
    signals text[] NOT NULL,
    body jsonb NOT NULL
) WITH (fillfactor = 80);

CREATE INDEX waiting_step_customer ON waiting_step (customer_id);

CREATE INDEX waiting_step_task ON waiting_step (task_id) WHERE task_id IS NOT NULL;

CREATE INDEX waiting_step_until ON waiting_step (until, id);

CREATE INDEX waiting_step_signals ON waiting_step USING gin (signals) WHERE kind = 'event';

CREATE TABLE signal (
    name text NOT NULL,
    event_key uuid NOT NULL,
    at timestamptz NOT NULL,
    fact jsonb NOT NULL,
    PRIMARY KEY (name, event_key)
)
"""


def upgrade() -> None:
    for statement in UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for table in ("signal", "waiting_step"):
        op.execute(f"DROP TABLE {table}")
