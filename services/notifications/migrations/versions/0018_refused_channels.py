"""Calls are refused as messages are, and whose mail address it is that refuses is looked up by it."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE opt_out DROP CONSTRAINT ck_opt_out_channel,
            ADD CONSTRAINT ck_opt_out_channel CHECK (channel IN ('sms', 'email', 'phone'))
    """)
    op.execute("CREATE INDEX contact_email ON contact (lower(email)) WHERE email <> ''")
