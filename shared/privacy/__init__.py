"""Personal data: phone and ID numbers are sealed at the gateway and stay sealed everywhere.

- `writing`: one way to write what people write in many
- `numbers`: what a phone number is, and which ones a field for them, or a form in which somebody types one, holds; identities
  hang on these only
- `recognise`: finds the numbers of people in any text
- `masking`: takes them out of sight
- `people`: the customers and appellants of a fact, with their phones read
- `sealing`: turns them into tokens; only who must dial or send unseals, everybody else sees the masked form
"""

from shared.privacy.masking import (
    PREFIX,
    is_phone,
    mask_phone,
    mask_prose,
    mask_text,
    mask_tree,
    require_no_number,
)
from shared.privacy.numbers import (
    Reading,
    TypedNumber,
    Unread,
    as_dialled,
    e164,
    extension_of,
    is_mobile,
    one_number,
    read_numbers,
)
from shared.privacy.people import with_numbers
from shared.privacy.sealing import PHONE_FIELDS, ForeignToken, NotANumber, Sealer, pseudonym

__all__ = [
    "PHONE_FIELDS",
    "PREFIX",
    "ForeignToken",
    "NotANumber",
    "Reading",
    "Sealer",
    "TypedNumber",
    "Unread",
    "as_dialled",
    "e164",
    "extension_of",
    "is_mobile",
    "is_phone",
    "mask_phone",
    "mask_prose",
    "mask_text",
    "mask_tree",
    "one_number",
    "pseudonym",
    "read_numbers",
    "require_no_number",
    "with_numbers",
]
