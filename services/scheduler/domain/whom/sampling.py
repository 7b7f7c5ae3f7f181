"""A percentage drawn per event, the same in every process and at any time: no random numbers, no state."""

import hashlib
from collections.abc import Callable

EVERYBODY = 100.0  # percent
_PER_PERCENT = 1_000_000
_STEPS = 100 * _PER_PERCENT


def sampler(seed: str, policy_id: str) -> Callable[[str], float]:
    """The draw of a policy: event id → number in [0, 100) with six decimals; drawn when it is below the rate.

    It is a keyed BLAKE2b of seed, policy id and event id, so that a stored number can be recomputed by anybody.
    """
    prefix = hashlib.blake2b(f"{policy_id}\x1f".encode(), key=seed.encode()[:64], digest_size=8)

    def draw(event_id: str) -> float:
        digest = prefix.copy()
        digest.update(event_id.encode())
        return (int.from_bytes(digest.digest(), "big") * _STEPS >> 64) / _PER_PERCENT

    return draw
