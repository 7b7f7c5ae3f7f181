"""Result codes of an attempt: what each means, whether it ends the visit, and when to try again (R09.4).

The platform's thirteen are what events and figures speak of. A deployment may rename, order, retire and plan them anew, and
have codes of its own beside them, each of which `means` one of the platform's (`work_rules`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Literal, get_args

from shared.contracts.visits import AttemptResult, ConnectedResult, UnconnectedResult
from shared.hours import Frame

Ending = Literal["completed", "refused", "invalid_number"]
Wait = timedelta | Literal["next_working_day"]
CONNECTED: tuple[str, ...] = get_args(ConnectedResult)
UNCONNECTED: tuple[str, ...] = get_args(UnconnectedResult)
GROUPS = {True: "接通", False: "未接通"}


@dataclass(frozen=True, slots=True)
class ResultCode:
    """One result code.

    `ending` says how the visit ends; None means another attempt follows after `wait`, in the `frames` of the day where there
    are some, until this code has come `most` times. `shortcut` is the key of the agent desk, `label` what agents read, under
    the heading `group`. A code with `needs_answers` is refused while nothing is answered. A `retired` one is not selected any
    more, but still read.
    """

    code: str
    label: str
    shortcut: str
    means: AttemptResult
    ending: Ending | None = None
    wait: Wait = timedelta()
    most: int = 3
    needs_note: bool = False
    needs_answers: bool = False
    group: str = ""
    retired: bool = False
    frames: tuple[Frame, ...] = ()

    @property
    def connected(self) -> bool:
        """Whether somebody picked up: the numerator of 接通率."""
        return self.means in CONNECTED

    @property
    def own(self) -> bool:
        """Whether it is the deployment's own, beside the platform's."""
        return self.code != self.means


def _platforms(
    code: AttemptResult,
    label: str,
    shortcut: str,
    ending: Ending | None = None,
    wait: Wait = timedelta(),
    most: int = 3,
    needs_note: bool = False,
) -> ResultCode:
    group = GROUPS[code in CONNECTED]
    return ResultCode(code, label, shortcut, code, ending, wait, most, needs_note, code == "completed", group)


_CODES = (
    _platforms("completed", "完成", "C", ending="completed"),
    _platforms("partly", "部分完成", "P", ending="completed"),
    _platforms("callback_agreed", "预约回呼", "B"),
    _platforms("refused", "拒访", "R", ending="refused", needs_note=True),
    _platforms("wrong_person", "非本人", "N", wait=timedelta(hours=2)),
    _platforms("language_barrier", "语言不通", "L", wait="next_working_day", most=2, needs_note=True),
    _platforms("no_answer", "无人接听", "U", wait=timedelta(hours=2)),
    _platforms("busy", "占线", "Y", wait=timedelta(minutes=30)),
    _platforms("powered_off", "关机", "O", wait=timedelta(hours=4)),
    _platforms("suspended", "停机", "S", wait="next_working_day", most=2),
    _platforms("invalid_number", "空号", "I", ending="invalid_number"),
    _platforms("wrong_number", "号码错误", "X", ending="invalid_number"),
    _platforms("restricted", "限呼", "T", wait="next_working_day", most=2),
)
RESULTS: Mapping[str, ResultCode] = MappingProxyType({result.code: result for result in _CODES})
