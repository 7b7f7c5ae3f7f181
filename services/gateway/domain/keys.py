"""API keys that the gateway issues: what may be said of one, how long it lives, what rotating it means."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.gateway.domain.people import CODE, MOST_CODES
from shared.privacy import mask_text
from shared.roles import Role
from shared.texts import text_fault

OWNER = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
LONGEST_NAME = 64
SOON = timedelta(days=14)
State = Literal["live", "ended", "revoked"]


@dataclass(frozen=True, slots=True)
class MachineKey:
    """A key of a machine; `owner` may have several. Moments are machine time, `ends_at` None = until it is revoked.

    `replaced_by` is the key that it was rotated to, which lives beside it until it ends.
    """

    id: UUID
    owner: str
    name: str
    sha256: str
    roles: tuple[Role, ...]
    units: tuple[str, ...]
    ends_at: datetime | None
    revoked_at: datetime | None
    replaced_by: UUID | None
    created_at: datetime
    created_by: str
    version: int
    used_at: datetime | None = None

    def state(self, now: datetime) -> State:
        if self.revoked_at is not None:
            return "revoked"
        return "ended" if self.ends_at is not None and self.ends_at <= now else "live"

    def ends_soon(self, now: datetime) -> bool:
        """Whether somebody must see to it within two weeks: it lives, ends, and has not been rotated."""
        return (
            self.state(now) == "live"
            and self.replaced_by is None
            and self.ends_at is not None
            and self.ends_at - now < SOON
        )


def faults(fields: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    """(field, reason) for what can't be said of a key."""
    owner, name = fields["owner"], fields["name"]
    if not OWNER.fullmatch(owner):
        yield "owner", "应为 1–63 个小写字母、数字或 . _ -，以字母或数字开头"
    elif mask_text(owner) != owner:
        yield "owner", "不能是手机号码或证件号码，它会出现在审计记录中"
    if len(name) > LONGEST_NAME or text_fault(name):
        yield "name", f"应为不超过 {LONGEST_NAME} 个字符的说明"
    if not fields["roles"]:
        yield "roles", "至少一个角色"
    if len(fields["units"]) > MOST_CODES or not all(CODE.fullmatch(code) for code in fields["units"]):
        yield "units", f"应为不超过 {MOST_CODES} 个单位代码"
    yield from end_faults(fields["ends_at"], now)


def end_faults(ends_at: datetime | None, now: datetime) -> Iterator[tuple[str, str]]:
    if ends_at is not None and ends_at <= now:
        yield "ends_at", "应晚于现在；要立即停用，请撤销密钥"


def replaced(key: MachineKey, by: UUID, until: datetime) -> MachineKey:
    """A key that was rotated: it ends at `until`, unless it ended earlier anyway."""
    ends = until if key.ends_at is None else min(key.ends_at, until)
    return replace(key, ends_at=ends, replaced_by=by, version=key.version + 1)
