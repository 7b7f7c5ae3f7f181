"""What operators should know of the scheduler."""

from sqlalchemy.ext.asyncio import AsyncSession

from shared.official import get_years
from shared.runtime import Line, Runtime
from shared.zone import ORG_ZONE

ANNOUNCED = 11  # the month in which next year's holidays are published at the latest (notices of the State Council)


async def calendar_lines(runtime: Runtime, session: AsyncSession) -> list[Line]:
    """Whether the official calendar is known for this year and, from November on, for the next."""
    today = runtime.clock.now().astimezone(ORG_ZONE)
    years = await get_years(session)
    wanted = [today.year, *([today.year + 1] if today.month >= ANNOUNCED else [])]
    if missing := [year for year in wanted if year not in years]:
        words = f"{'、'.join(map(str, missing))} 年放假安排未公布，时限按星期推算"
        return [Line("工作日历", words, "bad" if today.year in missing else "warn")]
    return [Line("工作日历", f"已公布到 {max(years)} 年", "good")]
