"""`python -m shared.migrations SERVICE DSN [REVISION]`."""

import sys

from shared.migrations import upgrade

upgrade(*sys.argv[1:])
