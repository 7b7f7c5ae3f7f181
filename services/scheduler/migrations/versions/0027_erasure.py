"""Customers to be erased."""

from shared.migrations import create_erasures

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    create_erasures()
