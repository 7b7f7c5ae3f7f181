"""What supervisors do."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.visits.access import Supervisor
from services.visits.commands import oversight
from services.visits.schemas.requests import ReassignIn, ReviewIn
from services.visits.schemas.visits import ReviewOut, VisitOut
from shared.http import IfMatch, OnceDep, WorkDep, etag

router = APIRouter(prefix="/api/v1/visits", tags=["主管"])


@router.post("/{visit_id}/reassign", summary="改派班组")
async def reassign(
    visit_id: UUID, body: ReassignIn, supervisor: Supervisor, work: WorkDep, seen: IfMatch, response: Response
) -> VisitOut:
    """未办结的单改派给另一班组；已被领取的强制收回。"""
    visit = await oversight.reassign(work, supervisor, visit_id, body.team, seen)
    response.headers["ETag"] = etag(visit.version)
    return VisitOut.of(visit)


@router.post("/{visit_id}/review", status_code=201, summary="复核并备注")
async def review(visit_id: UUID, body: ReviewIn, supervisor: Supervisor, work: WorkDep, once: OnceDep) -> ReviewOut:
    """对已办结的单写复核意见，意见只增不改。"""

    async def create() -> ReviewOut:
        return ReviewOut.model_validate(await oversight.review(work, supervisor, visit_id, body.remark))

    return await once(ReviewOut, create)
