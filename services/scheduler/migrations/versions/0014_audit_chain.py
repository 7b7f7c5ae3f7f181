"""The audit log is only added to, and its entries are chained."""

from shared.migrations import chain_audit, unchain_audit

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    chain_audit()


def downgrade() -> None:
    unchain_audit()
