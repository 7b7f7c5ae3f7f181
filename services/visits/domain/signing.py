"""The customer's signature on the record of a visit on site (R06.4): drawn, or why there is none."""

from dataclasses import dataclass

from services.visits.domain.errors import InvalidAttempt, SignatureMissing
from services.visits.domain.visit import Visit


@dataclass(frozen=True, slots=True)
class Signing:
    """`drawn` with the visit's pictures; else `signer`, the customer's name, and the `reason` why they did not sign."""

    drawn: bool = False
    signer: str = ""
    reason: str = ""


UNSIGNED = Signing()


def require_signed(visit: Visit, is_completed: bool, signing: Signing) -> None:
    """Raises SignatureMissing when a completed visit on site is not signed, and InvalidAttempt for what can't be true."""
    if not visit.on_site:
        if signing.signer or signing.reason:
            raise InvalidAttempt("只有上门回访填写签名人和没有签名的原因")
        return
    if signing.reason and not signing.signer:
        raise InvalidAttempt("没有签名的，须填写客户姓名")
    if is_completed and not signing.drawn and not signing.reason:
        raise SignatureMissing("请客户在「上门」页签名；不能签名的，填写客户姓名（signer）和原因（unsigned_reason）")
