"""What somebody reports of an attempt, as the domain takes it: the result code of the work rules, numbers sealed."""

from services.visits.domain.attempts import Report
from services.visits.domain.errors import InvalidAttempt
from services.visits.domain.signing import Signing
from services.visits.domain.work_rules import WorkRules
from services.visits.schemas.requests import AttemptIn
from shared.ids import new_id
from shared.privacy import Sealer, mask_phone, one_number


def report_of(body: AttemptIn, agent: str, sealer: Sealer, rules: WorkRules) -> Report:
    """Raises InvalidAttempt where the corrected number is none, and ResultNotSelectable."""
    try:
        number = one_number(body.corrected_phone or "")
    except ValueError as error:
        raise InvalidAttempt(f"更正后的号码{error}") from error
    corrected = (sealer.seal(number), mask_phone(number)) if number else None
    values = body.model_dump(
        exclude={"result", "corrected_phone", "callback_owner", "language", "signer", "unsigned_reason", "reason"}
    )
    values["code"] = rules.chosen(body.result)
    values["signing"] = Signing(signer=body.signer, reason=body.unsigned_reason)
    owner = agent if body.callback_at and body.callback_owner == "me" else ""
    return Report(id=new_id(), corrected_phone=corrected, callback_owner=owner, language=body.language or "", **values)
