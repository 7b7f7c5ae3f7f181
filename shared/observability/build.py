"""What is running."""

from importlib.metadata import PackageNotFoundError, version

from shared.observability.metrics import BUILD


def show_build(service: str, commit: str) -> None:
    """Set the gauge that tells the package's version and the commit it was built of."""
    try:
        built = version("huifang")
    except PackageNotFoundError:  # run from a checkout that is not installed
        built = "unknown"
    BUILD.labels(service, built, commit or "unknown").set(1)
