"""The shifts of people, who are handed no work outside of them."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE work_shift (person text CONSTRAINT pk_work_shift PRIMARY KEY, frames text NOT NULL, "
        "version int NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE work_shift")
