"""Personal data out of sight: one masker for names, addresses, remarks, logs and whatever else is prose."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from shared.privacy.numbers import extension_of
from shared.privacy.recognise import Found, Kind, find

PREFIX = "sealed:v1:"
# an order number, a serial number: no blanks, no marks but these
_CODE = re.compile(r"[A-Za-z0-9_.-]+")


def mask_text(text: str) -> str:
    """Free text with every mobile, landline and ID number in it masked: for logs, errors and what people type."""
    return masked(text, find(text))


def mask_prose(text: str) -> str:
    """As `mask_text`, for what is to be kept: the letters and digits of a code stay, for it must be found again."""
    return text if text.startswith(PREFIX) else masked(text, find_in_prose(text))


def require_no_number(code: str) -> str:
    """A code or an id as it is, for what could not be found again once it is masked. Raises ValueError where the number of a
    person stands in it."""
    if find_in_prose(code):
        raise ValueError("不能含有电话或证件号码")
    return code


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


def mask_phone(number: str) -> str:
    """Keep at most the first three and last four digits of the national number."""
    main, extension = extension_of(number)
    national = main.removeprefix("+86").strip()
    if len(national) >= 11:
        return f"{national[:3]}****{national[-4:]}" + ("转***" if extension else "")
    return "****" + national[-min(3, len(national) // 2) :] if national else ""


def is_code(text: str) -> bool:
    """Whether a text is a name of something, such as an order number, and no prose."""
    return _CODE.fullmatch(text) is not None


def find_in_prose(text: str) -> list[Found]:
    """The numbers in a text that is kept. In a code, digits that touch its letters are its own (`SO15012345678`)."""
    found = find(text)
    return [one for one in found if not one.in_word] if found and is_code(text) else found


def is_phone(text: str) -> bool:
    """Whether the text is a Chinese mobile number and nothing else, however it is written."""
    whole = text.strip()
    return any(one.kind is Kind.MOBILE and one.end - one.start == len(whole) for one in find(whole))


def masked(text: str, found: Sequence[Found]) -> str:
    """A text with something shown in the place of each number found in it."""
    if not found:
        return text
    parts, done = [], 0
    for one in found:
        parts += [text[done : one.start], one.shown]
        done = one.end
    return "".join([*parts, text[done:]])
