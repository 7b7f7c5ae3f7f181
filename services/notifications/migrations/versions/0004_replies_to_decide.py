"""Replies that may be refusals wait for people to decide; rows of providers that could not be read are kept.

Replies of before that may have been refusals and were not understood are among the first to be decided.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

DOUBTFUL = """
CREATE TABLE doubtful_reply (
    id uuid CONSTRAINT pk_doubtful_reply PRIMARY KEY,
    recipient text NOT NULL,
    customer_id text NOT NULL,
    send_id uuid,
    category text NOT NULL,
    lineage text NOT NULL,
    content text NOT NULL,
    received_at timestamptz NOT NULL,
    refuses boolean,
    remark text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz
)
"""
BROKEN = """
CREATE TABLE broken_row (
    id uuid CONSTRAINT pk_broken_row PRIMARY KEY,
    provider text NOT NULL,
    kind text NOT NULL,
    digest text NOT NULL,
    content text NOT NULL,
    reason text NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT uq_broken_row_provider UNIQUE (provider, kind, digest)
)
"""
INDEXES = (
    "CREATE INDEX doubtful_reply_open ON doubtful_reply (received_at, id) WHERE decided_at IS NULL",
    "CREATE INDEX doubtful_reply_recipient ON doubtful_reply (recipient) WHERE decided_at IS NULL",
    "CREATE INDEX broken_row_received ON broken_row (received_at DESC, id DESC)",
)
OF_BEFORE = """
INSERT INTO doubtful_reply
SELECT gen_random_uuid(), reply.recipient, reply.customer_id, send_id, coalesce(send.category, ''),
       coalesce(send.lineage, ''), content, received_at, NULL, '', '', NULL
FROM reply LEFT JOIN send ON send.id = send_id
WHERE NOT refused AND digit IS NULL
  AND content ~* '退|订|拒|停|别|勿|不要|不想|不再|烦|扰|屏蔽|拉黑|投诉|取消|^\\W*(0{2,}|t+d*|r+|n+)\\W*$|\\mtd\\M'
"""


def upgrade() -> None:
    op.execute(DOUBTFUL)
    op.execute(BROKEN)
    for index in INDEXES:
        op.execute(index)
    op.execute(OF_BEFORE)
