"""Personal data: phone numbers and ID numbers are sealed at the gateway and stay sealed everywhere.

A sealed value is a token: deterministic authenticated encryption (AES-SIV, RFC 5297), so one token serves both for keeping
the number and for looking it up. Only who must dial or send unseals it; everybody else sees the masked form.
"""

import base64
import binascii
import re
from typing import Any

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

PREFIX = "sealed:v1:"
PHONE_FIELDS = frozenset(
    {"phone", "phones", "mobile", "tel", "telephone", "contact_mobile", "contact_phone", "phone_no", "phone_number"}
    | {"id_number", "id_card", "idcard", "identity_no"}
)
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}")
# in text a number may touch anything but another digit: a Chinese character, a letter, the `\n` or `\u8bd7` of quoted text;
# ids and trace ids are left whole, for they are what one searches logs by
_MOBILE_IN_TEXT = re.compile(
    r"(\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)"
    r"|(?:(?<!\d)|(?<=\\u[0-9a-fA-F]{4}))(?:(?:\+|00)?86[-.\s]?)?([1１][3-9３-９]\d)[-.\s]?\d{4}[-.\s]?(\d{4})(?!\d)"
)
_LANDLINE = re.compile(r"(?<![A-Za-z0-9_.-])(0\d{2,3}-?)\d{4,5}(\d{3})(?!\d)")
_ID_NUMBER = re.compile(r"(?<!\d)(\d{6})(?:19|20)\d{2}(?:0\d|1[0-2])\d{2}\d{3}([\dXx])(?!\d)")


class Sealer:
    """Seals and unseals with the deployment's data key (64 bytes: AES-256-SIV)."""

    def __init__(self, key: bytes) -> None:
        self._siv = AESSIV(key)

    @classmethod
    def from_text(cls, encoded: str) -> "Sealer":
        """From base64 text. Raises ValueError when it is not 32, 48 or 64 bytes."""
        return cls(base64.b64decode(encoded))

    def seal(self, plain: str) -> str:
        """The token of a value; the same value always gives the same token. A token is returned as it is."""
        if plain.startswith(PREFIX):
            return plain
        token = self._siv.encrypt(plain.encode(), None)
        return PREFIX + base64.urlsafe_b64encode(token).decode().rstrip("=")

    def seal_phone(self, raw: str) -> str:
        """The token of a phone number in E.164 form (default country CN), of the raw text when it is no number."""
        return raw if raw.startswith(PREFIX) else self.seal(e164(raw) or raw)

    def unseal(self, token: str) -> str:
        """The value. Raises ValueError on a token that this key did not make."""
        try:
            raw = token.removeprefix(PREFIX)
            return self._siv.decrypt(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)), None).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise ValueError("not a sealed value of this deployment") from error

    def masked(self, token: str | None) -> str:
        """`138****8000` of a token or a plain number; "" for none."""
        if not token:
            return ""
        return mask_phone(self.unseal(token) if token.startswith(PREFIX) else token)

    def masked_tree(self, value: Any) -> Any:
        """A JSON value as people may see it: tokens, and numbers in texts, masked at any depth."""
        if isinstance(value, str):
            return self.masked(value) if value.startswith(PREFIX) else mask_text(value)
        if isinstance(value, dict):
            return {name: self.masked_tree(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.masked_tree(item) for item in value]
        return value

    def seal_tree(self, value: Any, field: str = "") -> Any:
        """A JSON value with every phone or ID number field sealed, at any depth."""
        if isinstance(value, dict):
            return {name: self.seal_tree(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.seal_tree(item, field) for item in value]
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(text, str) and text and (field in PHONE_FIELDS or _PHONE.fullmatch(text.strip())):
            return self.seal_phone(text)
        return value

    def seal_bytes(self, plain: bytes) -> bytes:
        """Raw content (a message, a file) as it is kept at rest."""
        return self._siv.encrypt(plain, None)

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """The content. Raises ValueError when this key did not seal it."""
        try:
            return self._siv.decrypt(sealed, None)
        except InvalidTag as error:
            raise ValueError("not sealed by this deployment") from error


def e164(raw: str) -> str | None:
    """A Chinese or international number in E.164 form (ITU-T E.164); None when it is not a possible number."""
    if _MOBILE.fullmatch(raw):  # nearly all of them, and parsing takes 40 times as long
        return "+86" + raw
    try:
        number = phonenumbers.parse(raw, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_mobile(number: str) -> bool:
    """Whether an E.164 number can take an SMS."""
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number, "CN"))
    except phonenumbers.NumberParseException:
        return False
    return kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


def mask_phone(number: str) -> str:
    """Keep at most the first three and last four digits of the national number."""
    national = number.removeprefix("+86").strip()
    if len(national) >= 11:
        return f"{national[:3]}****{national[-4:]}"
    return "****" + national[-min(3, len(national) // 2) :] if national else ""


def mask_tree(value: Any) -> Any:
    """The same in every text of a value, names of members included, at any depth."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {mask_tree(name): mask_tree(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_tree(item) for item in value]
    return value


def mask_text(text: str) -> str:
    """Free text with every mobile, landline and ID number in it masked: for logs, errors and dead letters."""
    text = _ID_NUMBER.sub(r"\1********\2", text)
    text = _MOBILE_IN_TEXT.sub(lambda found: found[1] or f"{found[2]}****{found[3]}", text)
    return _LANDLINE.sub(r"\1****\2", text)
