"""A visit keeps its policy's contact window."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE visit ADD COLUMN hours text NOT NULL DEFAULT ''")
    op.execute("CREATE TABLE contact_hours (hours text PRIMARY KEY)")
