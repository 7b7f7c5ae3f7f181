"""`huifang demo`: a month of a gas company in a few minutes; leaves the platform running."""

import asyncio
import os
import time
from typing import Annotated, Any

import typer
from rich.console import Console

from deploy.demo import month, report
from deploy.demo.morning import leave_open, yesterdays
from deploy.demo.pace import hurried
from deploy.demo.people import people, show_sign_in
from deploy.demo.platform import Platform
from deploy.demo.play import Script, play
from deploy.demo.population import population
from deploy.local import control
from deploy.local.downloads import set_up
from deploy.local.files import read_json, write_json
from deploy.local.people import ensure_people
from deploy.local.report import Report
from deploy.local.runfiles import read_run, supervisor_pid
from deploy.local.settings import LocalSettings
from shared.auth import Role

app = typer.Typer(help="演示：几分钟走完一家燃气公司一个月的回访。")
Seed = Annotated[int, typer.Option(help="同一种子给出同样的客户、事实与答复。")]
Customers = Annotated[int, typer.Option(help="客户数。")]
Days = Annotated[int, typer.Option(help="天数。")]
Speed = Annotated[int, typer.Option(help="业务时间的倍速；10800 即 8 秒一天。")]


@app.callback(invoke_without_command=True)
def demo(
    seed: Seed = Script.seed,
    customers: Customers = Script.customers,
    days: Days = Script.days,
    speed: Speed = Script.speed,
) -> None:
    """Start the platform on a simulated clock, play the month, print the funnel and the figures."""
    script = Script(seed=seed, customers=customers, days=days, speed=speed)
    settings, console, started = LocalSettings.from_environment(), Console(), time.monotonic()
    try:
        _make_room(settings, console)
        set_up(settings, Report())
        os.environ["HUIFANG_CLOCK"] = script.clock()
        write_json(settings.var / "demo.json", {"seed": seed, "customers": customers, "days": days, "speed": speed})
        control.start_detached(LocalSettings.from_environment(), Report())
    except control.Refused as error:
        console.print(f"[red]{error}[/red]", soft_wrap=True)
        raise typer.Exit(1) from error
    run = read_run(settings)
    assert run is not None
    troubled, left = asyncio.run(_play(Platform.from_run(run, settings.jwt_secret_file), script, console))
    ensure_people(run, people(), settings.people_file)  # last: a day of the demo is a few seconds
    show_sign_in(console, run["front"], settings.people_file, left)
    console.print(f"用时 {time.monotonic() - started:.0f} 秒")
    raise typer.Exit(1 if troubled else 0)


def _make_room(settings: LocalSettings, console: Console) -> None:
    """An earlier demo's data are replaced; data of a real run are never touched. Raises Refused."""
    if read_json(settings.var / "demo.json") is None:
        if supervisor_pid(settings) is not None or (settings.var / "secrets.json").exists():
            raise control.Refused(
                "var/ 中已有平台数据，演示不会覆盖它。请先 make stop，再 make reset 清空，或用 HUIFANG_VAR=另一目录 make demo。"
            )
        return
    control.stop(settings, Report())
    console.print("替换上一次演示的数据")
    control.reset(control.what_reset_deletes(settings))


async def _play(platform: Platform, script: Script, console: Console) -> tuple[bool, int]:
    """Whether something happened that should not have, and how many follow-ups are open at the end."""
    households = population(script.seed, script.customers)
    postings = month.facts(script.seed, households, script.first, script.days)
    console.print(
        f"{script.customers:,} 位客户、3 家分公司、{script.days} 天，共 {len(postings):,} 次投递；"
        f"业务时间 {script.speed:,} 倍速，种子 {script.seed}"
    )
    morning_facts = yesterdays(script.seed, households, postings, script.end)
    async with platform.client("visits", Role.SUPERVISOR) as visits, hurried(visits, script.speed):
        played = await play(platform, script, postings, console)
    funnel: dict[str, Any] = await report.settled_funnel(platform)
    report.show_funnel(console, funnel, played, await report.decisions(platform))
    report.show_kpis(console, await report.kpi_rows(platform, script))
    planned, fingerprint = await report.plan_fingerprint(platform)
    console.print(f"全部回访的首轮计划 {planned:,} 条，指纹 {fingerprint}（由种子与事实决定）")
    console.print("总量抽取 {:,} 次，总量共 {:,} 件，抽取 {:,} 件".format(*await report.drawn(platform)))
    troubled = report.show_troubles(console, played)
    left = await leave_open(platform, script, morning_facts, console)
    report.show_places(console, platform, script)
    return troubled, left
