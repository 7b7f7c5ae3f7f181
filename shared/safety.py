"""What a setting may not be: a service that would be unsafe does not start, one that is weaker than it could be says so.

`ServiceSettings.refusals()` and `.warnings()` give the sentences, a service's own settings add theirs; the texts name the
variable, what follows from its value, and what to do. Warnings are logged at the start and shown by `/readyz`.
"""

import base64
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

DATA_KEY_BYTES = (32, 48, 64)
SHORTEST_SECRET = 32  # bytes; RFC 7518 §3.2 for HS256
SHORTEST_TOKEN = 16  # characters of a secret part of an address
MAKE_DATA_KEY = (
    "make one with `openssl rand -base64 64 > data.key`, name the file in HUIFANG_DATA_KEY_FILE, keep a copy"
)


class UnsafeSettings(ValueError):
    """The service must not start with these settings; the text says what to set."""

    def __init__(self, service: str, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f"{service} does not start:\n" + "\n".join(f"  - {reason}" for reason in self.reasons))


def read_data_key(text: str) -> bytes:
    """The bytes of a data key in base64 (RFC 4648 §4), line ends allowed. Raises ValueError saying what is wrong with it."""
    try:
        key = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise ValueError("is not base64") from error
    if len(key) not in DATA_KEY_BYTES:
        raise ValueError(f"has {len(key)} bytes, not {DATA_KEY_BYTES[-1]}")
    if len(set(key)) < len(key) // 2:  # of 64 random bytes some 57 differ; fewer than 32 never happens
        raise ValueError("is not random, so anybody can guess it")
    return key


def is_local(url: str) -> bool:
    """Whether the address is of this machine, so that nothing of what is sent there travels."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
