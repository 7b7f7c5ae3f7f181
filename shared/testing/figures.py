"""What a metric of this process stands at."""

from prometheus_client import REGISTRY


def figure(name: str, /, **labels: str) -> float:
    """The value of a series, by the name under which it is read; 0 before it has moved."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
