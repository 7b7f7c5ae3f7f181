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

# the audit log is only added to, and chained: see `shared.audit`
AUDIT_CHAIN = (
    "CREATE TABLE audit_unsealed (entry uuid PRIMARY KEY)",
    "CREATE TABLE audit_chain (seq bigint PRIMARY KEY, entry uuid NOT NULL UNIQUE, hash bytea NOT NULL)",
    """CREATE FUNCTION audit_note() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN INSERT INTO audit_unsealed (entry) VALUES (NEW.id); RETURN NULL; END$$""",
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'insufficient_privilege'; END$$""",
    "CREATE TRIGGER audit_note AFTER INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_note()",
    """CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit_log, audit_chain FROM PUBLIC, CURRENT_USER",
    "INSERT INTO audit_unsealed (entry) SELECT id FROM audit_log",
)
AUDIT_CHAIN_GONE = (
    "DROP TRIGGER audit_note ON audit_log",
    "DROP TRIGGER audit_refuse ON audit_log",
    "DROP TABLE audit_chain, audit_unsealed",
    "DROP FUNCTION audit_note, audit_refuse",
    "GRANT UPDATE, DELETE, TRUNCATE ON audit_log TO CURRENT_USER",
)

# up to which link the chain was found whole, only added to as well: see `shared.audit_check`
AUDIT_CHECKPOINT = (
    """CREATE TABLE audit_checkpoint (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        from_start boolean NOT NULL,
        seq bigint NOT NULL,
        hash bytea NOT NULL,
        wrong text NOT NULL
    )""",
    """CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit_checkpoint FROM PUBLIC, CURRENT_USER",
)

# `told` is an `OrganisationPublished`; `told_at` is used by the scheduler alone
ORGANISATION = """
CREATE TABLE organisation (pack text PRIMARY KEY, version int NOT NULL, told jsonb NOT NULL, told_at timestamptz)
"""

# `told` is a `KeyChanged`
API_KEYS = "CREATE TABLE api_key (id uuid PRIMARY KEY, version int NOT NULL, told jsonb NOT NULL)"

ENDED_SESSIONS = "CREATE TABLE ended_session (id text PRIMARY KEY, ended_at timestamptz NOT NULL)"
VOID_SESSIONS = "CREATE TABLE void_session (person text PRIMARY KEY, before timestamptz NOT NULL)"

DEPLOYMENT = """
CREATE TABLE deployment (
    version text NOT NULL, build_commit text NOT NULL, first_at timestamptz NOT NULL, last_at timestamptz NOT NULL,
    PRIMARY KEY (version, build_commit)
)
"""

# `asked_at` is business time, all else machine time; `next_at` is NULL once nothing about the customer can arrive any more
ERASURE = """
CREATE TABLE erasure (
    customer text PRIMARY KEY,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    heard_at timestamptz NOT NULL,
    next_at timestamptz,
    erased_at timestamptz,
    done_at timestamptz
)
"""
