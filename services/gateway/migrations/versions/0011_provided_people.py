"""People whom an identity provider lets in, and which of their sign-ins came back."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE person ADD COLUMN source text NOT NULL DEFAULT 'local'")
    op.execute("ALTER TABLE person ADD COLUMN subject text NOT NULL DEFAULT ''")
    op.execute("CREATE UNIQUE INDEX person_subject ON person (subject) WHERE subject <> ''")
    op.execute("CREATE TABLE used_sign_in (state text PRIMARY KEY, at timestamptz NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE used_sign_in")
    op.execute("ALTER TABLE person DROP COLUMN subject")
    op.execute("ALTER TABLE person DROP COLUMN source")
