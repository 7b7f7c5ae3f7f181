"""The versions of a questionnaire."""

from dataclasses import replace

from services.visits.domain.questionnaire import Questionnaire
from services.visits.store import questionnaires
from shared.messaging import Work


async def numbered(work: Work, questionnaire: Questionnaire, definition: str) -> tuple[Questionnaire, bool]:
    """With the version that this definition has, or is to have if it is new. Others publishing the same id wait."""
    newest = await questionnaires.lock_questionnaire(work.session, questionnaire.id)
    if newest and newest.definition == definition:
        return replace(questionnaire, version=newest.version), False
    return replace(questionnaire, version=newest.version + 1 if newest else 1), True
