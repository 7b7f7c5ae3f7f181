"""The people of the demo: agents, a supervisor and a policy owner of each branch, as whom one can sign in and look."""

from pathlib import Path

from rich.console import Console

from deploy.demo.agents import SEATS
from deploy.demo.population import BRANCHES
from deploy.local.files import read_json
from deploy.local.people import Account


def people() -> list[Account]:
    """Seats go round the branches; an agent has the name that the robot of the seat works under, and so its figures."""
    found = [_agent(seat, *BRANCHES[seat % len(BRANCHES)][:2]) for seat in range(SEATS)]
    for code, title, _ in BRANCHES:
        short = _short(code)
        found.append(Account(f"supervisor-{short}", f"{title}主管", ("supervisor",), (code,)))
        found.append(Account(f"owner-{short}", f"{title}策略管理员", ("policy_owner",), (code,)))
    return found


def _agent(seat: int, code: str, title: str) -> Account:
    return Account(f"agent-{seat + 1:02d}", f"{title}坐席{seat + 1:02d}", ("agent",), (code,))


def _short(code: str) -> str:
    return code.rpartition("-")[2].lower()


def show_sign_in(console: Console, address: str, file: Path, left: int) -> None:
    """Where to sign in, and as whom; `left` follow-ups are open for agents to try."""
    passwords = read_json(file) or {}
    shown = [
        people()[0].login,
        *(f"{who}-{_short(code)}" for code, *_ in BRANCHES[:1] for who in ("supervisor", "owner")),
        "admin",
    ]
    console.print(f"\n打开 {address}/ 登录（今天有 {left} 张待回访的单，用坐席登录就能领取）：", soft_wrap=True)
    for login in shown:
        console.print(f"  {login:<20}{passwords.get(login, '')}", soft_wrap=True, markup=False, highlight=False)
    console.print(
        f"  三家分公司的坐席、主管、策略管理员共 {len(people())} 人，密码都在 {file}", soft_wrap=True, markup=False
    )
