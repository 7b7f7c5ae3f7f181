"""`python -m shared.migrations SERVICE [DSN [REVISION]]`; without a DSN the database is that of HUIFANG_POSTGRES_DSN(_FILE)."""

import sys

from shared.migrations import upgrade
from shared.settings import ServiceSettings

service, *rest = sys.argv[1:]
upgrade(service, *(rest or [ServiceSettings().postgres_dsn]))
