"""People who sign in, and how often somebody failed to."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE person (
            login text PRIMARY KEY,
            name text NOT NULL,
            password text NOT NULL,
            roles text[] NOT NULL,
            units text[] NOT NULL,
            teams text[] NOT NULL,
            worker text NOT NULL,
            shift text NOT NULL,
            disabled boolean NOT NULL,
            must_change_password boolean NOT NULL,
            version int NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE TABLE failed_sign_in (key text PRIMARY KEY, count int NOT NULL, last timestamptz NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE failed_sign_in")
    op.execute("DROP TABLE person")
