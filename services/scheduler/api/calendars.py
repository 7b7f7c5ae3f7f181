"""The official calendar, year by year."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.scheduler.access import Owner, Reader
from services.scheduler.commands import calendars
from services.scheduler.domain.packs.calendar_year import EARLIEST, LATEST, read_year
from services.scheduler.schemas.calendars import CalendarYearIn, CalendarYearOut
from services.scheduler.store import calendars as store
from shared.declared.section import Section
from shared.http import IfMatch, ReadSession, WorkDep, etag

router = APIRouter(prefix="/api/v1/calendars", tags=["日历"])
Year = Annotated[int, Path(ge=EARLIEST, le=LATEST, description="年份")]


@router.get("/official", summary="已公布的年份")
async def list_official_years(session: ReadSession, by: Reader) -> list[CalendarYearOut]:
    """官方日历中放假与调休已公布的各年，由远到近。"""
    return [CalendarYearOut.of(stored.published.year, stored) for stored in await store.list_years(session)]


@router.get("/official/{year}", summary="一年的官方日历")
async def get_official_year(year: Year, session: ReadSession, by: Reader, response: Response) -> CalendarYearOut:
    """放假与调休的日子；ETag 用于公布时的 If-Match。"""
    stored = await store.get_year(session, year)
    response.headers["ETag"] = etag(stored.version if stored else 0)
    return CalendarYearOut.of(year, stored)


@router.put("/official/{year}", summary="公布一年的官方日历")
async def publish_official_year(
    year: Year, body: CalendarYearIn, work: WorkDep, by: Owner, seen: IfMatch, response: Response
) -> CalendarYearOut:
    """此后的决定按此计算；因该年未公布而暂定的任务重新计算。内容相同不产生新版本，留有审计记录。"""
    document = Section("", {"source": body.source, "days": body.days}, [])
    stored = await calendars.publish_year(work, by, read_year(document, year), seen)
    response.headers["ETag"] = etag(stored.version)
    return CalendarYearOut.of(year, stored)
