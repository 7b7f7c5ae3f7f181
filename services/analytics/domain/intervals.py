"""How sure a sampled share is."""

from math import sqrt

Z_95 = 1.959963984540054


def wilson(successes: float, sample: float, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a share, 95 % by default (E. B. Wilson, JASA 22:209–212, 1927).

    Raises ValueError unless 0 <= successes <= sample and sample > 0.
    """
    if not 0 <= successes <= sample or sample <= 0:
        raise ValueError(f"no share: {successes} of {sample}")
    share = successes / sample
    spread = z * z / sample
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / sample + spread / (4 * sample)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)
