"""What requests that make or change something hold."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """The base of every request body: a member nobody knows would be dropped, so it is refused by its name."""

    model_config = ConfigDict(extra="forbid")
