"""Every spelling of a number, in every place a sender has for text: found in no store, answer, log or dead letter."""

import json
import re
import unicodedata
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from shared.clock import ManualClock
from shared.privacy import recognise
from shared.testing import example
from tests.architecture.test_personal_data import (
    Platform,
    cloud_event,
    everything_in,
    read_everything,
    set_up,
    whole_platform,
)
from tests.architecture.test_trace import logged
from tests.architecture.typed_needles import type_into_complaints, type_into_visits
from tests.fuzz import spellings
from tests.fuzz.spellings import Spelling, parted, wide

Dsn = Callable[[str], Awaitable[str]]
# a line's end in JSON, and in JSON that is told in JSON, is a letter
MARKS = re.compile(r"(?<=\d)(?:[\s\-.()\[\]\u200b\u2060\u202d]|\\{1,3}n){1,4}(?=[\dXx])")


ATTRIBUTES = ("id", "source", "subject, key")


class Needles:
    """Numbers that each stand in one place, in one spelling."""

    def __init__(self) -> None:
        self.random = Random(1)
        self.places: dict[str, str] = {}

    def all(self, place: str) -> list[tuple[str, str]]:
        """A new number in every spelling for a place, as (name of the spelling, what is written)."""
        written = []
        for name, spelling in self._spellings():
            self.places[spelling.needle] = f"{place}: {name}: {spelling.written!r}"
            written.append((name, spelling.written))
        return written

    def _spellings(self) -> list[tuple[str, Spelling]]:
        new: list[tuple[str, Spelling]] = []
        for parts in (*spellings.PARTS, (11,), (1,) * 11):
            digits = self._mobile()
            new.append((f"mobile {parts}", Spelling(digits, parted(digits, parts, self.random.choice((" ", "-"))))))
        digits = self._mobile()
        new.append(("mobile on two lines", Spelling(digits, parted(digits, (3, 8), "\n"))))
        for form in ("+86{}", "0086-{}", "({}", "{}.0", "\u202d{}\u202c"):
            digits = self._mobile()
            new.append((f"mobile {form}", Spelling(digits, form.format(digits))))
        digits = self._mobile()
        new.append(("mobile wide", Spelling(digits, wide(digits))))
        digits = self._mobile()
        new.append(("mobile in brackets", Spelling(digits, f"({digits[:3]}){digits[3:7]}-{digits[7:]}")))
        digits = self._mobile()
        new.append(("mailbox", Spelling(digits, f"{digits}@139.com")))
        for form in ("0571-{}{}", "(0571){}{}", "0571 {}{}", "0571 {} {}", "+86 571 {} {}", "（0571）{}-{}"):
            local = f"8{self.random.randrange(10**7):07d}"
            new.append((f"landline {form}", Spelling("571" + local, form.format(local[:4], local[4:]))))
        for make in (spellings.identity,) * 4 + (spellings.old_identity,) * 2:
            one = make(self.random)
            new.append((make.__name__, one))
        return new

    def _mobile(self) -> str:
        return f"13{self.random.randrange(10**9):09d}"

    def found_in(self, content: str) -> set[str]:
        joined = MARKS.sub("", unicodedata.normalize("NFKC", content))
        return {place for needle, place in self.places.items() if needle in joined or needle.encode().hex() in content}


async def test_no_spelling_in_any_place_is_found_anywhere(service_dsn: Dsn, clock: ManualClock) -> None:
    needles = Needles()
    found = await found_anywhere(service_dsn, clock, needles)
    assert not found, f"{len(found)} of {len(needles.places)}\n" + "\n".join(found[:60])
    assert len(needles.places) > 1000


async def test_without_a_protection_its_numbers_are_found(
    service_dsn: Dsn, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognise, "_identity", lambda number: None)
    found = await found_anywhere(service_dsn, clock, Needles())
    for place in ("answers: ", "gateway published: free field: identity", "gateway published: free text: identity"):
        assert any(leak.startswith(place) for leak in found), (place, found[:20])
    for kept in ("visits.attempt: note of a call: ", "complaints.case_entry: reason to close: "):
        assert any(leak.startswith(kept) for leak in found), [leak for leak in found if "." in leak][:20]


async def found_anywhere(service_dsn: Dsn, clock: ManualClock, needles: Needles) -> list[str]:
    """Where needles stand in the clear, after they went in at every door and everything was read."""
    async with whole_platform(service_dsn, clock) as platform:
        with logged() as lines:
            await set_up(platform)
            await tell(platform, needles)
            await ask(platform, needles)
            await read_everything(platform)
        leaks = {"answers": needles.found_in("\n".join(platform.answers)), "logs": needles.found_in(lines.getvalue())}
        for name, served in platform.services.items():
            leaks[f"{name} published"] = needles.found_in("\n".join(str(sent) for sent in await served.published()))
            for table, rows in (await everything_in(served)).items():
                leaks[f"{name}.{table}"] = needles.found_in(rows)
    return sorted({f"{where}: {place}" for where, places in leaks.items() for place in places})


def events_with(needles: Needles) -> list[dict[str, Any]]:
    """Accepted events, each with a needle in one of the places an event has."""
    free = "com.example.free"
    texts: list[tuple[str, Callable[[str, str], dict[str, Any]]]] = [
        ("free field", lambda i, text: cloud_event(i, free, {"whatever": text})),
        ("free text", lambda i, text: cloud_event(i, free, {"备注": f"客户来电{text}要求回电"})),
        ("list", lambda i, text: cloud_event(i, free, {"list": [{"deep": [f"call {text} now"]}]})),
        ("name of a member", lambda i, text: cloud_event(i, free, {f"电话{text}": 1})),
        ("phone", lambda i, text: cloud_event(i, free, {"customer": {"id": i, "phone": text}, "联系方式": text})),
        ("id", lambda i, text: cloud_event(f"call/{text}", free, {"x": 1})),
        ("source", lambda i, text: cloud_event(i, free, {"x": 1}) | {"source": f"/erp/{text}/1"}),
        ("subject, key", lambda i, text: cloud_event(i, free, {"x": 1}, subject=f"单 {text}", partitionkey=text)),
        ("customer", lambda i, text: cloud_event(i, "repair.closed", repair_of(i, text))),
        ("number", lambda i, text: cloud_event(i, "order.completed", example(
            "order.completed", customer={"id": i}, order_no=f"SO/{text}"))),
    ]  # fmt: skip
    events = [
        make(f"{place}-{at}", text)
        for place, make in texts
        for at, (name, text) in enumerate(needles.all(place))
        if not ("lines" in name and place in ATTRIBUTES)  # which are refused with a line's end in them
        if place != "number" or "old_identity" not in name  # fifteen digits in a document's number are the document's
    ]
    mailboxes = [needle for needle, place in needles.places.items() if "mailbox" in place]
    events += [
        cloud_event(
            f"m{at}",
            "order.completed",
            example("order.completed", customer={"id": f"m{at}", "email": f"x{text}@139.com"}),
        )
        for at, text in enumerate(mailboxes)
    ]
    whole = [text for _, text in needles.all("json") if text.isdigit() and text.isascii()]
    return events + [cloud_event(f"j{at}", free, {"n": int(text), "d": float(text)}) for at, text in enumerate(whole)]


def repair_of(customer: str, text: str) -> dict[str, Any]:
    person = {"id": customer, "name": f"陈静 {text}", "address": f"锦园路6号{text}", "level": "A"}
    return example("repair.closed", customer=person, measures=f"另留{text}", service_address=text)


async def tell(platform: Platform, needles: Needles) -> None:
    events = events_with(needles)
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    for start in range(0, len(events), 200):
        part = events[start : start + 200]
        answer = await platform.ask("gateway", "POST", "/api/v1/events", 202, json=part, headers=headers)
        assert answer["rejected"] == 0, [item for item in answer["items"] if item["status"] == "rejected"][:3]
    await platform.pump()
    bad = [cloud_event(f"b{at}", "repair.closed", {"x": text}) for at, (_, text) in enumerate(needles.all("rejected"))]
    await platform.ask("gateway", "POST", "/api/v1/events", 422, json=bad, headers=headers)
    source = {"name": "s-any", "kind": "generic", "options": {"type": "com.example.generic"}}
    path = (await platform.ask("gateway", "POST", "/api/v1/sources", 201, json=source))["path"]
    for _, text in needles.all("pushed"):
        await platform.ask("gateway", "POST", path, 202, content=json.dumps({"备注": text, "电话": text}).encode())
    await platform.jobs(("gateway", "canonicalise"))


async def ask(platform: Platform, needles: Needles) -> None:
    """What people type."""
    for at, (_, text) in enumerate(needles.all("case")):
        new = {"customer": {"id": f"P{at}", "name": f"刘{text}"[:64]}, "description": f"回电{text}"}
        await platform.ask("complaints", "POST", "/api/v1/cases", 201, json=new)
    for at, (_, text) in enumerate(needles.all("consent")):
        consent = {"customer_id": f"P{at}", "how": f"电话{text}", "text": f"同意 {text}"}
        await platform.ask("notifications", "POST", "/api/v1/consents", 201, json=consent)
    for _, text in needles.all("typed number"):
        async with platform.client("notifications") as client:
            await client.post("/api/v1/opt-outs", json={"phone": text, "note": text})
    await type_into_visits(platform, needles)
    await type_into_complaints(platform, needles)
    await platform.pump()
