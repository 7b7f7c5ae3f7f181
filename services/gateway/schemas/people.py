"""People as HTTP takes and gives them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from services.gateway.domain.people import MOST_CODES, plain_login
from services.gateway.schemas import Out
from shared.bodies import Body
from shared.roles import Role

Login = Annotated[str, StringConstraints(max_length=64), AfterValidator(plain_login)]
Text = Annotated[str, StringConstraints(max_length=200)]
Codes = Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Field(max_length=MOST_CODES)]
RoleName = Literal["agent", "supervisor", "policy_owner", "integrator", "ops", "auditor", "admin"]
assert set(RoleName.__args__) == set(Role)  # type: ignore[attr-defined]
Roles = Annotated[list[RoleName], Field(max_length=len(Role))]
Source = Literal["local", "oidc"]
_SOURCE = "如何登录：local 用本系统的密码，oidc 用统一身份认证（此时没有密码）"
_UNITS = "单位代码：能看到哪些单位的内容；空为整个组织"
_TEAMS = "班组代码：从哪些班组领取回访；空为所属单位的全部班组"
_WORKER = "在业务系统中的工号，自己做的工单不会由自己回访；没有则为空"
_SKILLS = "技能：语言代码（如 yue 粤语）、on_site 上门；只领取会做的回访，空为没有登记、不作限制"
_ISSUED_UNTIL = "一次性密码有效至；没有一次性密码，或它不过期时为空"
_SHIFT = "班次，如 08:30-12:00,14:00-18:00，班次之外不分单；空为没有固定班次"


class PersonIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "login": "zhao.min",
                "name": "赵敏",
                "roles": ["agent"],
                "units": ["CD"],
                "teams": ["hotline"],
                "worker": "W1027",
                "shift": "08:30-17:30",
            }
        }
    )

    login: Login = Field(description="登录名：2–64 个小写字母、数字或 . _ @ -；以后不能更改")
    name: Text = Field(description="姓名")
    roles: Roles = Field(description="角色，至少一个")
    units: Codes = Field(default=[], description=_UNITS)
    teams: Codes = Field(default=[], description=_TEAMS)
    worker: Text = Field(default="", description=_WORKER)
    skills: Codes = Field(default=[], description=_SKILLS)
    shift: Text = Field(default="", description=_SHIFT)
    source: Source = Field(default="local", description=_SOURCE)


class PersonChange(Body):
    """没有写的项不变；主管只能更改本单位坐席的班组与班次"""

    name: Text | None = Field(default=None, description="姓名")
    roles: Roles | None = Field(default=None, description="角色，至少一个")
    units: Codes | None = Field(default=None, description=_UNITS)
    teams: Codes | None = Field(default=None, description=_TEAMS)
    worker: Text | None = Field(default=None, description=_WORKER)
    skills: Codes | None = Field(default=None, description=_SKILLS)
    shift: Text | None = Field(default=None, description=_SHIFT)
    source: Source | None = Field(default=None, description=_SOURCE)


class PersonOut(Out):
    login: str = Field(description="登录名")
    name: str = Field(description="姓名")
    roles: list[RoleName] = Field(description="角色")
    units: list[str] = Field(description="单位代码；空为整个组织")
    teams: list[str] = Field(description="班组代码；空为所属单位的全部班组")
    worker: str = Field(description="在业务系统中的工号")
    skills: list[str] = Field(description=_SKILLS)
    shift: str = Field(description="班次")
    source: Source = Field(description=_SOURCE)
    disabled: bool = Field(description="已停用，不能登录")
    must_change_password: bool = Field(description="下次登录须先修改密码")
    issued_until: datetime | None = Field(default=None, description=_ISSUED_UNTIL)
    version: int = Field(description="版本；修改时作为 If-Match")
    created_at: datetime = Field(description="创建时间")
    updated_at: datetime = Field(description="修改时间")


class PersonIssuedOut(PersonOut):
    """密码只在此处出现一次"""

    password: str = Field(description="一次性密码，交给本人；首次登录时须改成自己的；用统一身份认证登录的人没有")


class ImportedPersonOut(Out):
    row: int = Field(description="在表格中的行号")
    login: str = Field(description="登录名")
    name: str = Field(description="姓名")
    result: Literal["new", "changed", "unchanged", "faulty"] = Field(description="新增 / 更改 / 不变 / 有误")
    reason: str = Field(description="有误的原因")
    password: str = Field(description="新增人员的一次性密码，只在此处出现一次；试导入时为空")
    issued_until: datetime | None = Field(default=None, description=_ISSUED_UNTIL)


class ImportedPeopleOut(Out):
    """有一行有误则全部不导入"""

    imported: bool = Field(description="是否已导入；试导入或有误时为否")
    items: list[ImportedPersonOut] = Field(description="逐行结果")
