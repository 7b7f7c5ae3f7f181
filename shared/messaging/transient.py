"""Which errors pass by themselves."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.messaging.partitions import PartitionMissing

# serialization failure, deadlock, lock not available, insufficient resources, operator intervention, connection exception
TRANSIENT_STATES = ("40", "55P03", "53", "57", "08", "25006")
# another process has dropped the partition that this one knew; it is made again before the next try
CHECK_VIOLATION, NO_PARTITION = "23514", "no partition of relation"
LOST = (
    PartitionMissing,
    PoolTimeout,
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # what the driver says between the server's farewell and the end of the connection
    asyncpg.InternalClientError,
)


def is_transient(error: BaseException) -> bool:
    """Whether the database (not the message) is to blame, so that the same batch may succeed later."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.driver_exception
    state = str(getattr(error, "sqlstate", "") or "")
    if state == CHECK_VIOLATION:
        return NO_PARTITION in str(error)
    return state.startswith(TRANSIENT_STATES) if state else isinstance(error, LOST)
