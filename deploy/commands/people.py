"""`huifang people list | add | set | disable | enable | reset | import | template`: who may sign in, and as what."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.commands._client import answer, change, every, service_client
from services.gateway.domain.people import plain_skills
from shared.contracts.words import SKILLS, word_of
from shared.roles import ROLE_NAMES, Role
from shared.zone import ORG_ZONE

app = typer.Typer(no_args_is_help=True, help="人员：登录账号、角色、单位、班组、班次。")
GATEWAY = "gateway", "admin"
PATH = "/api/v1/people"
RESULTS = {"new": "新增", "changed": "更改", "unchanged": "不变", "faulty": "有误"}
BY_NAME = {name: role for role, name in ROLE_NAMES.items()} | {str(role): role for role in Role}
SIGN_IN = {"password": "local", "oidc": "oidc"}
NONE = "-"  # how an option says "none of them"

Login = Annotated[str, typer.Argument(help="登录名")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="角色，可写多次：坐席、主管、策略管理员、接入管理员、运维、审计员、系统管理员"),
]
Units = Annotated[list[str] | None, typer.Option("--unit", help="单位代码，可写多次；- 为整个组织")]
Teams = Annotated[list[str] | None, typer.Option("--team", help="班组代码，可写多次；- 为所属单位的全部班组")]
Worker = Annotated[str | None, typer.Option(help="在业务系统中的工号；- 为没有")]
Source = Annotated[str | None, typer.Option("--sign-in", help="如何登录：password 用密码，oidc 用统一身份认证")]
Skills = Annotated[
    list[str] | None, typer.Option("--skill", help="会的语言或上门，可写多次，如 粤语、上门；- 为没有登记，不作限制")
]
Shift = Annotated[str | None, typer.Option(help="班次，如 08:30-12:00,14:00-18:00；- 为没有固定班次")]


@app.command("list")
def list_people(
    text: Annotated[str, typer.Argument(help="登录名或姓名中的文字；不写则全部")] = "",
    role: Annotated[str, typer.Option(help="只看这个角色")] = "",
    unit: Annotated[str, typer.Option(help="只看这个单位")] = "",
) -> None:
    """列出人员。"""
    params = {"q": text, "role": str(_role(role)) if role else "", "unit": unit}
    with service_client(*GATEWAY) as client:
        found = list(every(client, PATH, **params))
    for person in found:
        typer.echo(_line(person))
    if not found:
        typer.echo("没有符合条件的人员。添加：huifang people add 登录名 姓名 --role 坐席")


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Argument(help="姓名")],
    role: Roles = None,
    unit: Units = None,
    team: Teams = None,
    worker: Worker = None,
    shift: Shift = None,
    skill: Skills = None,
    sign_in: Source = None,
) -> None:
    """添加一人，给出一次性密码；用统一身份认证登录的人没有。"""
    changes = _changes(role, unit, team, worker, shift, skill) | _source(sign_in)
    body = {"login": login, "name": name, "roles": [], **changes}
    with service_client(*GATEWAY) as client:
        made = answer(client.post(PATH, json=body))
    typer.echo(_line(made))
    if made["password"]:
        _tell_password(made)


@app.command("set")
def set_person(
    login: Login,
    name: Annotated[str | None, typer.Option(help="姓名")] = None,
    role: Roles = None,
    unit: Units = None,
    team: Teams = None,
    worker: Worker = None,
    shift: Shift = None,
    skill: Skills = None,
    sign_in: Source = None,
) -> None:
    """修改一人；没有写的项不变。改为用密码登录后，请再用 huifang people reset 给出密码。"""
    changes = (
        _changes(role, unit, team, worker, shift, skill) | _source(sign_in) | ({} if name is None else {"name": name})
    )
    if not changes:
        raise typer.BadParameter("请写要修改的项，如 --shift 08:30-17:30")
    typer.echo(_line(change(*GATEWAY, f"{PATH}/{login}", body=changes, method="PATCH")))


@app.command()
def disable(login: Login) -> None:
    """停用：不能再登录，已登录的随即退出。"""
    typer.echo(_line(change(*GATEWAY, f"{PATH}/{login}", "/disable")))


@app.command()
def enable(login: Login) -> None:
    """恢复已停用的人员，密码不变。"""
    typer.echo(_line(change(*GATEWAY, f"{PATH}/{login}", "/enable")))


@app.command()
def reset(login: Login) -> None:
    """重置密码，给出一次性密码。"""
    _tell_password(change(*GATEWAY, f"{PATH}/{login}", "/reset-password"))


@app.command("import")
def import_sheet(
    file: Annotated[Path, typer.Argument(help="Excel 或 CSV，列名见模板", exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说明每行将会怎样，不导入")] = False,
) -> None:
    """按登录名新增或更改；有一行有误则全部不导入。新增人员的一次性密码只显示这一次。"""
    with service_client(*GATEWAY) as client:
        sent = {"file": (file.name, file.read_bytes())}
        done = answer(client.post(f"{PATH}/import", params={"dry_run": dry_run}, files=sent, timeout=120))
    for row in done["items"]:
        remark = row["reason"] or (f"一次性密码 {row['password']}{_until(row)}" if row["password"] else "")
        typer.echo(f"第 {row['row']} 行\t{RESULTS[row['result']]}\t{row['login']}\t{row['name']}\t{remark}".rstrip())
    faulty = sum(row["result"] == "faulty" for row in done["items"])
    if faulty:
        typer.secho(f"{faulty} 行有误，没有导入任何人。改好后再导入。", fg="red", err=True)
        raise typer.Exit(1)
    typer.echo("已导入。" if done["imported"] else "没有错误；去掉 --dry-run 即导入。")


@app.command()
def template(
    to: Annotated[Path, typer.Option(help="写入的文件", dir_okay=False)] = Path("人员导入模板.xlsx"),
) -> None:
    """下载导入模板。"""
    with service_client(*GATEWAY) as client:
        given = client.get(f"{PATH}/template")
        if not given.is_success:
            answer(given)
        to.write_bytes(given.content)
    typer.echo(f"已写入 {to}")


def _changes(
    roles: list[str] | None,
    units: list[str] | None,
    teams: list[str] | None,
    worker: str | None,
    shift: str | None,
    skills: list[str] | None,
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if roles is not None:
        found["roles"] = [str(_role(role)) for role in roles]
    for field, codes in (
        ("units", units),
        ("teams", teams),
        ("skills", None if skills is None else plain_skills(skills)),
    ):
        if codes is not None:
            found[field] = [code for code in codes if code != NONE]
    for field, text in (("worker", worker), ("shift", shift)):
        if text is not None:
            found[field] = "" if text == NONE else text
    return found


def _source(way: str | None) -> dict[str, str]:
    if way is None:
        return {}
    if way not in SIGN_IN:
        raise typer.BadParameter(f"--sign-in 应为 {' 或 '.join(SIGN_IN)}")
    return {"source": SIGN_IN[way]}


def _role(name: str) -> Role:
    if name not in BY_NAME:
        raise typer.BadParameter(f"没有角色「{name}」，可用：{'、'.join(ROLE_NAMES.values())}")
    return BY_NAME[name]


def _line(person: dict[str, Any]) -> str:
    roles = "、".join(ROLE_NAMES[Role(role)] for role in person["roles"])
    units = "、".join(person["units"]) or "整个组织"
    teams = "、".join(person["teams"]) or "全部班组"
    issued = f"\t尚未改初始密码{_until(person)}" if person["must_change_password"] else ""
    state = "\t已停用" if person["disabled"] else issued
    skills = "".join(f"\t{word_of(SKILLS, skill)}" for skill in person["skills"])
    return f"{person['login']}\t{person['name']}\t{roles}\t{units}\t{teams}\t{person['shift'] or '无固定班次'}{skills}{state}"


def _tell_password(person: dict[str, Any]) -> None:
    typer.echo(f"一次性密码：{person['password']}（只显示这一次{_until(person)}；首次登录须改成自己的）")


def _until(person: dict[str, Any]) -> str:
    """Until when the issued password lets somebody in, or let them in."""
    until = person.get("issued_until")
    return f"，有效至 {datetime.fromisoformat(until).astimezone(ORG_ZONE):%Y-%m-%d %H:%M}" if until else ""
