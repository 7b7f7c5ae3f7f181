"""Exact draws: populations, draws, and who was picked."""

from alembic import op

revision = "0007"
down_revision = "0006"

UP = """
CREATE TABLE draw_closing (
    id smallint PRIMARY KEY CHECK (id = 1),
    closed_until date NOT NULL
);

INSERT INTO draw_closing (id, closed_until) VALUES (1, '1970-01-01');

CREATE TABLE population (
    period date NOT NULL,
    policy_id text NOT NULL,
    policy_version int NOT NULL,
    fact_key uuid NOT NULL,
    stratum text NOT NULL,
    customer_id text NOT NULL,
    fact jsonb NOT NULL,
    PRIMARY KEY (period, policy_id, policy_version, fact_key)
) PARTITION BY RANGE (period);

CREATE TABLE draw (
    id uuid PRIMARY KEY,
    policy_id text NOT NULL,
    policy_version int NOT NULL,
    period date NOT NULL,
    ends date NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'closed', 'made', 'published')),
    priority smallint NOT NULL,
    rate double precision NOT NULL,
    seed text NOT NULL,
    rule jsonb NOT NULL,
    population int NOT NULL,
    strata jsonb NOT NULL,
    fingerprint text NOT NULL,
    made_at timestamptz,
    UNIQUE (policy_id, policy_version, period)
);

CREATE INDEX draw_unfinished ON draw (ends) WHERE state <> 'published';

CREATE TABLE pick (
    draw_id uuid NOT NULL,
    fact_key uuid NOT NULL,
    stratum text NOT NULL,
    place int NOT NULL,
    reserve boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'called', 'lost')),
    policy_id text NOT NULL,
    event_id text NOT NULL,
    customer_id text NOT NULL,
    PRIMARY KEY (draw_id, fact_key)
);

CREATE INDEX pick_waiting ON pick (draw_id, reserve, stratum, place) WHERE state = 'waiting';

CREATE INDEX pick_called ON pick (event_id) WHERE state = 'called'
"""


def upgrade() -> None:
    for statement in UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for table in ("pick", "draw", "population", "draw_closing"):
        op.execute(f"DROP TABLE {table}")
