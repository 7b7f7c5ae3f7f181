"""Wrong codes of the running minute, counted for the whole deployment."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE code_guess (minute int, home text, count int NOT NULL, "
        "CONSTRAINT pk_code_guess PRIMARY KEY (minute, home))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE code_guess")
