"""Customers to be erased."""

from shared.migrations import create_erasures

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    create_erasures()
