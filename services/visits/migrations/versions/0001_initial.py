"""Visits, attempts, reviews, questionnaires."""

from alembic import op

from shared.migrations import create_core

revision = "0001"
down_revision = None

TABLES = (
    """
CREATE TABLE visit (
    id uuid PRIMARY KEY,
    task_id text NOT NULL UNIQUE,
    policy_id text NOT NULL,
    policy_version int NOT NULL,
    round int NOT NULL,
    customer_id text NOT NULL,
    customer jsonb NOT NULL,
    matters jsonb NOT NULL,
    kind text NOT NULL,
    branch text NOT NULL,
    team text NOT NULL,
    channel text NOT NULL,
    priority smallint NOT NULL,
    questionnaire text NOT NULL,
    questionnaire_version int NOT NULL,
    case_id text,
    due_at timestamptz NOT NULL,
    deadline_at timestamptz,
    lineage text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'claimed', 'waiting', 'appointed', 'completed', 'failed', 'cancelled')),
    rank smallint NOT NULL,
    agent text NOT NULL,
    lease_until timestamptz,
    next_at timestamptz,
    attempts int NOT NULL,
    tally jsonb NOT NULL,
    answers jsonb NOT NULL,
    cancel_reason text NOT NULL,
    ended text NOT NULL,
    outcome jsonb,
    finished_at timestamptz,
    version int NOT NULL,
    CHECK ((state = 'claimed') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('waiting', 'appointed')) = (next_at IS NOT NULL)),
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
) WITH (fillfactor = 85)
""",
    "CREATE INDEX visit_claim ON visit (team, rank, deadline_at, due_at, id) WHERE state = 'open'",
    "CREATE INDEX visit_claim_any ON visit (rank, deadline_at, due_at, id) WHERE state = 'open'",
    "CREATE INDEX visit_lease ON visit (lease_until) WHERE state = 'claimed'",
    "CREATE INDEX visit_next ON visit (next_at) WHERE next_at IS NOT NULL",
    "CREATE INDEX visit_deadline ON visit (deadline_at) WHERE finished_at IS NULL",
    "CREATE INDEX visit_finished ON visit (finished_at, team, state) WHERE finished_at IS NOT NULL",
    "CREATE INDEX visit_customer ON visit (customer_id, id)",
    "CREATE INDEX visit_state ON visit (state, id)",
    "CREATE INDEX visit_agent ON visit (agent, id)",
    """
CREATE TABLE attempt (
    id uuid PRIMARY KEY,
    visit_id uuid NOT NULL REFERENCES visit (id),
    number int NOT NULL,
    at timestamptz NOT NULL,
    agent text NOT NULL,
    result text NOT NULL,
    connected boolean NOT NULL,
    person text NOT NULL,
    talk_seconds int NOT NULL,
    wrap_up_seconds int NOT NULL,
    note text NOT NULL,
    phone_masked text NOT NULL,
    next_at timestamptz,
    UNIQUE (visit_id, number)
)
""",
    """
CREATE TABLE review (
    id uuid PRIMARY KEY,
    visit_id uuid NOT NULL REFERENCES visit (id),
    at timestamptz NOT NULL,
    reviewer text NOT NULL,
    remark text NOT NULL
)
""",
    "CREATE INDEX review_visit ON review (visit_id, id)",
    """
CREATE TABLE questionnaire (
    id text NOT NULL,
    version int NOT NULL,
    title text NOT NULL,
    definition text NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (id, version)
)
""",
)


def upgrade() -> None:
    create_core()
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for table in ("questionnaire", "review", "attempt", "visit"):
        op.execute(f"DROP TABLE {table}")
