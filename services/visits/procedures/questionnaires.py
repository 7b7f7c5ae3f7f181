"""Publishing a questionnaire: people do by hand, the platform for practice calls."""

from dataclasses import replace
from typing import Any

import orjson

from services.visits.domain.definition import read_definition
from services.visits.domain.questionnaire import Questionnaire
from services.visits.store import questionnaires
from shared.messaging import Work


async def publish(work: Work, raw: Any, by: str) -> tuple[Questionnaire, bool]:
    """The definition as the next version, published by `by`; the newest again when nothing changed. True if it is new.

    Others publishing the same id wait. Raises InvalidQuestionnaire.
    """
    definition = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS).decode()
    read = read_definition(raw)
    newest = await questionnaires.lock_questionnaire(work.session, read.id)
    if newest and newest.definition == definition:
        return replace(read, version=newest.version), False
    published = replace(read, version=newest.version + 1 if newest else 1)
    await questionnaires.add_version(work.session, published, definition, work.now(), by)
    return published, True
