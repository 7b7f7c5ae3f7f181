"""Moments before which people's sessions have ended."""

from alembic import op

from shared.migrations import create_void_sessions

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    create_void_sessions()


def downgrade() -> None:
    op.execute("DROP TABLE void_session")
