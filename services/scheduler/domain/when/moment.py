"""A date or a moment as facts tell it: when a contract is due, a campaign begins, an appointment is."""

from datetime import UTC, datetime

from shared.yearly import LUNAR, date_in
from shared.zone import ORG_ZONE

EARLIEST, LATEST = 2000, 2099
FULL_DATE = len("2026-05-01")


def moment_in(value: object) -> datetime | None:
    """The moment, UTC; of a day its first one. None for what is no date in a year that can be meant.

    Read are ISO 8601, without an offset in local time, and days as `date_in` reads them: 2026/5/1, 2026年5月1日.
    """
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        day = date_in(value)
        if len(day) != FULL_DATE or day.startswith(LUNAR):
            return None
        at = datetime.fromisoformat(day)
    if not EARLIEST <= at.year <= LATEST:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=ORG_ZONE)).astimezone(UTC)
