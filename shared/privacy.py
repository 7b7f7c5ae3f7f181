"""Personal data: phone numbers and ID numbers are sealed at the gateway and stay sealed everywhere.

A sealed value is a token: deterministic authenticated encryption (AES-SIV, RFC 5297), so one token serves both for keeping
the number and for looking it up. Only who must dial or send unseals it; everybody else sees the masked form.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from shared.safety import read_data_key

PREFIX = "sealed:v1:"
PHONE_FIELDS = frozenset(
    {"phone", "phones", "mobile", "tel", "telephone", "contact_mobile", "contact_phone", "phone_no", "phone_number"}
    | {"id_number", "id_card", "idcard", "identity_no"}
)
_SHORTEST = 7
_LARGEST_NO_NUMBER = 10_000_000_000
_DIGITS = re.compile(r"\d{3}[-.\s]?\d{4}")
# an order number, a serial number: no spaces, no marks but these
_CODE = re.compile(r"[A-Za-z0-9_.-]+")
_NUMBER = re.compile(r"[\d +()-]{7,20}")
_PHONE_NAME = re.compile(r"phone|mobile|电话|手机|号码", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+")
_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9]\d{9})", re.ASCII)
_SEPARATORS = re.compile(r"[-.\s]")
_PHONE = re.compile(r"(?:(?:\+|00)?86[-.\s]?)?1[3-9]\d[-.\s]?\d{4}[-.\s]?\d{4}")
# in text a number may touch anything but another digit: a Chinese character, a letter, the `\n` or `\u8bd7` of quoted text;
# ids and trace ids are left whole, for they are what one searches logs by
_MOBILE_IN_TEXT = re.compile(
    r"(\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)"
    r"|(?:(?<!\d)|(?<=\\u[0-9a-fA-F]{4}))(?:(?:\+|00)?86[-.\s]?)?([1１][3-9３-９]\d)[-.\s]?\d{4}[-.\s]?(\d{4})(?!\d)"
)
_LANDLINE = re.compile(r"(?<![A-Za-z0-9_.-])(0\d{2,3}-?)\d{4,5}(\d{3})(?!\d)")
_ID_NUMBER = re.compile(r"(?<!\d)(\d{6})(?:19|20)\d{2}(?:0\d|1[0-2])\d{2}\d{3}([\dXx])(?!\d)")


class ForeignToken(ValueError):
    """A sealed number that this deployment did not seal: nobody could ever dial it."""


class Sealer:
    """Seals and unseals with the deployment's data key (64 bytes: AES-256-SIV)."""

    def __init__(self, key: bytes) -> None:
        self._siv = AESSIV(key)

    @classmethod
    def from_text(cls, encoded: str) -> "Sealer":
        """From base64 text. Raises ValueError when it is no data key (`shared.safety.read_data_key`)."""
        return cls(read_data_key(encoded))

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

    def protect(self, value: Any, field: str = "") -> Any:
        """A JSON value fit to be kept and published: number fields and bare numbers sealed, numbers in prose masked.

        `field` is the name of the member that holds the value. Raises ForeignToken.
        """
        if isinstance(value, str):
            return self._protect_text(value, field)
        if isinstance(value, dict):
            return {_without_number(name): self.protect(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.protect(item, field) for item in value]
        if isinstance(value, (int, float)) and (field in PHONE_FIELDS or abs(value) > _LARGEST_NO_NUMBER):
            return self._protect_digits(value, field)
        return value

    def _protect_digits(self, value: float, field: str) -> float | str:
        written = str(value).removesuffix(".0")
        sealed = _PHONE.fullmatch(written) or (field in PHONE_FIELDS and not isinstance(value, bool))
        return self.seal_phone(written) if sealed else value

    def _protect_text(self, text: str, field: str) -> str:
        if text.startswith(PREFIX):
            return self._own(text)
        if field in PHONE_FIELDS and text:
            return self.seal_phone(text)
        if len(text) < _SHORTEST or not _DIGITS.search(text):
            return text
        bare = text.strip().removesuffix(".0")
        if _PHONE.fullmatch(bare) or (_PHONE_NAME.search(field) and _NUMBER.fullmatch(bare)):
            return self.seal_phone(bare)
        masked = mask_prose(text)
        # two masked ids could be one and the same
        return self.seal(text) if field == "id" and masked != text else masked

    def _own(self, token: str) -> str:
        try:
            self.unseal(token)
        except ValueError as error:
            raise ForeignToken from error
        return token

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
    # nearly all numbers; parsing takes 40 times as long, and takes 179xx for a carrier's code in some spellings only
    if mobile := _MOBILE.fullmatch(_SEPARATORS.sub("", raw)):
        return "+86" + mobile[1]
    try:
        number = phonenumbers.parse(raw, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_phone(text: str) -> bool:
    """Whether the text is a Chinese mobile number and nothing else, however it is written."""
    return _PHONE.fullmatch(text.strip()) is not None


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


def mask_tree(value: Any, mask: Callable[[str], str] | None = None) -> Any:
    """Every text of a value masked, names of members included, at any depth; by `mask_text` unless told otherwise."""
    mask = mask or mask_text
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask_tree(name, mask): mask_tree(item, mask) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_tree(item, mask) for item in value]
    return value


def mask_prose(text: str) -> str:
    """As `mask_text`, for what is to be kept: codes, tokens and e-mail addresses stay whole, for they must be found again.

    A code that is a phone number and nothing else is no code.
    """
    if text.startswith(PREFIX) or _EMAIL.fullmatch(text):
        return text
    return text if _CODE.fullmatch(text) and not _PHONE.fullmatch(text) else mask_text(text)


def _without_number(name: str) -> str:
    return mask_prose(name) if len(name) >= _SHORTEST and _DIGITS.search(name) else name


def mask_text(text: str) -> str:
    """Free text with every mobile, landline and ID number in it masked: for logs, errors and dead letters."""
    text = _ID_NUMBER.sub(r"\1********\2", text)
    text = _MOBILE_IN_TEXT.sub(lambda found: found[1] or f"{found[2]}****{found[3]}", text)
    return _LANDLINE.sub(r"\1****\2", text)
