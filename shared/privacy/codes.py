"""Short codes with which a customer proves to be who was sent a message: sealed wherever they travel or rest.

Ten characters of Crockford's alphabet (no I, L, O, U) hold 50 bits. Only the message's provider is handed one in clear, and
who answers is known by its keyed hash.
"""

import re
import unicodedata

from shared.privacy.masking import PREFIX
from shared.privacy.sealing import Sealer, pseudonym

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
BITS = 5 * LENGTH
HIDDEN = "••••••"
_ALIKE = str.maketrans("OIL", "011")  # as people read them
# around the code, so that whatever masks a sealed value shows nothing of it
_MARK = "code"
_SEALED = re.compile(f"{re.escape(PREFIX)}[A-Za-z0-9_-]+")


def written(number: int) -> str:
    """The code of a number below 2**BITS, as it is read and typed: `7K3QF-9M2XP`."""
    signs = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH)))
    return f"{signs[: LENGTH // 2]}-{signs[LENGTH // 2 :]}"


def typed(text: str) -> str:
    """The code that somebody typed, in whatever case and width, with or without marks; "" for what can be none."""
    signs = [sign for sign in unicodedata.normalize("NFKC", text[:100]).upper() if sign.isalnum()]
    plain = "".join(signs).translate(_ALIKE)
    known = len(plain) == LENGTH and all(sign in ALPHABET for sign in plain)
    return f"{plain[: LENGTH // 2]}-{plain[LENGTH // 2 :]}" if known else ""


def hash_code(sealer: Sealer, code: str) -> str:
    """What is kept of a code: nobody without the data key can try codes against it."""
    return pseudonym(seal_code(sealer, code), "")


def seal_code(sealer: Sealer, code: str) -> str:
    return sealer.seal(f"{_MARK} {code} {_MARK}")


def show_codes(sealer: Sealer, text: str) -> str:
    """A message's text with the codes in it in clear: for the provider alone. Other sealed values stay sealed."""
    return _SEALED.sub(lambda found: _code_in(sealer, found[0]) or found[0], text)


def hide_codes(sealer: Sealer, text: str) -> str:
    """A message's text as people see it in records."""
    return _SEALED.sub(lambda found: HIDDEN if _code_in(sealer, found[0]) else found[0], text)


def _code_in(sealer: Sealer, token: str) -> str:
    """The code that was sealed; "" where something else was."""
    try:
        before, *code, after = sealer.unseal(token).split(" ")
    except ValueError:
        return ""
    return code[0] if (before, after, len(code)) == (_MARK, _MARK, 1) else ""
