"""What found no room at a quota or ceiling, and the days on which somebody was told so."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE place_taken ADD COLUMN lacking integer NOT NULL DEFAULT 0, "
        "ADD COLUMN most integer NOT NULL DEFAULT 0"
    )
    op.execute("CREATE TABLE limit_notice (policy_id text NOT NULL, day date NOT NULL, PRIMARY KEY (policy_id, day))")


def downgrade() -> None:
    op.execute("DROP TABLE limit_notice")
    op.execute("ALTER TABLE place_taken DROP COLUMN lacking, DROP COLUMN most")
