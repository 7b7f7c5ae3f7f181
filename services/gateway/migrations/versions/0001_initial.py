"""Everything the gateway owns, and the built-in source for uploaded 12345 files."""

from alembic import op

from shared.migrations import create_core

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE source (
    name text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('erpnext', 'odoo', 'hotline', 'cloudevents', 'generic')),
    zone text NOT NULL,
    enabled boolean NOT NULL,
    tokens jsonb NOT NULL,
    secrets jsonb NOT NULL,
    options jsonb NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE raw_message (
    id uuid PRIMARY KEY,
    source text NOT NULL,
    kind text NOT NULL,
    content_type text NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'done')),
    result text CHECK (result IN ('new', 'duplicate', 'rejected', 'ignored', 'failed')),
    reason text NOT NULL,
    event_id text NOT NULL,
    number text NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX raw_message_pending ON raw_message (due_at) WHERE state = 'pending';
CREATE INDEX raw_message_source ON raw_message (source, id);
CREATE INDEX raw_message_received ON raw_message (received_at);

CREATE TABLE event_identity (
    id text NOT NULL,
    source text NOT NULL,
    event_key uuid NOT NULL,
    type text NOT NULL,
    number text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (id, source)
);
CREATE INDEX event_identity_event_key ON event_identity (event_key);
CREATE INDEX event_identity_received ON event_identity (received_at);

CREATE TABLE source_document (
    source text NOT NULL,
    number text NOT NULL,
    status text NOT NULL,
    fact text NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (source, number)
);

CREATE TABLE import_file (
    id uuid PRIMARY KEY,
    source text NOT NULL,
    filename text NOT NULL,
    digest bytea NOT NULL,
    content bytea NOT NULL,
    size bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed')),
    reason text NOT NULL,
    total integer NOT NULL,
    position integer NOT NULL,
    accepted integer NOT NULL,
    duplicate integer NOT NULL,
    rejected integer NOT NULL,
    ignored integer NOT NULL,
    lease_until timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX import_file_open ON import_file (id) WHERE state IN ('pending', 'running');
CREATE UNIQUE INDEX import_file_digest ON import_file (source, digest) WHERE state <> 'failed';

CREATE TABLE import_row (
    import_id uuid NOT NULL REFERENCES import_file (id) ON DELETE CASCADE,
    number integer NOT NULL,
    status text NOT NULL,
    column_name text NOT NULL,
    reason text NOT NULL,
    case_no text NOT NULL,
    event_id text NOT NULL,
    PRIMARY KEY (import_id, number)
);

CREATE TABLE endpoint (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    url text NOT NULL,
    sources text NOT NULL,
    types text[] NOT NULL,
    secrets jsonb NOT NULL,
    enabled boolean NOT NULL,
    disabled_reason text NOT NULL,
    failing_since timestamptz,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE delivery (
    id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES endpoint (id),
    event_id text NOT NULL,
    type text NOT NULL,
    number text NOT NULL,
    body text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts integer NOT NULL,
    tries integer NOT NULL,
    next_at timestamptz NOT NULL,
    last_status integer NOT NULL,
    last_error text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (endpoint_id, event_id, number)
);
CREATE INDEX delivery_due ON delivery (next_at) WHERE state = 'pending';
CREATE INDEX delivery_created ON delivery (created_at, id);

CREATE TABLE delivery_attempt (
    id uuid PRIMARY KEY,
    delivery_id uuid NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    at timestamptz NOT NULL,
    status integer NOT NULL,
    error text NOT NULL,
    millis integer NOT NULL
);
CREATE INDEX delivery_attempt_delivery ON delivery_attempt (delivery_id, id);

-- without tokens nothing can be pushed to it: it names what people upload
INSERT INTO source VALUES ('12345', 'hotline', 'Asia/Shanghai', true, '[]', '[]', '{}', 1, now(), now());
"""
NAMES = (
    "delivery_attempt", "delivery", "endpoint", "import_row", "import_file", "source_document", "event_identity",
    "raw_message", "source", "inbox", "outbox", "outbox_archive", "dead_letter", "idempotency_key", "audit_log",
)  # fmt: skip


def upgrade() -> None:
    create_core()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    for name in NAMES:
        op.execute(f"DROP TABLE {name}")
