"""The files of a pack, as the platform and the commands without one take them."""

from pathlib import Path


def read_files(folder: Path) -> dict[str, str]:
    """The YAML texts of a pack, by path within it; bytes that are not UTF-8 become U+FFFD, for the check to tell."""
    from services.scheduler.domain.packs.pack import SUFFIXES  # loads the rules, which starting the platform need not

    found = (path for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES and path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8", errors="replace") for path in found}
