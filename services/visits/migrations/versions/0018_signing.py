"""Who signed the record of a visit on site, or why nobody did."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE attempt ADD COLUMN signer text NOT NULL DEFAULT '', ADD COLUMN unsigned_reason text NOT NULL DEFAULT ''"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE attempt DROP COLUMN signer, DROP COLUMN unsigned_reason")
