"""Results on their way back: which, to whom, when again, and never into our own network."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.addresses import ForbiddenTarget, check_address, check_url, parse_networks
from services.gateway.domain.credentials import Credential, live, rotate
from services.gateway.domain.writeback import (
    RETRY_AFTER,
    WRITTEN_BACK,
    Answer,
    Origin,
    Target,
    Verdict,
    after_try,
    body_of,
    origins_of,
)
from shared.messaging.event import Event
from shared.testing.events import event, example

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ORIGIN = Origin("/hotline/city", "e1", "hotline.case_closed", "5101", "lineage")


def test_a_completed_visit_goes_back_with_the_fields_12345_asks_for() -> None:
    sent = event(
        "visit.completed",
        example("visit.completed", satisfaction="very_dissatisfied", resolved=False, resolution="no", reasons=["态度"]),
    )
    body = body_of(sent, ORIGIN)
    assert (body["type"], body["timestamp"]) == ("visit.completed", sent.time.isoformat())
    assert body["data"] | {"remark": "", "visited_at": ""} == {
        "case_no": "5101", "source": "/hotline/city", "source_event_id": "e1", "visit_no": sent.data["visit_id"], "round": 2,
        "visited_at": "", "reached": True, "unreached_reason": None, "responded": True, "resolved": False, "resolution": "no",
        "satisfaction": "dissatisfied", "reasons": ["态度"], "remark": "", "agent_no": "agent-01", "redo_requested": True,
    }  # fmt: skip


def test_each_sender_hears_what_the_contact_came_to_for_its_own_matter() -> None:
    said = {"effective": True, "resolved": True, "resolution": "yes", "satisfaction": "satisfied", "rating": 4}
    bad = {"effective": True, "resolved": False, "resolution": "no", "satisfaction": "dissatisfied", "reasons": ["慢"]}
    results = [
        said | {"event_id": "e1", "event_source": "/hotline/city"},
        bad | {"event_id": "e2", "event_source": "/erp"},
    ]
    whole = {"resolved": False, "resolution": "no", "satisfaction": "dissatisfied", "reasons": ["慢"]}
    sent = event("visit.completed", example("visit.completed", **whole, results=results))
    city, erp = (
        body_of(sent, origin)["data"] for origin in (ORIGIN, Origin("/erp", "e2", "meter.read", "M1", "other"))
    )
    assert (city["resolved"], city["satisfaction"], city["reasons"], city["redo_requested"]) == (
        True,
        "satisfied",
        [],
        False,
    )
    assert (erp["resolved"], erp["satisfaction"], erp["reasons"], erp["redo_requested"]) == (
        False, "dissatisfied", ["慢"], True,
    )  # fmt: skip
    assert city["visit_no"] == erp["visit_no"]


def test_a_corrected_visit_goes_back_as_it_is_now_with_why() -> None:
    sent = event("visit.corrected")
    data = body_of(sent, ORIGIN)["data"]
    first = body_of(event("visit.completed", {**sent.data, "results": []}), ORIGIN)["data"]
    assert {name: data[name] for name in first} == first
    assert (data["satisfaction"], data["redo_requested"]) == ("satisfied", False)
    assert data["correction"] == {
        "number": 1, "reason": "听录音后发现选错了答案", "corrected_at": "2026-03-04T11:30:00+08:00",
    }  # fmt: skip


def test_a_failed_visit_says_why_nobody_was_reached() -> None:
    data = body_of(event("visit.failed"), ORIGIN)["data"]
    assert (data["reached"], data["unreached_reason"]) == (False, example("visit.failed")["reason"])


@pytest.mark.parametrize("name", WRITTEN_BACK)
def test_every_result_that_is_written_back_has_a_body(name: str) -> None:
    assert body_of(event(name), ORIGIN)["data"]["case_no"] == "5101"


def test_an_endpoint_wants_its_sources_and_types() -> None:
    city = Target("1", "/hotline/*", ["visit.completed"])
    assert city.wants("/hotline/city", "visit.completed")
    assert not city.wants("/hotline/city", "visit.failed")
    assert not city.wants("/erpnext/hz", "visit.completed")
    assert Target("2", "*", []).wants("/erp/x", "complaint.closed")


def test_retries_follow_the_schedule_with_jitter_and_end() -> None:
    waits = [after_try(Answer(500), tries, NOW, NOW, 0.0).at for tries in range(1, 10)]
    assert waits == [NOW + wait for wait in RETRY_AFTER]
    late = after_try(Answer(0, "x"), 1, NOW, NOW, 0.99).at
    assert late is not None
    assert NOW + timedelta(seconds=5) < late < NOW + timedelta(seconds=5.5)
    assert after_try(Answer(500), 10, NOW, NOW, 0.5).state == Verdict.FAILED


@given(st.integers(0, 599), st.integers(1, 30), st.floats(0, 0.99))
def test_only_a_2xx_delivers(status: int, tries: int, jitter: float) -> None:
    assert (after_try(Answer(status), tries, NOW, NOW, jitter).state == Verdict.DELIVERED) == (200 <= status < 300)


def test_a_receiver_that_is_gone_or_failing_for_days_is_switched_off() -> None:
    assert "410" in after_try(Answer(410), 1, NOW, NOW, 0).disable
    assert after_try(Answer(500), 1, NOW - timedelta(days=4), NOW, 0).disable == ""
    assert "5 天" in after_try(Answer(500), 1, NOW - timedelta(days=5), NOW, 0).disable


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/x", "http://[::1]/", "http://10.1.2.3/", "http://192.168.0.1", "http://172.16.0.1", "http://169.254.169.254/",
     "http://[::ffff:127.0.0.1]/", "http://[fe80::1]/", "http://100.64.0.1/", "http://0.0.0.0/", "http://224.0.0.1/",
     "ftp://example.com/", "file:///etc/passwd", "http://", "example.com", "http://u:p@example.com/", "http://example.com:99999/"],
)  # fmt: skip
def test_addresses_of_our_own_network_are_forbidden(url: str) -> None:
    with pytest.raises(ForbiddenTarget):
        check_url(url, [])


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::7f00:1", "64:ff9b::a01:203", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "::127.0.0.1",
     "::ffff:0:127.0.0.1", "2001:0:7f00:1::", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:10.0.0.1", "fec0::1",
     "5f00::1", "ff02::1", "::", "::1"],
)  # fmt: skip
def test_an_ipv6_address_that_leads_into_our_network_is_forbidden(address: str) -> None:
    with pytest.raises(ForbiddenTarget):
        check_address(ip_address(address), [])


def test_translated_addresses_of_public_hosts_and_allowed_ones_pass() -> None:
    for address in ("64:ff9b::808:808", "2002:808:808::1", "2606:4700::1111"):
        check_address(ip_address(address), [])
    check_address(ip_address("64:ff9b::a01:203"), parse_networks("10.0.0.0/8"))
    check_address(ip_address("fd00::1"), parse_networks("fd00::/8"))


def test_names_and_allowed_addresses_pass() -> None:
    check_url("https://receiver.example.com/hooks?a=b", [])
    check_address(ip_address("8.8.8.8"), [])
    check_address(ip_address("10.1.2.3"), parse_networks("127.0.0.1, 10.0.0.0/8"))
    with pytest.raises(ForbiddenTarget):
        check_address(ip_address("10.1.2.3"), parse_networks("10.2.0.0/16"))


def test_at_most_two_credentials_live_while_one_is_replaced() -> None:
    first = [Credential("a")]
    second = rotate(first, "b", NOW + timedelta(hours=1), NOW)
    third = rotate(second, "c", NOW + timedelta(hours=2), NOW + timedelta(minutes=1))
    assert [item.value for item in live(second, NOW)] == ["b", "a"]
    assert [item.value for item in live(third, NOW)] == ["c", "b"]
    assert [item.value for item in live(third, NOW + timedelta(hours=2))] == ["c"]
    assert [item.value for item in rotate(first, "b", NOW, NOW)] == ["b"]
    assert [Credential.load(item.dump()) for item in third] == third


def test_two_senders_with_the_same_id_get_their_own_results_only() -> None:
    def origin(source: str, event_id: str, lineage: str) -> Origin:
        return Origin(source, event_id, "order.completed", "n", lineage)

    mine, theirs, late = origin("/a", "e1", "l1"), origin("/b", "e1", "l2"), origin("/b", "e2", "l3")
    matters = [{"event_id": "e1", "event_source": "/a"}, {"event_id": "e2", "event_source": "/b"}]
    event = Event(
        "v", "/huifang/visits", "t", datetime(2026, 3, 1, tzinfo=UTC), "k", {"matters": matters}, lineage="l1"
    )
    assert origins_of(event, [mine, theirs, late]) == [mine, late]
    unsaid = msgspec.structs.replace(event, data={"matters": [{"event_id": "e1"}, {"event_id": "e2"}]})
    assert origins_of(unsaid, [mine, theirs, late]) == [mine, late]
