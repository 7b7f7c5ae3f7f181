"""Every table says by what an erased customer's rows are overwritten (ADR 0026), or why nothing need be.

Who adds a table, or lets one go, says so here: a table that nobody thought of would stay readable.
"""

import importlib
from collections.abc import Mapping

import pytest
from sqlalchemy import MetaData

from shared.testing.models import CORE
from tests.architecture.parts import SERVICES

BY: Mapping[str, Mapping[str, str]] = {
    "core": {
        "outbox": "shared.erasure.places:scrub_core",
        "dead_letter": "shared.erasure.places:scrub_core",
        "outbox_archive": "shared.erasure.places:scrub_archive",
    },
    "analytics": {"timeline_entry": "services.analytics.store.timeline:erase_words"},
    "complaints": {
        "complaint_case": "services.complaints.domain.erasing:erased",
        "case_entry": "services.complaints.store:erase_details",
        "customer_number": "services.complaints.store:forget_learned",
    },
    "gateway": {
        "raw_message": "services.gateway.store.erasing:empty_messages",
        "import_file": "services.gateway.store.erasing:empty_messages",
        "import_row": "services.gateway.store.erasing:empty_messages",
        "delivery": "services.gateway.store.erasing:erase_results",
    },
    "notifications": {
        "contact": "services.notifications.store.erasing:forget",
        "consent": "services.notifications.store.erasing:forget",
        "reply": "services.notifications.store.erasing:forget",
        "receipt": "services.notifications.store.erasing:forget",
        "doubtful_reply": "services.notifications.store.erasing:forget",
        "opt_out": "services.notifications.store.erasing:forget",
        "send": "services.notifications.domain.send:erased",
    },
    "scheduler": {
        "customer": "services.scheduler.domain.later.erasing:erased",
        "task": "services.scheduler.store.erasing:overwrite",
        "decision": "services.scheduler.store.erasing:overwrite",
        "heard_fact": "services.scheduler.store.erasing:overwrite",
        "population": "services.scheduler.store.erasing:overwrite",
        "waiting_step": "services.scheduler.store.erasing:overwrite",
        "led_step": "services.scheduler.store.erasing:overwrite",
    },
    "visits": {
        "visit": "services.visits.domain.erasing:erased",
        "attempt": "services.visits.store.erasing:forget_words",
        "attempt_version": "services.visits.store.erasing:forget_words",
        "record_version": "services.visits.store.erasing:forget_words",
        "review": "services.visits.store.erasing:forget_words",
        "line_call": "services.visits.store.erasing:forget_words",
        "stray_reply": "services.visits.store.erasing:forget_words",
        "attachment": "services.visits.store.erasing:attachments_of",
    },
}
CODES = "codes, figures and moments, under the customer's number at most"
NOBODY = "about no customer"
OURS = "about people of the organisation"
OUTSIDE = "told apart in docs/operations.md, with the day until which it can be read"
STAYS: Mapping[str, Mapping[str, str]] = {
    "core": {
        "inbox": CODES,
        "erasure": "the request itself, which has to be known",
        "audit_log": OUTSIDE,
        "idempotency_key": OUTSIDE,
        **dict.fromkeys(("audit_chain", "audit_checkpoint", "audit_unsealed", "deployment", "alembic_version"), NOBODY),
        **dict.fromkeys(("ended_session", "void_session", "organisation", "api_key"), OURS),
    },
    "analytics": {
        **dict.fromkeys(("case_fact", "followup_fact", "rating_fact", "send_fact", "head_count"), CODES),
        **dict.fromkeys(("branch_name", "rollup"), NOBODY),
        "agent_day": OURS,
    },
    "complaints": {"calendar_day": NOBODY},
    "gateway": {
        **dict.fromkeys(("event_identity", "source_document"), CODES),
        "delivery_attempt": "what an address answered, without its words",
        **dict.fromkeys(("endpoint", "source"), NOBODY),
        **dict.fromkeys(("person", "machine_key", "failed_sign_in", "used_sign_in"), OURS),
    },
    "notifications": {
        "withdrawn_fact": CODES,
        "broken_row": OUTSIDE,
        **dict.fromkeys(("document", "greeting_day"), NOBODY),
    },
    "scheduler": {
        **dict.fromkeys(("contact_ledger", "deadline_warning", "due", "pick", "provisional_task"), CODES),
        **dict.fromkeys(("complaint_case", "withdrawn_fact"), CODES),
        "trial": "its examples name facts and customers by their numbers, for as many days as trials are kept",
        "trial_facts": "uploaded for one trial run, and gone when it ends",
        "signal": "events without a customer, kept for a few days",
        **dict.fromkeys(("calendar_day", "draw", "draw_closing", "event_kind", "limit_notice", "pack"), NOBODY),
        **dict.fromkeys(("pack_draft", "place_taken", "policy", "policy_book", "policy_version", "walk"), NOBODY),
    },
    "visits": {
        "invitation": "a hash of the code by which its customer opens it",
        **dict.fromkeys(("calendar_day", "code_guess", "contact_hours", "questionnaire", "work_rules"), NOBODY),
        **dict.fromkeys(("presence", "work_shift"), OURS),
    },
}


def tables_of(service: str) -> set[str]:
    if service == "core":
        return CORE
    metadata: MetaData = importlib.import_module(f"services.{service}.models").metadata
    return set(metadata.tables)


@pytest.mark.parametrize("service", ["core", *SERVICES])
def test_every_table_says_how_a_customer_is_erased_from_it(service: str) -> None:
    overwritten, stays = BY[service].keys(), STAYS[service].keys()
    assert not overwritten & stays
    assert overwritten | stays == tables_of(service)


@pytest.mark.parametrize("by", sorted({by for each in BY.values() for by in each.values()}))
def test_what_overwrites_it_is_there(by: str) -> None:
    module, name = by.split(":")
    assert callable(getattr(importlib.import_module(module), name))
