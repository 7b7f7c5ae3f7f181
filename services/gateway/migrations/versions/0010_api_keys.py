"""API keys: as the gateway issues them, and as every service keeps them."""

from alembic import op

from shared.migrations import create_api_keys

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    create_api_keys()
    op.execute("""
        CREATE TABLE machine_key (
            id uuid PRIMARY KEY,
            owner text NOT NULL,
            name text NOT NULL,
            sha256 text NOT NULL UNIQUE,
            roles text[] NOT NULL,
            units text[] NOT NULL,
            ends_at timestamptz,
            revoked_at timestamptz,
            replaced_by uuid,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            version int NOT NULL,
            used_at timestamptz,
            told_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX machine_key_created ON machine_key (created_at DESC, id DESC)")


def downgrade() -> None:
    op.execute("DROP TABLE machine_key, api_key")
