"""Customers to be erased."""

from shared.migrations import create_erasures

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    create_erasures()
