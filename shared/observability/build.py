"""What is running."""

import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from shared.observability.metrics import BUILD

UNKNOWN = "unknown"
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@cache
def built_version() -> str:
    """The package's version; from a checkout, as in the image, which is not installed, what its pyproject.toml says."""
    try:
        return version("huifang")
    except PackageNotFoundError:
        return str(tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]) if PROJECT.exists() else UNKNOWN


def show_build(service: str, commit: str) -> None:
    """Set the gauge that tells the package's version and the commit it was built of."""
    BUILD.labels(service, built_version(), commit or UNKNOWN).set(1)
