"""What requests that make or change something hold."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """The base of every request body: a member nobody knows would be dropped, so it is refused by its name.

    `most_bytes` is how large a body is read at all. It is parsed and checked in the event loop, so that few routes allow more.
    """

    most_bytes: ClassVar[int] = 32 << 10
    model_config = ConfigDict(extra="forbid")
