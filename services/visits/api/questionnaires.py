"""Publishing and reading questionnaires."""

from fastapi import APIRouter, Request, Response

from services.visits.access import Author, QuestionnaireReader
from services.visits.commands import oversight
from services.visits.domain.errors import QuestionnaireNotFound
from services.visits.domain.lint import warnings_of
from services.visits.schemas.questionnaires import PublishedOut, QuestionnaireDetail, QuestionnaireOut
from services.visits.store import questionnaires
from shared.documents import sent_document
from shared.http import ReadSession, VersionPath, WorkDep
from shared.pagination import Cursor, Limit, Page, number_of, paged, text_of

router = APIRouter(prefix="/api/v1/questionnaires", tags=["问卷"])
_EXAMPLE = {
    "id": "gas-repair",
    "title": "燃气维修回访",
    "questions": [
        {
            "id": "satisfaction",
            "kind": "single",
            "title": "总体满意度",
            "ask": "您对这次维修满意吗？",
            "required": True,
            "role": "satisfaction",
            "options": [
                {"value": "satisfied", "label": "满意", "score": 100},
                {"value": "dissatisfied", "label": "不满意", "score": 0},
            ],
        }
    ],
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media: {"schema": {"type": "object"}, "example": _EXAMPLE}
            for media in ("application/yaml", "application/json")
        },
    }
}


@router.post(
    "",
    status_code=201,
    summary="发布问卷",
    openapi_extra=_BODY,
    responses={200: {"model": PublishedOut, "description": "内容与最新版本相同"}},
)
async def publish(request: Request, author: Author, work: WorkDep, response: Response) -> PublishedOut:
    """提交 YAML 或 JSON 定义。内容与最新版本相同时不产生新版本；已发布的版本不可修改，已领取的单沿用领取时的版本。"""
    raw = await sent_document(request)
    questionnaire, created = await oversight.publish_questionnaire(work, author, raw)
    if not created:
        response.status_code = 200
    return PublishedOut(
        id=questionnaire.id, version=questionnaire.version, created=created, warnings=warnings_of(questionnaire)
    )


@router.get("", summary="列出问卷")
async def list_questionnaires(
    _reader: QuestionnaireReader,
    session: ReadSession,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[QuestionnaireOut]:
    """每份问卷的最新版本。"""
    found = await questionnaires.list_newest(session, text_of(cursor) or "", limit + 1)
    rows, next_cursor = paged(found, limit, lambda row: (row.id,))
    return Page(items=[QuestionnaireOut.of(row) for row in rows], next_cursor=next_cursor)


@router.get("/{questionnaire_id}", summary="查看问卷最新版本")
async def newest(questionnaire_id: str, _reader: QuestionnaireReader, session: ReadSession) -> QuestionnaireDetail:
    row = await questionnaires.newest(session, questionnaire_id)
    if row is None:
        raise QuestionnaireNotFound
    return QuestionnaireDetail.of(row)


@router.get("/{questionnaire_id}/versions", summary="列出问卷的全部版本")
async def versions(
    questionnaire_id: str,
    _reader: QuestionnaireReader,
    session: ReadSession,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[QuestionnaireOut]:
    """新的在前。"""
    found = await questionnaires.versions(session, questionnaire_id, number_of(cursor), limit + 1)
    rows, next_cursor = paged(found, limit, lambda row: (row.version,))
    return Page(items=[QuestionnaireOut.of(row) for row in rows], next_cursor=next_cursor)


@router.get("/{questionnaire_id}/versions/{version}", summary="查看问卷的一个版本")
async def one_version(
    questionnaire_id: str, version: VersionPath, _reader: QuestionnaireReader, session: ReadSession
) -> QuestionnaireDetail:
    row = await questionnaires.version_of(session, questionnaire_id, version)
    if row is None:
        raise QuestionnaireNotFound
    return QuestionnaireDetail.of(row)
