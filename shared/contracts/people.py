"""People and their sessions. A session is ended by whichever service its person signs out at."""

from datetime import datetime

from pydantic import Field

from shared.contracts.base import PEOPLE, EventData, contract


@contract("session.ended", topic=PEOPLE, owner="gateway", title="登录已退出")
class SessionEnded(EventData):
    """Nobody is let in by this session any more."""

    session_id: str
    ended_at: datetime = Field(description="machine time")
