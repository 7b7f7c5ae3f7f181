"""Facts, rollups, people counted and agents' days."""

from alembic import op

from shared.migrations import create_core

revision = "0001"
down_revision = None

# facts are written several times in their life: room on the page keeps those updates cheap
FACTS = """
CREATE TABLE followup_fact (
    id text NOT NULL CONSTRAINT pk_followup_fact PRIMARY KEY,
    told text NOT NULL DEFAULT '',
    customer text NOT NULL DEFAULT '',
    branch text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    policy text NOT NULL DEFAULT '',
    purpose text NOT NULL DEFAULT '',
    round int NOT NULL DEFAULT 1,
    due_day date,
    planned_day date,
    released_day date,
    cancelled text NOT NULL DEFAULT '',
    lawful boolean NOT NULL DEFAULT false,
    effective boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
CREATE TABLE rating_fact (
    id text NOT NULL CONSTRAINT pk_rating_fact PRIMARY KEY,
    day date,
    branch text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    policy text NOT NULL DEFAULT '',
    first text NOT NULL DEFAULT '',
    effective boolean NOT NULL DEFAULT false,
    dissatisfied boolean NOT NULL DEFAULT false,
    final text NOT NULL DEFAULT '',
    looped boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
CREATE TABLE case_fact (
    id text NOT NULL CONSTRAINT pk_case_fact PRIMARY KEY,
    opened_day date,
    customer text NOT NULL DEFAULT '',
    branch text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    origin text NOT NULL DEFAULT '',
    origin_id text NOT NULL DEFAULT '',
    answer text NOT NULL DEFAULT '',
    answered_in_time boolean NOT NULL DEFAULT false,
    reworked boolean NOT NULL DEFAULT false,
    closed_day date,
    outcome text NOT NULL DEFAULT '',
    second text NOT NULL DEFAULT '',
    second_day date,
    second_policy text NOT NULL DEFAULT '',
    final text NOT NULL DEFAULT '',
    asked_in_time boolean NOT NULL DEFAULT false,
    repeated boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
CREATE INDEX ix_case_fact_matter ON case_fact (customer, kind);
CREATE TABLE send_fact (
    id text NOT NULL CONSTRAINT pk_send_fact PRIMARY KEY,
    day date,
    branch text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    delivered boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
CREATE TABLE branch_name (
    code text NOT NULL CONSTRAINT pk_branch_name PRIMARY KEY,
    told text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT ''
);
"""

FIGURES = """
CREATE TABLE rollup (
    day date NOT NULL,
    branch text NOT NULL,
    kind text NOT NULL,
    policy text NOT NULL,
    measure text NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT pk_rollup PRIMARY KEY (day, branch, kind, policy, measure)
) WITH (fillfactor = 70);
CREATE TABLE head_count (
    day date NOT NULL,
    branch text NOT NULL,
    kind text NOT NULL,
    policy text NOT NULL,
    measure text NOT NULL,
    customer text NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT pk_head_count PRIMARY KEY (day, branch, kind, policy, measure, customer)
);
CREATE TABLE agent_day (
    day date NOT NULL,
    branch text NOT NULL,
    team text NOT NULL,
    agent text NOT NULL,
    measure text NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT pk_agent_day PRIMARY KEY (day, branch, team, agent, measure)
) WITH (fillfactor = 70);
"""


def upgrade() -> None:
    create_core()
    for statement in (FACTS + FIGURES).split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    for table in ("audit_log", "idempotency_key", "dead_letter", "outbox_archive", "outbox", "inbox"):
        op.execute(f"DROP TABLE {table}")
    for table in (
        "branch_name",
        "agent_day",
        "head_count",
        "rollup",
        "send_fact",
        "case_fact",
        "rating_fact",
        "followup_fact",
    ):
        op.execute(f"DROP TABLE {table}")
