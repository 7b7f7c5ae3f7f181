"""What a reader of a source's documents made of one."""

from typing import Any

from services.gateway.domain.documents import Reading


def data(read: Any) -> dict[str, Any]:
    """The data of the fact that was read."""
    assert isinstance(read, Reading), read
    assert read.candidate is not None, read.ignored
    return read.candidate.data
