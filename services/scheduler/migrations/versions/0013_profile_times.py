"""Every field of a profile has the time of the fact that told it; a field without one was told by the newest fact.

Until now an update that left `do_not_contact` out was written down as a no. Such a no may have been said by nobody, so it
goes: a refusal that is heard late counts.
"""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("ALTER TABLE customer ADD COLUMN older jsonb NOT NULL DEFAULT '{}'")
    op.execute("UPDATE customer SET profile = profile - 'do_not_contact' WHERE profile -> 'do_not_contact' = 'false'")


def downgrade() -> None:
    op.execute("ALTER TABLE customer DROP COLUMN older")
