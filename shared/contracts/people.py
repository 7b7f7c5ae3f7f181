"""People and their sessions. The gateway keeps people; a session is ended by whichever service its person signs out at."""

from datetime import datetime

from pydantic import Field

from shared.contracts.base import PEOPLE, EventData, contract


@contract("session.ended", topic=PEOPLE, owner="gateway", title="登录已退出")
class SessionEnded(EventData):
    """Nobody is let in by this session any more."""

    session_id: str
    ended_at: datetime = Field(description="machine time")


@contract("person.changed", topic=PEOPLE, owner="gateway", title="人员已变更")
class PersonChanged(EventData):
    """An account was made, changed, disabled or enabled, or has another password; this is what holds from now on."""

    person_id: str = Field(description="the login name, which is what audit logs and results name the person by")
    name: str
    roles: list[str]
    units: list[str] = Field(description="what is seen; none = the whole organisation")
    teams: list[str] = Field(description="which queues are worked from; none = every team of those units")
    worker: str = Field(description='code in the systems that send facts; "" = does no such work')
    shift: str = Field(description='frames of a day, such as 08:30-12:00,14:00-18:00; "" = no fixed hours')
    skills: list[str] = Field(
        default=[], description="languages and what else they can do; none = nobody has said, or an older gateway tells"
    )
    disabled: bool
    version: int = Field(ge=1, description="rises with every change")
    changed_at: datetime = Field(description="business time")
    sessions_void_before: datetime | None = Field(
        default=None, description="machine time; sessions opened before it let nobody in any more; none = they go on"
    )
