"""Every field of a contact has the time of the fact that told it; further numbers are kept.

Until now a fact without `do_not_contact` was written down as a no, so such a no goes: nobody may have said it. Birthdays
that were kept and not understood are looked at again.
"""

from alembic import op
from sqlalchemy import text

from shared.yearly import key_of

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE contact ADD COLUMN older jsonb NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE contact ADD COLUMN phones text[] NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE contact ALTER COLUMN do_not_contact DROP NOT NULL")
    op.execute("UPDATE contact SET do_not_contact = NULL WHERE NOT do_not_contact")
    _read_birthdays()


def _read_birthdays() -> None:
    connection = op.get_bind()
    rows = connection.execute(text("SELECT DISTINCT birthday FROM contact WHERE birthday <> '' AND birthday_key = ''"))
    read = {birthday: key for (birthday,) in rows if (key := key_of(birthday))}
    for birthday, key in read.items():
        connection.execute(
            text("UPDATE contact SET birthday_key = :key WHERE birthday = :birthday"),
            {"key": key, "birthday": birthday},
        )
