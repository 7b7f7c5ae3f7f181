"""How often a visit was opened again may be left out: a visits service of the version before writes whole rows, and so writes
NULL into a column that it does not know."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.execute("ALTER TABLE visit ALTER COLUMN reopened DROP NOT NULL")


def downgrade() -> None:
    op.execute("UPDATE visit SET reopened = 0 WHERE reopened IS NULL")
    op.execute("ALTER TABLE visit ALTER COLUMN reopened SET NOT NULL")
