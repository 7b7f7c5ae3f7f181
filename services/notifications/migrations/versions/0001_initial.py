"""Send ledger, contacts, opt-outs and consents, templates and rules, receipts and replies, greeting days."""

from alembic import op

from shared.migrations import create_core

revision = "0001"
down_revision = None

SEND = """
CREATE TABLE send (
    id uuid CONSTRAINT pk_send PRIMARY KEY,
    key text NOT NULL CONSTRAINT uq_send_key UNIQUE,
    channel text NOT NULL CONSTRAINT ck_send_channel CHECK (channel IN ('sms', 'email')),
    category text NOT NULL CONSTRAINT ck_send_category CHECK (category IN ('verify', 'notice', 'promotion')),
    purpose text NOT NULL,
    template text NOT NULL,
    template_version int NOT NULL,
    audience text NOT NULL CONSTRAINT ck_send_audience CHECK (audience IN ('customer', 'manager')),
    customer_id text NOT NULL,
    recipient text NOT NULL,
    params jsonb NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    cause_id text NOT NULL,
    lineage text NOT NULL,
    branch text NOT NULL,
    kind text NOT NULL,
    priority smallint NOT NULL,
    needs_consent boolean NOT NULL,
    planned_at timestamptz NOT NULL,
    not_before timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL CONSTRAINT ck_send_state CHECK
        (state IN ('planned', 'leased', 'accepted', 'unknown', 'delivered', 'failed', 'suppressed')),
    reason text NOT NULL,
    provider text NOT NULL,
    provider_ref text NOT NULL,
    token bigint NOT NULL,
    attempts int NOT NULL,
    retry_at timestamptz,
    leased_until timestamptz,
    checked_from timestamptz,
    check_at timestamptz,
    submitted_at timestamptz,
    accepted_at timestamptz,
    finished_at timestamptz,
    resend_of uuid,
    CONSTRAINT ck_send_leased_until CHECK (state <> 'leased' OR leased_until IS NOT NULL)
)
"""
CONTACT = """
CREATE TABLE contact (
    customer_id text CONSTRAINT pk_contact PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    name text NOT NULL,
    phone text NOT NULL,
    email text NOT NULL,
    birthday text NOT NULL,
    birthday_key text NOT NULL,
    level text NOT NULL,
    branch text NOT NULL,
    do_not_contact boolean NOT NULL
)
"""
OPT_OUT = """
CREATE TABLE opt_out (
    id uuid CONSTRAINT pk_opt_out PRIMARY KEY,
    customer_id text NOT NULL,
    recipient text NOT NULL,
    channel text NOT NULL CONSTRAINT ck_opt_out_channel CHECK (channel IN ('sms', 'email')),
    scope text NOT NULL,
    how text NOT NULL,
    note text NOT NULL,
    by text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text NOT NULL
)
"""
CONSENT = """
CREATE TABLE consent (
    id uuid CONSTRAINT pk_consent PRIMARY KEY,
    customer_id text NOT NULL,
    how text NOT NULL,
    text text NOT NULL,
    by text NOT NULL,
    given_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    revoked_at timestamptz
)
"""
DOCUMENT = """
CREATE TABLE document (
    kind text NOT NULL CONSTRAINT ck_document_kind CHECK (kind IN ('template', 'rule')),
    name text NOT NULL,
    version int NOT NULL,
    body jsonb NOT NULL,
    digest text NOT NULL,
    usable boolean NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    CONSTRAINT pk_document PRIMARY KEY (kind, name, version)
)
"""
RECEIPT = """
CREATE TABLE receipt (
    provider text NOT NULL,
    provider_ref text NOT NULL,
    recipient text NOT NULL,
    status text NOT NULL,
    send_id uuid,
    code text NOT NULL,
    reported_at timestamptz,
    received_at timestamptz NOT NULL,
    CONSTRAINT pk_receipt PRIMARY KEY (provider, provider_ref, recipient, status)
)
"""
REPLY = """
CREATE TABLE reply (
    provider text NOT NULL,
    sequence text NOT NULL,
    recipient text NOT NULL,
    content text NOT NULL,
    customer_id text NOT NULL,
    send_id uuid,
    digit smallint,
    refused boolean NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT pk_reply PRIMARY KEY (provider, sequence, recipient)
)
"""
GREETING_DAY = """
CREATE TABLE greeting_day (
    day date CONSTRAINT pk_greeting_day PRIMARY KEY,
    planned_at timestamptz NOT NULL,
    planned int NOT NULL
)
"""
INDEXES = (
    "CREATE INDEX send_due ON send (priority, not_before) WHERE state = 'planned'",
    "CREATE INDEX send_leased ON send (leased_until) WHERE state = 'leased'",
    "CREATE INDEX send_to_check ON send (check_at) WHERE check_at IS NOT NULL",
    "CREATE INDEX send_recipient ON send (recipient, submitted_at)",
    "CREATE INDEX send_customer ON send (customer_id, planned_at DESC)",
    "CREATE INDEX send_planned ON send (planned_at DESC, id DESC)",
    "CREATE INDEX contact_birthday ON contact (birthday_key) WHERE birthday_key <> ''",
    "CREATE INDEX contact_phone ON contact (phone) WHERE phone <> ''",
    "CREATE INDEX opt_out_recipient ON opt_out (recipient) WHERE revoked_at IS NULL AND recipient <> ''",
    "CREATE INDEX opt_out_customer ON opt_out (customer_id) WHERE revoked_at IS NULL",
    "CREATE INDEX consent_customer ON consent (customer_id) WHERE revoked_at IS NULL",
    "CREATE INDEX reply_received ON reply (received_at DESC)",
)


def upgrade() -> None:
    create_core()
    op.execute("CREATE SEQUENCE send_token")
    for table in (SEND, CONTACT, OPT_OUT, CONSENT, DOCUMENT, RECEIPT, REPLY, GREETING_DAY):
        op.execute(table)
    for index in INDEXES:
        op.execute(index)
