"""The messaging rows every service keeps in its own database, as SQL its first migration runs."""

SHARDS = 16

CORE_0001 = f"""
CREATE TABLE inbox (
    consumer text NOT NULL,
    event_day date NOT NULL,
    event_key uuid NOT NULL,
    PRIMARY KEY (consumer, event_day, event_key)
) PARTITION BY RANGE (event_day);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND {SHARDS - 1}),
    topic text NOT NULL,
    key text NOT NULL,
    headers bytea NOT NULL,
    value bytea NOT NULL,
    at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

CREATE TABLE outbox_archive (
    id bigint NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    headers bytea NOT NULL,
    value bytea NOT NULL,
    at timestamptz NOT NULL
) PARTITION BY RANGE (at);

CREATE TABLE dead_letter (
    id uuid PRIMARY KEY,
    consumer text NOT NULL,
    event_key uuid NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    record_offset bigint NOT NULL,
    record_timestamp bigint NOT NULL,
    key text NOT NULL,
    headers bytea NOT NULL,
    value bytea NOT NULL,
    error_type text NOT NULL,
    error text NOT NULL,
    attempts int NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'discarded')),
    note text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    UNIQUE (consumer, event_key)
);
CREATE INDEX dead_letter_open ON dead_letter (created_at, id) WHERE state = 'open';

CREATE TABLE idempotency_key (
    principal text NOT NULL,
    key text NOT NULL,
    route text NOT NULL,
    fingerprint bytea NOT NULL,
    status int,
    body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (principal, key, route)
);

CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    principal text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{{}}'
);
CREATE INDEX audit_log_at ON audit_log (at DESC, id);
"""
