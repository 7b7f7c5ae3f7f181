"""A machine's secrets, kept apart from its backup: who has one alone reads no phone number."""

import json
from pathlib import Path
from typing import Any

from deploy.backup.manifest import BackupUnusable, KeptTime, fingerprint
from deploy.local.files import make_private, read_json, write_json, write_private
from deploy.local.secrets import ensure_secrets
from deploy.local.settings import LocalSettings


def require_apart(keys: Path, folder: Path) -> None:
    """Raises BackupUnusable when the keys would lie in the backup, or over something else."""
    if keys.resolve().is_relative_to(folder.resolve()):
        raise BackupUnusable("密钥文件不能放在备份目录里：拿到备份的人不应同时拿到密钥")
    if keys.exists():
        raise BackupUnusable(f"{keys} 已存在；备份不会覆盖任何文件")


def write_keys(settings: LocalSettings, keys: Path) -> None:
    """The platform's secrets and its people's first passwords."""
    kept = {"secrets": read_json(settings.var / "secrets.json"), "people": read_json(settings.people_file) or {}}
    write_private(keys, json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


def read_keys(keys: Path) -> dict[str, Any]:
    """Raises BackupUnusable for what is no such file."""
    try:
        kept: dict[str, Any] = json.loads(keys.read_text())
        fingerprint(kept["secrets"]["data"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupUnusable(f"{keys} 不是密钥文件：{error}") from error
    return kept


def put_keys(settings: LocalSettings, kept: dict[str, Any], clock: KeptTime | None) -> None:
    """Give an empty platform these secrets, and the backup's business time to go on from."""
    make_private(settings.var)
    write_json(settings.people_file, kept["people"])
    if clock:
        write_json(settings.var / "clock.json", clock.model_dump())
    ensure_secrets(settings, kept["secrets"])
