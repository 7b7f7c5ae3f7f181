"""API keys of machines, as the gateway issues them. The key itself is never told, only its hash."""

from datetime import datetime

from pydantic import Field

from shared.contracts.base import PEOPLE, EventData, contract


@contract("key.changed", topic=PEOPLE, owner="gateway", title="访问密钥已变更")
class KeyChanged(EventData):
    """A key was issued, is to end at another time, or was revoked. Told again every day while it lives."""

    key_id: str
    owner: str = Field(description="whose it is; the principal is `key:<owner>`, and may have several keys")
    name: str = ""
    sha256: str = Field(description="of the key, 64 hexadecimal digits")
    roles: tuple[str, ...] = Field(min_length=1)
    units: tuple[str, ...] = ()
    ends_at: datetime | None = Field(default=None, description="machine time; none = until it is revoked")
    version: int = Field(ge=1, description="rises with every change of this key")
    changed_at: datetime


@contract("key.used", topic=PEOPLE, owner="gateway", title="访问密钥已使用")
class KeyUsed(EventData):
    """Somebody was let in by this key; told at most once an hour by each process."""

    key_id: str
    used_at: datetime = Field(description="machine time")
