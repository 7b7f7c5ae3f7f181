"""How far the audit chain was found whole is kept, so that a look need not begin at its start."""

from alembic import op

from shared.migrations import create_audit_checkpoints

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    create_audit_checkpoints()


def downgrade() -> None:
    op.execute("DROP TABLE audit_checkpoint")
