"""What requests that make or change something hold."""

from typing import ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from shared.aside import QUICK


def _written(text: str) -> str:
    if stripped := text.strip():
        return stripped
    raise ValueError("不能为空")


# Texts that people type are kept without the blanks around them. Their lengths are counted before, on what was sent: so
# the API description tells them, and pydantic's own `strip_whitespace` would take more than it forbids.
STRIPPED = AfterValidator(str.strip)
WRITTEN = AfterValidator(_written)  # there must be something besides blanks


class Body(BaseModel):
    """The base of every request body: a member nobody knows would be dropped, so it is refused by its name.

    `most_bytes` is how large a body is read at all. It is parsed and checked in the event loop, so that few routes allow more.
    """

    most_bytes: ClassVar[int] = QUICK
    model_config = ConfigDict(extra="forbid")
