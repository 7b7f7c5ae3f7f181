"""Work taken under a lease, and what happens to work that ends those who take it.

Taking a piece of work is a transaction of its own, and counts: `attempts + 1`, a time until which nobody else takes it.
So a process that dies of its work (out of memory, a crash in a C library, a frozen loop that is killed) leaves the count
behind. Progress sets it back to nothing, for a long piece of work may be interrupted by any number of restarts. Work that
was taken MOST_ATTEMPTS times without progress is set aside with the reason, where operators see it and can order it again.
Where work is taken in batches, the whole batch dies of one: so what died SUSPECT times is taken alone the next time.
"""

MOST_ATTEMPTS = 3
SUSPECT = 2


def set_aside(attempts: int = MOST_ATTEMPTS) -> str:
    """Why a piece of work waits for somebody to look at it."""
    return f"处理中断 {attempts} 次，已搁置；排除原因后可重试"
