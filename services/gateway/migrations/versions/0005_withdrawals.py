"""What is needed to take a fact back: the event of a document's newest fact, and the customer of an accepted event."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE event_identity ADD COLUMN key text NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE source_document ADD COLUMN event_id text NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE source_document ADD COLUMN withdrawn integer NOT NULL DEFAULT 0")
    # a fact's id has always been its document, state and moment (`documents.fact_id`)
    op.execute("""
        UPDATE source_document SET event_id = left(number || '/' || CASE
            WHEN fact LIKE '%/%' THEN fact
            ELSE status || '/' || to_char(modified_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') END, 256)
        WHERE fact <> ''
    """)
    # two senders may use one number: a delivery's id tells them apart
    op.execute("ALTER TABLE delivery DROP CONSTRAINT IF EXISTS delivery_endpoint_id_event_id_number_key")
    op.execute("CREATE INDEX delivery_endpoint ON delivery (endpoint_id, created_at)")


def downgrade() -> None:
    op.execute("DROP INDEX delivery_endpoint")
    op.execute("ALTER TABLE delivery ADD UNIQUE (endpoint_id, event_id, number)")
    op.execute("ALTER TABLE source_document DROP COLUMN withdrawn")
    op.execute("ALTER TABLE source_document DROP COLUMN event_id")
    op.execute("ALTER TABLE event_identity DROP COLUMN key")
