"""What operators should know of notifications."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.office import Office
from services.notifications.store import sends
from shared.runtime import Line, Runtime


async def provider_lines(runtime: Runtime, session: AsyncSession) -> list[Line]:
    """How each provider answers, and how many messages nobody knows the fate of."""
    office: Office = runtime.state["office"]
    lines = []
    for provider in office.providers.values():
        health = office.health[provider.name]
        words = "正常" if health.healthy else f"异常：{health.trouble}"
        lines.append(Line(f"运营商 {provider.name}", words, "good" if health.healthy else "bad"))
    unknown = await sends.count_unknown(session)
    return [*lines, Line("待核实的消息", f"{unknown:,} 条", "warn" if unknown else "good")]
