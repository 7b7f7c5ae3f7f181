"""The life of policies: drafts, versions with a validity, event kinds; what became of tasks; decisions by document; trials."""

from alembic import op

revision = "0005"
down_revision = "0004"

UP = """
ALTER TABLE policy_version ADD COLUMN valid_from timestamptz, ADD COLUMN valid_until timestamptz;

CREATE TABLE event_kind (
    pack text NOT NULL,
    event text NOT NULL,
    title text NOT NULL,
    schema jsonb NOT NULL,
    PRIMARY KEY (pack, event)
);

CREATE TABLE pack_draft (
    id uuid PRIMARY KEY,
    pack text NOT NULL,
    title text NOT NULL,
    note text NOT NULL,
    files jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'published', 'discarded')),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    settled_at timestamptz,
    settled_by text NOT NULL
);

ALTER TABLE decision ADD COLUMN subject text NOT NULL DEFAULT '';

DROP INDEX decision_customer;

CREATE INDEX decision_customer ON decision (customer_id, subject);

ALTER TABLE task ADD COLUMN life jsonb NOT NULL DEFAULT '[]';

CREATE TABLE trial (
    id uuid PRIMARY KEY,
    pack text NOT NULL,
    title text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    request jsonb NOT NULL,
    done bigint NOT NULL,
    total bigint NOT NULL,
    result jsonb,
    error text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    lease_until timestamptz
);

CREATE INDEX trial_waiting ON trial (created_at, id) WHERE state IN ('queued', 'running');

CREATE TABLE trial_facts (
    trial_id uuid NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
    part int NOT NULL,
    lines bytea NOT NULL,
    PRIMARY KEY (trial_id, part)
)
"""
DOWN = """
DROP TABLE trial_facts;

DROP TABLE trial;

ALTER TABLE task DROP COLUMN life;

DROP INDEX decision_customer;

CREATE INDEX decision_customer ON decision (customer_id);

ALTER TABLE decision DROP COLUMN subject;

DROP TABLE pack_draft;

DROP TABLE event_kind;

ALTER TABLE policy_version DROP COLUMN valid_from, DROP COLUMN valid_until
"""


def upgrade() -> None:
    for statement in UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN.split(";\n"):
        op.execute(statement)
