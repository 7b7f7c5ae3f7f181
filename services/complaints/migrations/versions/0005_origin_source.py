"""The number of a case elsewhere is unique at its source only."""

from alembic import op

revision = "0005"
down_revision = "0004"
WITH, WITHOUT = "uq_complaint_case_origin_origin_source_origin_id", "uq_complaint_case_origin_origin_id"


def upgrade() -> None:
    op.execute("ALTER TABLE complaint_case ADD COLUMN origin_source text NOT NULL DEFAULT ''")
    op.execute(
        f"ALTER TABLE complaint_case DROP CONSTRAINT {WITHOUT}, "
        f"ADD CONSTRAINT {WITH} UNIQUE (origin, origin_source, origin_id)"
    )
    op.execute("CREATE INDEX complaint_case_origin ON complaint_case (origin, origin_id)")


def downgrade() -> None:
    op.execute("DROP INDEX complaint_case_origin")
    op.execute(
        f"ALTER TABLE complaint_case DROP CONSTRAINT {WITH}, ADD CONSTRAINT {WITHOUT} UNIQUE (origin, origin_id)"
    )
    op.execute("ALTER TABLE complaint_case DROP COLUMN origin_source")
