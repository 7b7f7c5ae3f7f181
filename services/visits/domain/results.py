"""Result codes of an attempt: what each means, whether it ends the visit, and when to try again (R09.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Literal, get_args

from shared.contracts.visits import AttemptResult, ConnectedResult

Ending = Literal["completed", "refused", "invalid_number"]
Wait = timedelta | Literal["next_working_day"]


@dataclass(frozen=True, slots=True)
class ResultCode:
    """One result code.

    `ending` says how the visit ends; None means another attempt follows after `wait`, until this code has come `most`
    times. `shortcut` is the key of the agent desk, `label` what agents read.
    """

    code: AttemptResult
    label: str
    shortcut: str
    ending: Ending | None = None
    wait: Wait = timedelta()
    most: int = 3
    needs_note: bool = False

    @property
    def connected(self) -> bool:
        """Whether somebody picked up: the numerator of 接通率."""
        return self.code in get_args(ConnectedResult)


_CODES = (
    ResultCode("completed", "完成", "C", ending="completed"),
    ResultCode("partly", "部分完成", "P", ending="completed"),
    ResultCode("callback_agreed", "预约回呼", "B"),
    ResultCode("refused", "拒访", "R", ending="refused", needs_note=True),
    ResultCode("wrong_person", "非本人", "N", wait=timedelta(hours=2)),
    ResultCode("language_barrier", "语言不通", "L", wait="next_working_day", most=2, needs_note=True),
    ResultCode("no_answer", "无人接听", "U", wait=timedelta(hours=2)),
    ResultCode("busy", "占线", "Y", wait=timedelta(minutes=30)),
    ResultCode("powered_off", "关机", "O", wait=timedelta(hours=4)),
    ResultCode("suspended", "停机", "S", wait="next_working_day", most=2),
    ResultCode("invalid_number", "空号", "I", ending="invalid_number"),
    ResultCode("wrong_number", "号码错误", "X", ending="invalid_number"),
    ResultCode("restricted", "限呼", "T", wait="next_working_day", most=2),
)
RESULTS: Mapping[AttemptResult, ResultCode] = MappingProxyType({result.code: result for result in _CODES})
