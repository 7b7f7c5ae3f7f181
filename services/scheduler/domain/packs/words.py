"""Kinds of values that many keys of a pack have, each declared once: its form, its length and what to write."""

from typing import Annotated, Any

from pydantic import Field

from shared.contracts.registry import all_contracts
from shared.declared.values import Say

Content = dict[str, Any]
EVENT_FORM = r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}"
CODE_FORM = r"[A-Za-z0-9._-]"
PATH_FORM = r"[^\s.]+(\.[^\s.]+)*"
KNOWN = [contract.name for contract in all_contracts()]
SAY_CODE = "字母、数字、点、下划线和连字符组成的编号"

Title = Annotated[str, Say("中文名称")]
Code = Annotated[str, Field(pattern=f"^{CODE_FORM}{{1,64}}$"), Say(SAY_CODE)]
CodeOrNone = Annotated[str, Field(pattern=f"^{CODE_FORM}{{0,64}}$"), Say(SAY_CODE)]
Path = Annotated[str, Field(pattern=f"^{PATH_FORM}$"), Say("数据字段路径，如 product.category")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$"), Say('一天中的时刻，须加引号，如 "15:00"')]
Event = Annotated[
    str,
    Field(pattern=f"^{EVENT_FORM}$", json_schema_extra={"anyOf": [{"enum": KNOWN}, {"type": "string"}]}),
    Say("具体的事件名，如 visit.dissatisfied"),
]
AnyEvent = Annotated[
    str,
    Field(pattern=rf"^(\*|{EVENT_FORM})$", json_schema_extra={"anyOf": [{"enum": ["*", *KNOWN]}, {"type": "string"}]}),
    Say("事件名（* 表示所有事件），事件名只含字母、数字、点、下划线和连字符"),
]
