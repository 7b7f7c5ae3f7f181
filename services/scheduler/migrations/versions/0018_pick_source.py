"""Who was drawn is known by the fact's source, too: two sources may use the same id."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("ALTER TABLE pick ADD COLUMN source text NOT NULL DEFAULT ''")
    op.execute("""
        UPDATE pick SET source = population.fact ->> 'source' FROM population
        WHERE pick.state <> 'waiting' AND population.fact_key = pick.fact_key
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE pick DROP COLUMN source")
