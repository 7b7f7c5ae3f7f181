"""Until when a password that an administrator gave lets in.

Those that nobody has used yet get a week from now on: they may have lain in somebody's mail for years. A service of the
version before leaves the column empty, and what it issues does not end.
"""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("ALTER TABLE person ADD COLUMN issued_until timestamptz")
    op.execute("UPDATE person SET issued_until = now() + interval '7 days' WHERE must_change_password")
