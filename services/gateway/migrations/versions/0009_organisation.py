"""The units and teams that packs have told of."""

from alembic import op

from shared.migrations import create_organisation

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    create_organisation()


def downgrade() -> None:
    op.execute("DROP TABLE organisation")
