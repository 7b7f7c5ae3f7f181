"""What can change in the gateway, and in which order."""

from services.gateway.commands.accept import Receipt, Submitted, submit
from services.gateway.commands.imports import (
    LeaseLost,
    add_import,
    fail_import,
    finish_import,
    lease_import,
    options_for,
    retry_import,
    skip_row,
    take_rows,
)
from services.gateway.commands.messages import (
    canonicalise,
    keep_messages,
    lease_messages,
    parse_body,
    put_off_message,
    replay_message,
)
from services.gateway.commands.sources import Issued, create_source, rotate_source, update_source
from services.gateway.commands.writeback import (
    as_its_sender_knows_it,
    create_endpoint,
    lease_deliveries,
    queue_results,
    record_try,
    resend_delivery,
    update_endpoint,
)
from services.gateway.procedures.accepting import count

__all__ = [
    "Issued", "LeaseLost", "Receipt", "Submitted", "add_import", "as_its_sender_knows_it", "canonicalise", "count",
    "create_endpoint", "create_source", "fail_import", "finish_import", "keep_messages", "lease_deliveries",
    "lease_import", "lease_messages", "options_for", "parse_body", "put_off_message", "queue_results", "record_try",
    "replay_message", "resend_delivery", "retry_import",
    "rotate_source", "skip_row", "submit", "take_rows", "update_endpoint", "update_source",
]  # fmt: skip
