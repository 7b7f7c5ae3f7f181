"""Customers to be erased."""

from shared.migrations import create_erasures

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    create_erasures()
