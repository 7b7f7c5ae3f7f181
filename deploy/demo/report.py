"""What came of the month, as the platform's own analytics tell it."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.platform import Caller, Platform
from deploy.demo.play import Played, Script
from shared.auth import Role

STEADY_LOOKS = 3
LOOK_SECONDS = 1.0
MOST_LOOKS = 60
EVER = "2000-01-01"  # before any fact
KPI_DIGITS = 1
ALL = 100


async def settled_funnel(platform: Platform) -> dict[str, Any]:
    """The funnel once it has stopped moving: events still on their way arrive first."""
    clock = platform.clock()
    async with platform.client("analytics", Role.SUPERVISOR) as analytics:
        last: dict[str, Any] = {}
        same = 0
        for _ in range(MOST_LOOKS):
            funnel = await analytics.get("/api/v1/funnel")
            same = same + 1 if funnel == last else 0
            if same >= STEADY_LOOKS:
                break
            last = funnel
            await clock.sleep(LOOK_SECONDS)
    return last


async def plan_fingerprint(platform: Platform) -> tuple[int, str]:
    """How many first-round follow-ups were planned by policies that ask everybody, and a hash of which: the seed decides
    it alone. Whom a draw takes also depends on which facts came after midnight, and on whom agents could not reach."""
    digest = hashlib.sha256()
    async with platform.client("scheduler", Role.AUDITOR) as scheduler:
        everybody = {policy["id"] async for policy in _pages(scheduler, "/api/v1/policies") if policy["rate"] >= ALL}
        tasks = [task async for task in _pages(scheduler, "/api/v1/tasks") if task["round"] == 1]
    ids = sorted(task["id"] for task in tasks if task["policy_id"] in everybody)
    for task_id in ids:
        digest.update(task_id.encode() + b"\n")
    return len(ids), digest.hexdigest()[:16]


async def drawn(platform: Platform) -> tuple[int, int, int]:
    """How many draws were made, of how many facts in all, and how many they took."""
    async with platform.client("scheduler", Role.AUDITOR) as scheduler:
        draws = [draw async for draw in _pages(scheduler, "/api/v1/draws") if draw["made_at"]]
    taken = sum(stratum["drawn"] for draw in draws for stratum in draw["strata"])
    return len(draws), sum(draw["population"] for draw in draws), taken


async def _pages(caller: Caller, path: str, **params: Any) -> AsyncIterator[dict[str, Any]]:
    cursor = None
    while True:
        page = await caller.get(path, limit=200, **params, **({"cursor": cursor} if cursor else {}))
        for item in page["items"]:
            yield item
        cursor = page["next_cursor"]
        if cursor is None:
            return


async def kpi_rows(platform: Platform, script: Script) -> list[dict[str, Any]]:
    """Every KPI over the whole month and its tail."""
    async with platform.client("analytics", Role.SUPERVISOR) as analytics:
        window = {"from": script.start.date().isoformat(), "to": script.end.date().isoformat()}
        rows: list[dict[str, Any]] = await analytics.get("/api/v1/kpis", period="total", **window)
    return rows


async def decisions(platform: Platform) -> int:
    """How many facts have their decision."""
    async with platform.client("scheduler", Role.AUDITOR) as scheduler:
        return sum((await scheduler.get("/api/v1/decisions/stats", **{"from": EVER})).values())


def show_funnel(console: Console, funnel: dict[str, Any], played: Played, decided: int) -> None:
    table = Table("环节", "数量", title="漏斗")
    for status, label in (("accepted", "网关接收"), ("duplicate", "重复(只算一次)"), ("rejected", "拒绝(附原因)")):
        table.add_row(label, f"{played.posted.statuses[status]:,}")
    for stage in funnel["stages"]:
        table.add_row(stage["name"], f"{stage['count']:,}")
        if stage["stage"] == "facts":
            table.add_row("决定(含投诉整改)", f"{decided:,}")
    table.columns[1].justify = "right"
    console.print(table)


def show_kpis(console: Console, rows: list[dict[str, Any]]) -> None:
    table = Table("指标", "数值", "分子", "分母", "说明", title="指标")
    for row in rows:
        below = "" if row["denominator"] is None else f"{row['denominator']:,.{KPI_DIGITS}f}".rstrip("0").rstrip(".")
        above = f"{row['numerator']:,.{KPI_DIGITS}f}".rstrip("0").rstrip(".")
        table.add_row(row["name"], row["shown"], above, below, "样本不足 30" if row["small_sample"] else "")
    for column in table.columns[1:4]:
        column.justify = "right"
    console.print(table)


def show_troubles(console: Console, played: Played) -> bool:
    """Name what should not have happened; True when there was something."""
    troubles = [
        *(f"网关答复出乎意料：{line}" for line in played.posted.surprises[:5]),
        *(f"坐席提交被拒：{line}" for line in played.called.refused[:5]),
        *(f"未完成：{name} {count}" for name, count in played.unfinished.items() if count),
    ]
    for trouble in troubles:
        console.print(f"[red]{trouble}[/red]", soft_wrap=True)
    return bool(troubles)


def show_places(console: Console, platform: Platform, script: Script) -> None:
    front = platform.run["front"]
    days = f"from={script.first}&to={script.end:%Y-%m-%d}"
    lines = (
        f"平台仍在运行，在浏览器中打开 {front}/ 登录，可以继续查看：",
        f"  指标页        {front}/analytics/kpi?{days}",
        f"  短信模拟器    {platform.run['sms']}/    邮件  {platform.run['mail']}/",
        f"  接口文档      {front}/visits/docs 等；为何回访：.venv/bin/huifang explain --event <事件编号>",
        "  总量抽取      .venv/bin/huifang draws list，重算核对：.venv/bin/huifang draws verify <编号>",
        "  核对          make reconcile      停止  make stop      清空  make reset",
    )
    for line in lines:
        console.print(line, soft_wrap=True)  # a command stays on its line, to be copied
