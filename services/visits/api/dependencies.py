"""What the routes share."""

from typing import Annotated, cast

from fastapi import Depends, Request

from services.visits.domain.work_rules import RulesVersion, WorkRules
from services.visits.settings import VisitsSettings
from services.visits.store.work_rules import KeptRules
from shared.calendar import WorkCalendar
from shared.http import ReadSession, WorkDep
from shared.official import KeptCalendar


async def _settings(request: Request) -> VisitsSettings:
    return cast(VisitsSettings, request.app.state.runtime.settings)


async def _calendar(request: Request, work: WorkDep) -> WorkCalendar:
    kept: KeptCalendar = request.app.state.runtime.state["calendar"]
    return await kept.current(work.session)


async def kept_rules(request: Request) -> KeptRules:
    kept: KeptRules = request.app.state.runtime.state["work_rules"]
    return kept


KeptRulesDep = Annotated[KeptRules, Depends(kept_rules)]


async def _current(kept: KeptRulesDep, work: WorkDep) -> RulesVersion:
    return await kept.current(work.session)


CurrentRulesDep = Annotated[RulesVersion, Depends(_current)]


async def rules_of(request: Request, work: WorkDep) -> WorkRules:
    kept = await kept_rules(request)
    return (await kept.current(work.session)).rules.on(await _calendar(request, work))


async def _shown(kept: KeptRulesDep, session: ReadSession) -> RulesVersion:
    return await kept.current(session)


RulesDep = Annotated[WorkRules, Depends(rules_of)]  # of a route that changes something
ShownRulesDep = Annotated[RulesVersion, Depends(_shown)]  # of one that only reads
SettingsDep = Annotated[VisitsSettings, Depends(_settings)]
