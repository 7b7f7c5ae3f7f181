"""Codes in the users' words."""

from shared.contracts import by_name


def kind_name(kind: str) -> str:
    """A business kind's Chinese title; the code itself for one nobody declared."""
    declared = by_name(kind)
    return declared.title if declared else kind or "未注明业务"


def branch_name(branch: str) -> str:
    return branch or "未注明网点"


def policy_name(policy: str) -> str:
    return policy or "未归属策略"
