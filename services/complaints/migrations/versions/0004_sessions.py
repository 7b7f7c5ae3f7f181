"""Sessions that their people have signed out of."""

from alembic import op

from shared.migrations import create_sessions

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_sessions()


def downgrade() -> None:
    op.execute("DROP TABLE ended_session")
