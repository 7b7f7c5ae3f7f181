"""The builds that have run."""

from alembic import op

from shared.migrations import create_deployments

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    create_deployments()


def downgrade() -> None:
    op.execute("DROP TABLE deployment")
