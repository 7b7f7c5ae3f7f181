"""Versions of the work rules, and the deployment's own result code of an attempt."""

from alembic import op

revision = "0022"
down_revision = "0021"

WORK_RULES = """
CREATE TABLE work_rules (
    version int CONSTRAINT pk_work_rules PRIMARY KEY,
    rules jsonb NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    reason text NOT NULL
)
"""


def upgrade() -> None:
    op.execute(WORK_RULES)
    op.execute("ALTER TABLE attempt ADD COLUMN own_code text NOT NULL DEFAULT ''")
    op.execute("CREATE INDEX attempt_own_code ON attempt (own_code) WHERE own_code <> ''")


def downgrade() -> None:
    op.execute("ALTER TABLE attempt DROP COLUMN own_code")
    op.execute("DROP TABLE work_rules")
