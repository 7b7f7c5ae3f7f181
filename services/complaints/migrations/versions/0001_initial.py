"""Cases and their timelines."""

from alembic import op

from shared.migrations import create_core

revision = "0001"
down_revision = None

CASE = """
CREATE TABLE complaint_case (
    id uuid CONSTRAINT pk_complaint_case PRIMARY KEY,
    case_no text NOT NULL CONSTRAINT uq_complaint_case_case_no UNIQUE,
    origin text NOT NULL,
    origin_id text NOT NULL,
    lineage text NOT NULL,
    customer_id text NOT NULL,
    customer jsonb NOT NULL,
    matters jsonb NOT NULL,
    subjects jsonb NOT NULL,
    kind text NOT NULL,
    branch text NOT NULL,
    description text NOT NULL,
    reasons jsonb NOT NULL,
    state text NOT NULL CONSTRAINT ck_complaint_case_state
        CHECK (state IN ('opened', 'assigned', 'resolved', 'reopened', 'closed', 'rejected')),
    grade text NOT NULL CONSTRAINT ck_complaint_case_grade CHECK (grade IN ('major', 'general', 'opinion')),
    level int NOT NULL,
    round int NOT NULL,
    reworks int NOT NULL,
    important boolean NOT NULL,
    responsible_unit text NOT NULL,
    owner text NOT NULL,
    done_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    overdue_at timestamptz NOT NULL,
    escalate_at timestamptz,
    assigned_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    next_reply_at timestamptz,
    measures text NOT NULL,
    in_time boolean NOT NULL,
    outcome text,
    close_reason text NOT NULL,
    first_rating int,
    final_rating int,
    answered jsonb NOT NULL,
    version int NOT NULL,
    CONSTRAINT uq_complaint_case_origin_origin_id UNIQUE (origin, origin_id)
)
"""
INDEXES = (
    "CREATE INDEX complaint_case_opened ON complaint_case (opened_at DESC, id DESC)",
    "CREATE INDEX complaint_case_customer ON complaint_case (customer_id, opened_at)",
    "CREATE INDEX complaint_case_new ON complaint_case (id) WHERE state = 'opened'",
    "CREATE INDEX complaint_case_escalate ON complaint_case (escalate_at) WHERE escalate_at IS NOT NULL",
    "CREATE INDEX complaint_case_state ON complaint_case (state, grade)",
)
ENTRY = """
CREATE TABLE case_entry (
    position bigserial CONSTRAINT pk_case_entry PRIMARY KEY,
    case_id uuid NOT NULL CONSTRAINT fk_case_entry_case_id_complaint_case REFERENCES complaint_case (id),
    at timestamptz NOT NULL,
    what text NOT NULL,
    actor text NOT NULL,
    detail jsonb NOT NULL
)
"""


def upgrade() -> None:
    create_core()
    op.execute("CREATE SEQUENCE case_no_seq")
    op.execute(CASE)
    for statement in INDEXES:
        op.execute(statement)
    op.execute(ENTRY)
    op.execute("CREATE INDEX case_entry_case ON case_entry (case_id, position)")


def downgrade() -> None:
    op.execute("DROP TABLE case_entry")
    op.execute("DROP TABLE complaint_case")
    op.execute("DROP SEQUENCE case_no_seq")
