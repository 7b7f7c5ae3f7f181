"""API keys as HTTP takes and gives them."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from services.gateway.domain.keys import MachineKey, State
from services.gateway.schemas import Out, Plain
from services.gateway.schemas.people import Codes, RoleName, Roles
from shared.bodies import Body
from shared.moments import Instant
from shared.privacy import mask_text

Short = Annotated[str, StringConstraints(max_length=100)]
_ENDS = "到期时间，须带时区；不填则直到撤销"


class KeyIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "owner": "erp-east",
                "name": "城东 ERP",
                "roles": ["integrator"],
                "units": ["CD"],
                "ends_at": "2027-03-31T00:00:00+08:00",
            }
        }
    )

    owner: Short = Field(description="使用者：哪个系统用它，如 erp-east；一个使用者可有多个密钥，审计中记为 key:使用者")
    name: Short = Field(default="", description="说明")
    roles: Roles = Field(description="角色，至少一个")
    units: Codes = Field(default=[], description="单位代码：能看到哪些单位的内容；空为整个组织")
    ends_at: Instant | None = Field(default=None, description=_ENDS)


class KeyRotation(Body):
    grace_hours: int = Field(default=24, ge=0, le=24 * 90, description="旧密钥继续有效的小时数")
    ends_at: Instant | None = Field(default=None, description="新密钥的" + _ENDS)


class KeyEnd(Body):
    ends_at: Instant | None = Field(description=_ENDS)


class KeyRevocation(Body):
    reason: Annotated[Plain, AfterValidator(mask_text)] = Field(default="", description="原因，记入审计")


class KeyOut(Out):
    id: UUID = Field(description="编号")
    owner: str = Field(description="使用者")
    name: str = Field(description="说明")
    roles: list[RoleName] = Field(description="角色")
    units: list[str] = Field(description="单位代码；空为整个组织")
    state: State = Field(description="live 有效、ended 已到期、revoked 已撤销")
    ends_at: datetime | None = Field(description="到期时间；空为直到撤销")
    ends_soon: bool = Field(description="两周内到期且尚未轮换")
    revoked_at: datetime | None = Field(description="撤销时间")
    replaced_by: UUID | None = Field(description="轮换后的新密钥")
    used_at: datetime | None = Field(description="最近使用时间，精确到小时；空为没有用过")
    created_at: datetime = Field(description="签发时间")
    created_by: str = Field(description="签发人")
    version: int = Field(description="版本；修改时作为 If-Match")

    @classmethod
    def of(cls, key: MachineKey, now: datetime) -> Self:
        shown = {name: getattr(key, name) for name in cls.model_fields if name not in ("state", "ends_soon")}
        return cls(**shown, state=key.state(now), ends_soon=key.ends_soon(now))


class KeyIssuedOut(KeyOut):
    key: str = Field(description="密钥，只出现这一次，请立即交给使用者")
