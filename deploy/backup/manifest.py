"""What a backup says of itself: versions, every table with its rows and checksum, and the data key it needs."""

import hashlib
import hmac
import json
from datetime import date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.local.files import write_private
from shared.safety import read_data_key

NAME = "manifest.json"
FORMAT = 1


class BackupUnusable(RuntimeError):
    """A backup that must not be restored, or not here; the text says why."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableCopy(_Part):
    """One table's rows in `file`, below the backup's folder; `sha256` is of the file as it lies there."""

    file: str
    columns: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str


class DatabaseCopy(_Part):
    """One service's database; `days` are those that partitioned tables had partitions of."""

    revision: str
    server: str
    tables: dict[str, TableCopy]
    days: dict[str, tuple[date, ...]]
    sequences: dict[str, int]


class FileCopy(_Part):
    """A file that lay beside the databases, sealed as it was; it lies in the backup's folder `files` under its own name."""

    bytes: int
    sha256: str


class KeptTime(_Part):
    """A simulated clock: its spec, and its Unix seconds as `deploy.local.clock` keeps them."""

    spec: str
    anchor: float
    seen: float


class Manifest(_Part):
    """`moment` is machine time; `paused_ms` is how long writers waited for it; `data_key` recognises the key, no more."""

    format: int
    version: str
    moment: datetime
    paused_ms: int
    data_key: str
    clock: KeptTime | None
    services: dict[str, DatabaseCopy]
    files: dict[str, FileCopy] = {}

    @property
    def rows(self) -> int:
        return sum(table.rows for copy in self.services.values() for table in copy.tables.values())


def fingerprint(data_key: str) -> str:
    """Tells one data key from another and nothing of either; `data_key` as it is set, in base64. Raises ValueError."""
    return hmac.digest(read_data_key(data_key), b"huifang backup", "sha256").hex()[:32]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Last of all: a folder without it is no backup."""
    body = manifest.model_dump(mode="json")
    write_private(folder / NAME, json.dumps({"sha256": _digest(body), "backup": body}, indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Raises BackupUnusable for what is no backup, damaged, or of a newer format."""
    try:
        stored = json.loads((folder / NAME).read_text())
    except FileNotFoundError:
        raise BackupUnusable(f"{folder} 不是完整的备份：没有 {NAME}") from None
    except ValueError as error:
        raise BackupUnusable(f"{folder / NAME} 已损坏：{error}") from error
    if not isinstance(stored, dict) or not isinstance(body := stored.get("backup"), dict):
        raise BackupUnusable(f"{folder / NAME} 已损坏")
    if isinstance(found := body.get("format"), int) and found > FORMAT:
        raise BackupUnusable(
            f"备份格式 {found} 比本程序认识的 {FORMAT} 新，请用制作它的版本（{body.get('version')}）恢复"
        )
    if stored.get("sha256") != _digest(body):
        raise BackupUnusable(f"{folder / NAME} 已损坏：校验和不符")
    try:
        return Manifest.model_validate(body)
    except ValidationError as error:
        raise BackupUnusable(f"{folder / NAME} 无法识别：{error}") from error


def _digest(body: object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
