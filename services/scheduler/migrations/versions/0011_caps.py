"""The contacts that caps count are found in the index alone, however many stand in the ledger."""

from alembic import op

revision = "0011"
down_revision = "0010"

UP = """
DROP INDEX contact_ledger_customer;

CREATE INDEX contact_ledger_customer ON contact_ledger (customer_id, day) INCLUDE (task_id, purpose, policies, tier)
    WHERE state <> 'released';

ALTER TABLE contact_ledger SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)
"""
DOWN = """
ALTER TABLE contact_ledger RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);

DROP INDEX contact_ledger_customer;

CREATE INDEX contact_ledger_customer ON contact_ledger (customer_id, day) WHERE state <> 'released'
"""


def upgrade() -> None:
    for statement in UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN.split(";\n"):
        op.execute(statement)
