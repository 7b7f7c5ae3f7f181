"""People: list, make, change, disable, give a password, import a sheet."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.datastructures import UploadFile

from services.gateway.access import Admin, PeopleChanger, PeopleReader
from services.gateway.adapters.passwords import Issued, Passwords, passwords_of
from services.gateway.adapters.workbooks import MEDIA_TYPE, people_template
from services.gateway.api.imports import workbook_answer
from services.gateway.commands import people as commands
from services.gateway.commands.people_import import take_sheet
from services.gateway.domain.people import Person
from services.gateway.domain.people_sheet import Planned
from services.gateway.procedures import accounts
from services.gateway.schemas.people import (
    ImportedPeopleOut,
    ImportedPersonOut,
    PersonChange,
    PersonIn,
    PersonIssuedOut,
    PersonOut,
)
from services.gateway.store import people
from services.gateway.store.people import PeopleFilter
from shared.errors import InvalidInput
from shared.http import IfMatch, OnceDep, ReadSession, WorkDep, etag
from shared.pagination import Cursor, Limit, Page, paged, text_of

router = APIRouter(prefix="/api/v1/people", tags=["人员"])
LoginPath = Annotated[str, Path(max_length=64, description="登录名")]
_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": ".xlsx、.xls 或 .csv"}
                    },
                }
            }
        },
    }
}


PasswordsDep = Annotated[Passwords, Depends(passwords_of)]


def people_filter(
    q: Annotated[str, Query(max_length=64, description="登录名或姓名中的文字")] = "",
    role: Annotated[str, Query(max_length=20, description="角色，如 agent")] = "",
    unit: Annotated[str, Query(max_length=64, description="单位代码")] = "",
    team: Annotated[str, Query(max_length=64, description="班组代码")] = "",
    disabled: Annotated[bool | None, Query(description="只看已停用的，或只看没有停用的")] = None,
) -> PeopleFilter:
    return PeopleFilter(q, role, unit, team, disabled)


Wanted = Annotated[PeopleFilter, Depends(people_filter)]


@router.get("", summary="人员列表", description="主管看到本单位的人员。")
async def list_people(
    session: ReadSession, viewer: PeopleReader, wanted: Wanted, cursor: Cursor = None, limit: Limit = 50
) -> Page[PersonOut]:
    rows = await people.list_people(session, viewer.scope, wanted, text_of(cursor), limit + 1)
    items, following = paged(rows, limit, lambda person: (person.login,))
    return Page(items=[PersonOut.model_validate(person) for person in items], next_cursor=following)


@router.get(
    "/template", summary="下载人员导入模板", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}}
)
async def template(_: PeopleReader) -> Response:
    return workbook_answer(await asyncio.to_thread(people_template), "人员导入模板.xlsx")


@router.get("/{login}", summary="人员详情")
async def get_person(login: LoginPath, response: Response, work: WorkDep, viewer: PeopleReader) -> PersonOut:
    return _shown(await accounts.find_person(work, viewer, login), response)


@router.post(
    "",
    status_code=201,
    summary="添加人员",
    description="应答中的一次性密码只出现一次。可带 Idempotency-Key，重复提交只建一个。",
)
async def create_person(
    body: PersonIn, response: Response, work: WorkDep, principal: Admin, passwords: PasswordsDep, once: OnceDep
) -> PersonIssuedOut:
    async def create() -> PersonIssuedOut:
        person, password = await commands.create_person(work, principal, passwords, body.model_dump())
        return _issued(person, password, response)

    return await once(PersonIssuedOut, create)


@router.patch(
    "/{login}", summary="修改人员", description="须带 If-Match。角色、单位、班组、工号变更后，本人须重新登录。"
)
async def change_person(
    login: LoginPath, body: PersonChange, seen: IfMatch, response: Response, work: WorkDep, principal: PeopleChanger
) -> PersonOut:
    changes: dict[str, Any] = body.model_dump(exclude_none=True)
    return _shown(await accounts.change_person(work, principal, login, seen, changes), response)


@router.post("/{login}/disable", summary="停用人员", description="本人随即被退出所有页面；须带 If-Match。")
async def disable(login: LoginPath, seen: IfMatch, response: Response, work: WorkDep, principal: Admin) -> PersonOut:
    return _shown(await commands.set_disabled(work, principal, login, seen, True), response)


@router.post("/{login}/enable", summary="恢复人员", description="密码不变；须带 If-Match。")
async def enable(login: LoginPath, seen: IfMatch, response: Response, work: WorkDep, principal: Admin) -> PersonOut:
    return _shown(await commands.set_disabled(work, principal, login, seen, False), response)


@router.post(
    "/{login}/reset-password", summary="重置密码", description="给出一次性密码，本人须重新登录并改密；须带 If-Match。"
)
async def reset_password(
    login: LoginPath, seen: IfMatch, response: Response, work: WorkDep, principal: Admin, passwords: PasswordsDep
) -> PersonIssuedOut:
    return _issued(*await commands.reset_password(work, principal, passwords, login, seen), response)


@router.post(
    "/import",
    summary="导入人员",
    description="按登录名新增或更改，可先用 dry_run 试一遍；有一行有误则全部不导入。",
    openapi_extra=_FILE,
)
async def import_sheet(
    request: Request,
    principal: Admin,
    passwords: PasswordsDep,
    dry_run: Annotated[bool, Query(description="只说明将会怎样，不导入")] = False,
) -> ImportedPeopleOut:
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidInput("请以 multipart/form-data 上传，文件字段名为 file")
        content = await file.read()
    planned, given = await take_sheet(request.app.state.runtime.db, principal, passwords, content, dry_run)
    items = [_row(each, (given or {}).get(each.row.login)) for each in planned]
    return ImportedPeopleOut(imported=given is not None, items=items)


def _row(planned: Planned, issued: Issued | None) -> ImportedPersonOut:
    row = planned.row
    return ImportedPersonOut(
        row=row.number,
        login=row.login,
        name=row.values.get("name", ""),
        result=planned.result,
        reason=planned.reason,
        password=issued.password if issued else "",
        issued_until=issued.until if issued else None,
    )


def _shown(person: Person, response: Response) -> PersonOut:
    response.headers["ETag"] = etag(person.version)
    return PersonOut.model_validate(person)


def _issued(person: Person, password: str, response: Response) -> PersonIssuedOut:
    return PersonIssuedOut(**_shown(person, response).model_dump(), password=password)
