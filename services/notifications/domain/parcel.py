"""What a provider is handed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.notifications.domain.send import Channel, SendId


@dataclass(frozen=True)
class Parcel:
    """One message ready to go. `addresses` are plain (the only place outside a provider where they are); never logged."""

    send_id: SendId
    channel: Channel
    addresses: tuple[str, ...] = field(repr=False)
    sign: str
    codes: Mapping[str, str]
    params: Mapping[str, str]
    subject: str
    text: str
    submitted_at: datetime


@dataclass(frozen=True)
class Batch:
    """What was leased together under one fencing token; `touched` counts the planned sends looked at.
    `alone`: processes may have died of it, so nothing is sent beside it."""

    token: int
    leased_until: datetime
    parcels: tuple[Parcel, ...]
    touched: int
    alone: bool = False
