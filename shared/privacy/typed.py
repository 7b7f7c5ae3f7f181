"""A phone number that somebody types into a form: read like any other, but told at once when it is none."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.privacy.numbers import read_numbers


def one_number(text: str) -> str:
    """The number in its one form; "" for nothing. Raises ValueError with what to do about it, in Chinese."""
    if not text.strip():
        return ""
    found = read_numbers(text)
    if found.unread is not None:
        raise ValueError(f"{found.unread}，请填写一个可以拨打的号码")
    if len(found.numbers) != 1:
        raise ValueError("请只填一个号码")
    return found.numbers[0]


TypedNumber = Annotated[str, Field(max_length=100), AfterValidator(one_number)]
