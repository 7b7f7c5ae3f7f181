"""How many places of policies' quotas and ceilings are taken."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE place_taken (
            policy_id text NOT NULL,
            day date NOT NULL,
            stratum text NOT NULL,
            taken int NOT NULL,
            PRIMARY KEY (policy_id, day, stratum)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE place_taken")
