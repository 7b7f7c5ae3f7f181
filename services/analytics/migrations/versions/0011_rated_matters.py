"""Of a visit about several matters each is rated by itself, and its case says which of them it is about."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE rating_fact ADD COLUMN several boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE case_fact ADD COLUMN about text NOT NULL DEFAULT ''")


def downgrade() -> None:
    op.execute("ALTER TABLE rating_fact DROP COLUMN several")
    op.execute("ALTER TABLE case_fact DROP COLUMN about")
