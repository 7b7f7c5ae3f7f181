"""The port to a provider. None of its methods raises for what a provider or the network does."""

from typing import Protocol

from services.notifications.domain.answers import Answer, Finding
from services.notifications.domain.parcel import Parcel
from services.notifications.domain.send import Channel


class Provider(Protocol):
    name: str
    channel: Channel
    address: str

    async def submit(self, parcel: Parcel) -> Answer:
        """Hand the message over once. Anything but a definite yes or no is Unclear."""
        ...

    async def find(self, parcel: Parcel) -> Finding:
        """What the provider knows of a message handed over earlier."""
        ...

    async def close(self) -> None: ...
