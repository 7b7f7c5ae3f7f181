"""Digits that customers sent back, which could be matched to no visit or to several: people decide."""

from alembic import op

revision = "0017"
down_revision = "0016"

STRAY_REPLY = """
CREATE TABLE stray_reply (
    id uuid CONSTRAINT pk_stray_reply PRIMARY KEY,
    customer_id text NOT NULL,
    phone_masked text NOT NULL,
    digit smallint NOT NULL,
    reason text NOT NULL,
    visits uuid[] NOT NULL,
    branch text NOT NULL,
    team text NOT NULL,
    received_at timestamptz NOT NULL,
    visit_id uuid,
    remark text NOT NULL,
    settled_by text NOT NULL,
    settled_at timestamptz
)
"""


def upgrade() -> None:
    op.execute(STRAY_REPLY)
    op.execute("CREATE INDEX stray_reply_open ON stray_reply (received_at, id) WHERE settled_at IS NULL")


def downgrade() -> None:
    op.execute("DROP TABLE stray_reply")
