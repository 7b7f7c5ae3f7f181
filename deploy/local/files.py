"""Small JSON files that survive a crash while they are written."""

import json
import os
from pathlib import Path
from typing import Any


def make_private(folder: Path) -> None:
    """Make the folder, and nobody but its owner reads what it holds; others may walk through to what is opened for them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(folder.stat().st_mode & ~0o066)


def close_to_others(folder: Path) -> None:
    """Make the folder, and nobody but its owner reaches anything in it, however that is made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Replace `path` at once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)


def write_json(path: Path, value: Any) -> None:
    write_private(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The file's value, or None where there is no file."""
    return json.loads(path.read_text()) if path.exists() else None
