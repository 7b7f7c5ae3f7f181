"""What an agent who holds a visit is told when its task changes: what happened, and what to do now."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from shared.contracts.words import REASONS, word_of

Kind = Literal["cancelled", "postponed", "changed", "released"]
WHAT = {
    "cancelled": "该单已撤销",
    "postponed": "该单已推迟",
    "changed": "该单内容有变更",
    "released": "该单已重新下达",
}
# in a call that goes on, and when nobody was called yet
TO_DO: Mapping[Kind, tuple[str, str]] = {
    "cancelled": (
        "请向客户致歉说明并结束通话；若已问完可照常提交，否则提交后该单不再回访",
        "请不要拨打，退回该单即可",
    ),
    "postponed": ("请尽快结束通话；已得到的回答可照常提交", "请不要拨打，退回该单，到时会重新下达"),
    "changed": ("请按变更后的内容继续", "请先看变更后的内容再拨打"),
    "released": ("可以照常进行", "可以照常拨打"),
}
CHANGED = {"matters": "事项", "channel": "渠道", "priority": "优先级", "deadline_at": "时限"}


def words_of(reason: str) -> str:
    """A machine reason in Chinese; one that is not known as it is."""
    return word_of(REASONS, reason)


def notice(kind: Kind, reason: str, at: datetime, calling: bool, changes: Iterable[str] = ()) -> dict[str, Any]:
    """A notice as it is kept and shown: `at`, `kind`, `reason`, `text` (what happened) and `advice` (what to do)."""
    parts = "、".join(CHANGED[change] for change in changes if change in CHANGED)
    why = words_of(reason)
    text = WHAT[kind] + (f"（{parts}）" if parts else "") + (f"：{why}" if why else "")
    advice = TO_DO[kind][0 if calling else 1]
    return {"at": at.isoformat(), "kind": kind, "reason": reason, "text": text, "advice": advice}
