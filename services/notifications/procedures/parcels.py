"""What a provider is handed of a send, or asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notifications.domain.addresses import opened
from services.notifications.domain.moment import Limits
from services.notifications.domain.parcel import Parcel
from services.notifications.domain.send import (
    Patience,
    Send,
)
from services.notifications.store import catalogue
from shared.mail_addresses import one_address
from shared.messaging import Work
from shared.privacy import PREFIX, Sealer, is_mobile
from shared.privacy.codes import hide_codes, show_codes


@dataclass(frozen=True)
class SendRules:
    """What sending needs to know beside the database: `providers` names the one in use per channel, `supervisors` the
    addresses of each branch's; where a branch has none the managers are told, and where there are no managers either, the
    supervisors of all branches."""

    providers: Mapping[str, str]
    managers: tuple[str, ...]
    supervisors: Mapping[str, tuple[str, ...]]
    limits: Limits
    patience: Patience
    sealer: Sealer


def addresses_of(send: Send, sealer: Sealer) -> tuple[str, ...]:
    """The plain addresses to send to; none when it is no mobile number or no e-mail address."""
    if send.channel == "email":
        # managers and supervisors are named by a list of ours; a customer's address is one, whatever its sender wrote
        listed = [send.recipient] if send.audience == "customer" else send.recipient.split(",")
        addresses = (one_address(opened(address, sealer)) for address in listed)  # planned before they had one form
        return tuple(dict.fromkeys(address for address in addresses if "@" in address))
    number = mobile_number(send.recipient, sealer)
    return (number,) if number else ()


def mobile_number(token: str, sealer: Sealer) -> str:
    """The number of a sealed token when it can take an SMS, else ""."""
    number = opened(token, sealer) if token.startswith(PREFIX) else ""
    return number if is_mobile(number) else ""


async def parcels_of(work: Work, rules: SendRules, tried: Sequence[Send]) -> list[Parcel]:
    """What the provider is handed, or asked about: here alone a customer's code stands in clear."""
    templates = await catalogue.template_versions(work.session, ((s.template, s.template_version) for s in tried))
    return [
        Parcel(
            send_id=send.id,
            channel=send.channel,
            addresses=addresses_of(send, rules.sealer),
            sign=(template := templates[send.template, send.template_version]).sign,
            codes=template.codes,
            params={name: _readable(send, value, rules.sealer) for name, value in send.params.items()},
            subject=send.subject,
            text=_readable(send, send.text, rules.sealer),
            submitted_at=send.submitted_at or send.planned_at,
        )
        for send in tried
    ]


def _readable(send: Send, text: str, sealer: Sealer) -> str:
    """With the codes in it, where it is the customer who reads it."""
    return show_codes(sealer, text) if send.audience == "customer" else hide_codes(sealer, text)
