"""What is running."""

from importlib.metadata import PackageNotFoundError, version

from shared.observability.metrics import BUILD

UNKNOWN = "unknown"


def built_version() -> str:
    """The package's version; unknown where it runs from a checkout that is not installed."""
    try:
        return version("huifang")
    except PackageNotFoundError:
        return UNKNOWN


def show_build(service: str, commit: str) -> None:
    """Set the gauge that tells the package's version and the commit it was built of."""
    BUILD.labels(service, built_version(), commit or UNKNOWN).set(1)
