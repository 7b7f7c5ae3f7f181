"""Policies, decisions, tasks, contact ledger."""

from alembic import op

from shared.migrations import create_core

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE pack (
    name text PRIMARY KEY,
    title text NOT NULL,
    loaded_at timestamptz NOT NULL,
    loaded_by text NOT NULL
);

CREATE TABLE policy (
    id text PRIMARY KEY,
    pack text NOT NULL,
    version int NOT NULL,
    enabled boolean NOT NULL,
    revision int NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

CREATE TABLE policy_version (
    policy_id text NOT NULL,
    version int NOT NULL,
    content jsonb NOT NULL,
    hash text NOT NULL,
    loaded_at timestamptz NOT NULL,
    loaded_by text NOT NULL,
    PRIMARY KEY (policy_id, version)
);

CREATE TABLE policy_book (
    id smallint PRIMARY KEY CHECK (id = 1),
    revision bigint NOT NULL
);

INSERT INTO policy_book (id, revision) VALUES (1, 0);

CREATE TABLE customer (
    id text PRIMARY KEY,
    profile jsonb NOT NULL,
    as_of timestamptz NOT NULL,
    opted_out jsonb NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE complaint_case (
    id text PRIMARY KEY,
    customer_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'resolved', 'closed')),
    resolved_by text NOT NULL,
    as_of timestamptz NOT NULL
);

CREATE INDEX complaint_case_open ON complaint_case (customer_id) WHERE state = 'open';

CREATE TABLE decision (
    day date NOT NULL,
    event_key uuid NOT NULL,
    event_id text NOT NULL,
    source text NOT NULL,
    event_type text NOT NULL,
    customer_id text NOT NULL,
    at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL,
    outcome text NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (day, event_key)
) PARTITION BY RANGE (day);

CREATE INDEX decision_event_id ON decision (event_id);

CREATE INDEX decision_customer ON decision (customer_id);

CREATE TABLE task (
    id uuid PRIMARY KEY,
    policy_id text NOT NULL,
    policy_version int NOT NULL,
    event_id text NOT NULL,
    customer_id text NOT NULL,
    case_id text,
    due_at timestamptz NOT NULL,
    deadline_at timestamptz,
    state text NOT NULL CHECK (state IN ('planned', 'released', 'done', 'failed', 'cancelled', 'expired')),
    reason text NOT NULL,
    planned_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    body jsonb NOT NULL
);

CREATE INDEX task_customer ON task (customer_id, due_at, id);

CREATE INDEX task_due ON task (due_at, id);

CREATE INDEX task_case ON task (case_id) WHERE case_id IS NOT NULL;

CREATE TABLE due (
    task_id uuid PRIMARY KEY,
    customer_id text NOT NULL,
    due_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE INDEX due_at ON due (due_at, task_id);

CREATE INDEX due_customer ON due (customer_id);

CREATE TABLE contact_ledger (
    task_id uuid PRIMARY KEY,
    customer_id text NOT NULL,
    day date NOT NULL,
    state text NOT NULL CHECK (state IN ('reserved', 'committed', 'released'))
);

CREATE INDEX contact_ledger_customer ON contact_ledger (customer_id, day) WHERE state <> 'released'
"""
NAMES = ("contact_ledger", "due", "task", "decision", "complaint_case", "customer", "policy_book", "policy_version")


def upgrade() -> None:
    create_core()
    for statement in TABLES.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for table in (*NAMES, "policy", "pack"):
        op.execute(f"DROP TABLE {table}")
    for table in ("audit_log", "idempotency_key", "dead_letter", "outbox_archive", "outbox", "inbox"):
        op.execute(f"DROP TABLE {table}")
