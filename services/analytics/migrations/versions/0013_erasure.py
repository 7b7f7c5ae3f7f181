"""Customers to be erased."""

from shared.migrations import create_erasures

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    create_erasures()
