"""Customers to be erased."""

from shared.migrations import create_erasures

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    create_erasures()
