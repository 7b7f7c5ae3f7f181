"""Numbers and mail addresses of recipients, and what refusals know them by."""

from shared.privacy import PREFIX, Sealer


def opened(recipient: str, sealer: Sealer) -> str:
    """A recipient in clear; "" for a token of another deployment. An address that holds a number is a token too."""
    try:
        return sealer.unseal(recipient) if recipient.startswith(PREFIX) else recipient
    except ValueError:
        return ""


def refused_as(recipient: str, sealer: Sealer) -> str:
    """What a refusal of this recipient is kept under: the number's token; a mail address in small letters, since nearly no
    server tells capitals apart and one letter too few is better than one too many, sealed where it holds a number."""
    address = opened(recipient, sealer)
    return str(sealer.protect(address.lower(), "email")) if "@" in address else recipient
