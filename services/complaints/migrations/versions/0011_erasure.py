"""Customers to be erased."""

from shared.migrations import create_erasures

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    create_erasures()
