"""API keys that the gateway has told of."""

from alembic import op

from shared.migrations import create_api_keys

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    create_api_keys()


def downgrade() -> None:
    op.execute("DROP TABLE api_key")
