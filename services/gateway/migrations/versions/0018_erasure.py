"""Customers to be erased."""

from shared.migrations import create_erasures

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    create_erasures()
