"""API keys of machines: a JSON file of hashes that is read again whenever it changes.

    [{"id": "erp", "role": "integrator", "sha256": "…", "name": "ERP", "units": ["CD"], "expires_at": "2027-01-01T00:00:00Z"}]

Several rows may share an `id`: while a key is rotated both live. A file that can't be read changes nothing: the keys known
last stay, and `huifang_keys_file_broken` says so until it is mended.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from shared.observability.catalogue import gauge
from shared.principal import Principal, read_principal

log = structlog.get_logger(__name__)
BROKEN = gauge(
    "huifang_keys_file_broken",
    "1 while the file of API keys can't be read and the keys known last are used",
    "密钥文件是否无法读取",
)
# a token's subject never has it: what a key did is never taken for a person's doing
KEY_IDENTITY = "key:"


@dataclass(frozen=True)
class Key:
    """A key as it is kept; `expires_at` None = until it is removed."""

    principal: Principal
    expires_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at


@dataclass
class KeyFile:
    """The keys of `path` by their hashes; none for None or while there is no such file."""

    path: Path | None
    _keys: Mapping[str, Key] = field(default_factory=dict)
    _stamp: tuple[int, int] | None = None

    def find(self, digest: str, now: datetime) -> Principal | None:
        """Whose live key has this hash at `now` (machine time)."""
        known = self._current().get(digest)
        return known.principal if known and known.is_live(now) else None

    def all(self) -> Iterable[Key]:
        return self._current().values()

    def _current(self) -> Mapping[str, Key]:
        try:
            status = self.path.stat() if self.path else None
        except OSError:
            status = None
        if self.path is None or status is None:
            self._stamp = None
            return {}
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._stamp = stamp
            self._read(self.path)
        return self._keys

    def _read(self, path: Path) -> None:
        try:
            self._keys = read_keys(path.read_text())
            BROKEN.set(0)
        except (OSError, ValueError) as error:
            BROKEN.set(1)
            log.error("keys_file_broken", file=path.name, reason=str(error)[:200], keys_kept=len(self._keys))


def read_keys(content: str) -> dict[str, Key]:
    """The keys of a file's text. Raises ValueError that says what is wrong and in which row."""
    rows = json.loads(content)
    if not isinstance(rows, list):
        raise ValueError("a list of keys is expected")
    keys = {}
    for number, row in enumerate(rows, 1):
        try:
            keys[_hash_of(row)] = _read_key(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"key {number}: {type(error).__name__} {error}") from error
    return keys


def _hash_of(row: dict[str, Any]) -> str:
    digest: str = row["sha256"]
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError("sha256 is not 64 hexadecimal digits")
    return digest


def _read_key(row: dict[str, Any]) -> Key:
    expires = row.get("expires_at")
    ends = datetime.fromisoformat(expires) if expires is not None else None
    if ends is not None and ends.tzinfo is None:
        raise ValueError("expires_at has no time zone")
    if not isinstance(row["id"], str) or not row["id"]:
        raise ValueError("id is not a name")
    return Key(read_principal(row, KEY_IDENTITY + row["id"]), ends)


def new_key() -> str:
    """A new API key: 256 random bits, so a plain hash of it needs no salt."""
    return "hf_" + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
