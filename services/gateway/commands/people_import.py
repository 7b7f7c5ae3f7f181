"""Importing a sheet of people: all of it, or nothing when a row has a fault."""

from collections.abc import Sequence

from services.gateway.adapters.passwords import Issued, Passwords
from services.gateway.adapters.sheets import open_sheet
from services.gateway.domain.headers import UnusableSheet
from services.gateway.domain.people_sheet import LAYOUT, MOST_PEOPLE, PersonRow, Planned, plan, read_person
from services.gateway.procedures.accounts import actor_of, add_person, change_person, new_person
from services.gateway.store import people
from shared.auth import Principal
from shared.db import Database
from shared.errors import Conflict, Forbidden, InvalidInput
from shared.messaging.work import Work


async def take_sheet(
    db: Database, principal: Principal, passwords: Passwords, content: bytes, dry_run: bool
) -> tuple[list[Planned], dict[str, Issued] | None]:
    """What becomes of each row, and the passwords of new people by their logins; None when nothing was imported.

    Passwords are hashed between two transactions. Raises InvalidInput, Forbidden, Conflict.
    """
    if not content:
        raise InvalidInput("文件是空的")
    rows = await read_people(content)
    async with db.work() as work:
        planned = await plan_import(work, principal, rows)
    if dry_run or any(each.result == "faulty" for each in planned):
        return planned, None
    new = sum(each.result == "new" for each in planned)
    issued = [await passwords.issue(db.clock.machine()) for _ in range(new)]
    async with db.work() as work:
        return await import_people(work, principal, rows, issued)


async def read_people(content: bytes) -> list[PersonRow]:
    """The rows of a workbook or CSV, read in a process of its own. Raises InvalidInput for a file that can't be read."""
    try:
        async with open_sheet(content, LAYOUT) as sheet:
            if sheet.total > MOST_PEOPLE:
                raise UnusableSheet(f"有 {sheet.total} 行，一次最多 {MOST_PEOPLE} 人，请拆分后上传")
            return [read_person(row) for row in await sheet.rows(MOST_PEOPLE)]
    except UnusableSheet as error:
        raise InvalidInput(str(error)) from error


async def plan_import(work: Work, principal: Principal, rows: Sequence[PersonRow]) -> list[Planned]:
    """What importing would do. Raises Forbidden."""
    actor = actor_of(principal)
    if not actor.administers:
        raise Forbidden("只有系统管理员可以导入人员")
    known = await people.lock_people(work.session, [row.login for row in rows])
    return plan(rows, known, actor)


async def import_people(
    work: Work, principal: Principal, rows: Sequence[PersonRow], issued: Sequence[Issued]
) -> tuple[list[Planned], dict[str, Issued]]:
    """Import rows without faults: what was done, and the passwords of new people by their logins.

    Raises Conflict when somebody changed people meanwhile so that a row is another matter now.
    """
    planned = await plan_import(work, principal, rows)
    given, left = {}, list(issued)
    for each in planned:
        if each.result == "faulty" or (each.result == "new" and not left):
            raise Conflict(f"导入期间人员有变动（第 {each.row.number} 行），请重新导入")
        if each.result == "new":
            given[each.row.login] = left.pop()
            await add_person(work, principal, new_person(work, each.row.values, given[each.row.login]))
        elif each.result == "changed":
            person = await people.get_person(work.session, each.row.login)
            assert person is not None  # locked when it was planned
            await change_person(work, principal, person.login, person.version, each.changes)
    return planned, given
