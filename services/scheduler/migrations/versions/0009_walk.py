"""How far policies that time triggers have walked over the customers."""

from alembic import op

revision = "0009"
down_revision = "0008"

UP = """
CREATE TABLE walk (
    policy_id text PRIMARY KEY,
    done date NOT NULL,
    day date,
    after text NOT NULL
)
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("DROP TABLE walk")
