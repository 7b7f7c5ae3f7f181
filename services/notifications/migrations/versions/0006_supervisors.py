"""Messages to the supervisors of a branch."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # rows are looked at by the last statement, whose lock lets sends go on
    op.execute("ALTER TABLE send DROP CONSTRAINT ck_send_audience")
    op.execute(
        "ALTER TABLE send ADD CONSTRAINT ck_send_audience CHECK (audience IN ('customer', 'manager', 'supervisor'))"
        " NOT VALID"
    )
    op.execute("ALTER TABLE send VALIDATE CONSTRAINT ck_send_audience")


def downgrade() -> None:
    op.execute("UPDATE send SET audience = 'manager' WHERE audience = 'supervisor'")
    op.execute("ALTER TABLE send DROP CONSTRAINT ck_send_audience")
    op.execute("ALTER TABLE send ADD CONSTRAINT ck_send_audience CHECK (audience IN ('customer', 'manager'))")
