"""Sessions that their people have signed out of."""

from alembic import op

from shared.migrations import create_sessions

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    create_sessions()


def downgrade() -> None:
    op.execute("DROP TABLE ended_session")
