"""What the SMS simulator remembers, in one SQLite file: messages taken, receipts still to come, replies."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY, biz_id TEXT UNIQUE, out_id TEXT, phone TEXT, sign TEXT, template TEXT, params TEXT,
    sent_at TEXT, final TEXT, code TEXT, settles_at REAL);
CREATE INDEX IF NOT EXISTS message_out_id ON message (out_id);
CREATE TABLE IF NOT EXISTS receipt (id INTEGER PRIMARY KEY, biz_id TEXT, due_at REAL, tries INTEGER);
CREATE TABLE IF NOT EXISTS attempt (out_id TEXT PRIMARY KEY, count INTEGER);
CREATE TABLE IF NOT EXISTS reply (id INTEGER PRIMARY KEY, phone TEXT, content TEXT, sent_at TEXT);
"""


@dataclass(frozen=True)
class Message:
    """A message taken. `final` is what becomes of it at `settles_at` (Unix seconds): delivered or failed."""

    biz_id: str
    out_id: str
    phone: str
    sign: str
    template: str
    params: str
    sent_at: str
    final: str
    code: str
    settles_at: float


@dataclass(frozen=True)
class DueReceipt:
    id: int
    tries: int
    message: Message


_COLUMNS = "biz_id, out_id, phone, sign, template, params, sent_at, final, code, settles_at"


class Messages:
    """The file, opened for the life of the simulator."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def attempt(self, out_id: str) -> int:
        """How often this message was handed in before; counts this time."""
        row = self._db.execute(
            "INSERT INTO attempt VALUES (?, 1) ON CONFLICT (out_id) DO UPDATE SET count = count + 1 RETURNING count",
            (out_id,),
        ).fetchone()
        return int(row[0]) - 1

    def take(self, message: Message, receipts_due_at: list[float]) -> None:
        """Keep a message and when its receipts are due, together."""
        self._db.execute("BEGIN")
        marks = ", ".join("?" * 10)
        self._db.execute(f"INSERT INTO message ({_COLUMNS}) VALUES ({marks})", tuple(vars(message).values()))  # noqa: S608
        self._db.executemany(
            "INSERT INTO receipt (biz_id, due_at, tries) VALUES (?, ?, 0)",
            [(message.biz_id, due) for due in receipts_due_at],
        )
        self._db.execute("COMMIT")

    def due_receipts(self, now: float, limit: int) -> list[DueReceipt]:
        rows = self._db.execute(
            f"SELECT r.id, r.tries, {_COLUMNS} FROM receipt r JOIN message USING (biz_id) "  # noqa: S608
            "WHERE due_at <= ? ORDER BY due_at LIMIT ?",
            (now, limit),
        )
        return [DueReceipt(row[0], row[1], Message(*row[2:])) for row in rows]

    def drop_receipts(self, ids: list[int]) -> None:
        self._db.executemany("DELETE FROM receipt WHERE id = ?", [(i,) for i in ids])

    def put_off(self, due: DueReceipt, until: float) -> None:
        self._db.execute("UPDATE receipt SET tries = tries + 1, due_at = ? WHERE id = ?", (until, due.id))

    def sent_as(self, out_id: str) -> list[Message]:
        """All messages taken under one OutId; more than one means that somebody sent twice."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM message WHERE out_id = ? ORDER BY id", (out_id,))  # noqa: S608
        return [Message(*row) for row in rows]

    def sent_to(self, phone: str, day: str) -> list[Message]:
        """Messages to a number on a day (`YYYY-MM-DD`)."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM message WHERE phone = ? AND substr(sent_at, 1, 10) = ? ORDER BY id DESC",  # noqa: S608
            (phone, day),
        )
        return [Message(*row) for row in rows]

    def latest(self, limit: int) -> list[Message]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM message ORDER BY id DESC LIMIT ?", (limit,))  # noqa: S608
        return [Message(*row) for row in rows]

    def find(self, biz_id: str) -> Message | None:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM message WHERE biz_id = ?", (biz_id,)).fetchone()  # noqa: S608
        return Message(*row) if row else None

    def counts(self) -> dict[str, int]:
        """How many were taken, how many OutIds were taken twice, how many receipts are still to come."""
        taken = self._db.execute("SELECT count(*), count(DISTINCT out_id) FROM message").fetchone()
        pending = self._db.execute("SELECT count(*) FROM receipt").fetchone()
        return {"messages": taken[0], "doubled": taken[0] - taken[1], "receipts_to_come": pending[0]}

    def add_reply(self, phone: str, content: str, sent_at: str) -> int:
        """Keep a reply; returns its sequence number."""
        cursor = self._db.execute(
            "INSERT INTO reply (phone, content, sent_at) VALUES (?, ?, ?)", (phone, content, sent_at)
        )
        return int(cursor.lastrowid or 0)
