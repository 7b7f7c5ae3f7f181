"""Sealed values: tokens that only who must dial or send turns back into numbers.

Deterministic authenticated encryption (AES-SIV, RFC 5297): one token serves both for keeping a value and for looking it up.
"""

import base64
import binascii
import hashlib
import re
from functools import lru_cache
from typing import Any, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from shared.errors import InvalidInput
from shared.mail_addresses import is_address, one_address
from shared.privacy.masking import PREFIX, find_in_prose, is_code, mask_phone, mask_prose, mask_text, masked
from shared.privacy.numbers import e164, read_numbers
from shared.privacy.recognise import LEAST_DIGITS, Found, find, may_hold
from shared.safety import read_data_key

_NUMBERS = frozenset(
    {"phone", "phones", "mobile", "tel", "telephone", "contact_mobile", "contact_phone", "phone_no", "phone_number"}
)
_IDENTITIES = frozenset({"id_number", "id_card", "idcard", "identity_no"})
PHONE_FIELDS = _NUMBERS | _IDENTITIES
_NUMBER_NAME = re.compile(r"phone|mobile|电话|手机|号码|座机|联系方式", re.IGNORECASE)
# digits alone in these are a document's number, unless they are a mobile number
_CODE_NAME = re.compile(r"(?:^|_)(?:no|code|sn|sku|serial|batch)$|编号|单号|户号|编码|序列号|批次", re.IGNORECASE)
_NUMBER = re.compile(r"[\d +()-]{7,20}")
_ANY_DIGIT = re.compile(r"\d")
_SHORTEST_IN_JSON = 10_000_000_000


class ForeignToken(InvalidInput, ValueError):
    """A sealed number that this deployment did not seal: nobody could ever dial it."""

    title = "含有不是本系统加密的号码，请填原号码"
    code = "foreign-token"


class NotANumber(ValueError):
    """Asked to seal something as a phone number that is none, or more than one."""


# what the name of a member tells of its value
_Kind = Literal["numbers", "number", "code", "id", "path", ""]
_OF_NUMBERS = ("numbers", "number")  # anything else shorter than a token has too few digits for a number
_IDS = ("id", "event_id")


@lru_cache(4096)
def _field(name: str) -> tuple[str, _Kind]:
    """A member's name fit to be kept, and what it tells of the value."""
    kept = mask_prose(name)
    if name in PHONE_FIELDS:
        return kept, "numbers"
    if name in _IDS:
        return kept, "id"
    if name == "event_source":
        return kept, "path"
    if _NUMBER_NAME.search(name):
        return kept, "number"
    return kept, "code" if _CODE_NAME.search(name) else ""


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
        """The token of a phone number in its one form (`shared.privacy.numbers`). Raises NotANumber."""
        if raw.startswith(PREFIX):
            return raw
        number = e164(raw)
        if number is None:
            raise NotANumber
        return self.seal(number)

    def unseal(self, token: str) -> str:
        """The value. Raises ValueError on a token that this key did not make."""
        try:
            raw = token.removeprefix(PREFIX)
            return self._siv.decrypt(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)), None).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise ValueError("not a sealed value of this deployment") from error

    def masked(self, token: str | None) -> str:
        """`138****8000` of a token or a plain number, a sealed code or address with its numbers masked; "" for none.

        What only looks like a token of ours is a text that somebody typed, and shown as one.
        """
        if not token:
            return ""
        try:
            plain = self.unseal(token) if token.startswith(PREFIX) else token
        except ValueError:
            return mask_text(token)
        if not plain.startswith("+") and (masked := mask_text(plain)) != plain:
            return masked
        return mask_phone(plain) if _ANY_DIGIT.search(plain) else ""

    def masked_tree(self, value: Any) -> Any:
        """A JSON value as people may see it: tokens, and numbers in texts, masked at any depth."""
        if isinstance(value, str):
            return self.masked(value) if value.startswith(PREFIX) else mask_prose(value)
        if isinstance(value, dict):
            return {name: self.masked_tree(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.masked_tree(item) for item in value]
        return value

    def protect(self, value: Any, field: str = "") -> Any:
        """A JSON value fit to be kept and published: numbers, and codes and addresses that hold one, are sealed, for they
        must be found again; numbers in prose are masked. `field` is the name of the member that holds the value.
        Raises ForeignToken.
        """
        return self._protect(value, _field(field)[1])

    def protect_path(self, path: str) -> str:
        """A name of levels, such as a source, with a pseudonym in the place of every number: patterns still match it."""
        found = find(path)
        for one in reversed(found):
            path = path[: one.start] + pseudonym(self.seal(one.value)) + path[one.end :]
        return path

    def _protect(self, value: Any, field: _Kind) -> Any:
        if isinstance(value, str):
            return self._protect_text(value, field)
        if isinstance(value, dict):
            protected = {}
            for name, item in value.items():
                kept, told = _field(name)
                short = type(item) is str and len(item) < len(PREFIX) and told not in _OF_NUMBERS
                protected[kept] = item if short else self._protect(item, told)
            return protected
        if isinstance(value, list):
            return [self._protect(item, field) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._protect_number(value, field)
        return value

    def _protect_number(self, value: float, field: _Kind) -> float | str:
        if field != "numbers" and (abs(value) < _SHORTEST_IN_JSON or value != value // 1):
            return value
        written = str(int(value)) if value == value // 1 else str(value)
        protected = self._protect_text(written, field)
        return value if protected == written else protected

    def _protect_text(self, text: str, field: _Kind) -> str:
        if text.startswith(PREFIX):
            return self._own(text)
        if field == "numbers":
            return self._sealed_number(text) if _ANY_DIGIT.search(text) else text
        if field == "number" and _NUMBER.fullmatch(text.strip()):
            return self._sealed_number(text)
        if len(text) < LEAST_DIGITS or not may_hold(text):
            return text
        if field == "path":
            return self.protect_path(text)
        return self._without_numbers(text, field)

    def _without_numbers(self, text: str, field: _Kind) -> str:
        bare = text.strip().removesuffix(".0")
        found = find(bare) if field == "id" else find_in_prose(bare)
        if field == "code":
            found = [one for one in found if not one.bare]
        if not found:
            return text
        if len(found) == 1 and _is_whole(found[0], bare):
            return self.seal(e164(bare) or found[0].value)
        if field == "id" or is_code(bare):  # two masked ones could be one and the same
            return self.seal(text)
        if is_address(bare):
            return self.seal(one_address(bare))
        return text.replace(bare, masked(bare, found), 1)

    def _sealed_number(self, text: str) -> str:
        """One number in its one form; several, and what is none, as they were written."""
        numbers = read_numbers(text).numbers
        return self.seal(numbers[0] if len(numbers) == 1 else text)

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


def pseudonym(identity: str, kind: str = "P") -> str:
    """A name in the place of something sealed: the token depends on the data key, so the name tells nothing."""
    return kind + hashlib.blake2b(identity.encode(), digest_size=12).hexdigest()


def _is_whole(found: Found, text: str) -> bool:
    return found.start == 0 and found.end == len(text)
