"""Files that lie beside the databases: photographs and signatures, each sealed, none ever changed once it is kept.

A file is kept before the row that names it is committed. So those found after the moment are all that rows of the moment
name, and perhaps some more, which nobody will ask for.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from deploy.backup.manifest import BackupUnusable, FileCopy
from deploy.local.files import make_private

FOLDER = "files"
UNFINISHED = "#"  # what obstore puts behind the name of a file that is being written


def copy_files(source: Path, backup: Path) -> dict[str, FileCopy]:
    """Copy all files below `source` into the backup; one that is erased meanwhile is left out."""
    found = {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_file() and UNFINISHED not in path.name:
            try:
                found[name] = _copy(path, backup / FOLDER / name)
            except FileNotFoundError:
                continue
    return found


def put_files(copies: Mapping[str, FileCopy], backup: Path, target: Path) -> None:
    """Copy them back, private as they were; those that a restore which was cut off has put there stay."""
    for name in copies:
        if not (target / name).exists():
            _copy(backup / FOLDER / name, target / name)


def require_room(copies: Mapping[str, FileCopy], target: Path) -> None:
    """Raises BackupUnusable for a folder that holds anything but files of this backup."""
    for path in target.rglob("*"):
        name = path.relative_to(target).as_posix()
        if path.is_file() and (name not in copies or _digest(path) != copies[name].sha256):
            raise BackupUnusable(f"{target} 不是空目录（{name} 不属于此备份）；恢复只写入空目录")


def require_whole_files(copies: Mapping[str, FileCopy], backup: Path) -> None:
    """Raises BackupUnusable for a name that leads elsewhere, and for a file that is missing or not as it was."""
    for name, copy in copies.items():
        path = backup / FOLDER / name
        if not path.resolve().is_relative_to((backup / FOLDER).resolve()):
            raise BackupUnusable(f"备份已损坏：{name} 不在备份目录里")
        if not path.is_file():
            raise BackupUnusable(f"备份不完整：缺少文件 {name}")
        if _digest(path) != copy.sha256:
            raise BackupUnusable(f"备份已损坏：{name} 的校验和不符")


def _copy(source: Path, target: Path) -> FileCopy:
    make_private(target.parent)
    with (
        source.open("rb") as read,
        os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as written,
    ):
        shutil.copyfileobj(read, written)
        written.flush()
        os.fsync(written.fileno())
    return FileCopy(bytes=target.stat().st_size, sha256=_digest(target))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
