"""Customers answer by themselves, once, with the code that a message has brought them."""

from alembic import op

revision = "0015"
down_revision = "0014"

STATES = ("open", "claimed", "waiting", "appointed", "postponed", "completed", "failed", "cancelled", "invited")
INVITATION = """
CREATE TABLE invitation (
    id uuid CONSTRAINT pk_invitation PRIMARY KEY,
    visit_id uuid NOT NULL CONSTRAINT fk_invitation_visit REFERENCES visit (id),
    code_hash text NOT NULL CONSTRAINT uq_invitation_code_hash UNIQUE,
    made_at timestamptz NOT NULL
)
"""


def upgrade() -> None:
    op.execute("ALTER TABLE visit ADD COLUMN invitation uuid, ADD COLUMN invited_until timestamptz")
    op.execute("ALTER TABLE visit DROP CONSTRAINT visit_state_check")
    op.execute(f"ALTER TABLE visit ADD CONSTRAINT visit_state_check CHECK (state IN {STATES})")
    op.execute("CREATE INDEX visit_invited ON visit (invited_until) WHERE state = 'invited'")
    op.execute(INVITATION)
    op.execute("CREATE INDEX invitation_visit ON invitation (visit_id)")


def downgrade() -> None:
    op.execute("DROP TABLE invitation")
    op.execute("DROP INDEX visit_invited")
    op.execute("UPDATE visit SET state = 'postponed' WHERE state = 'invited'")
    op.execute("ALTER TABLE visit DROP CONSTRAINT visit_state_check")
    op.execute(f"ALTER TABLE visit ADD CONSTRAINT visit_state_check CHECK (state IN {STATES[:-1]})")
    op.execute("ALTER TABLE visit DROP COLUMN invitation, DROP COLUMN invited_until")
