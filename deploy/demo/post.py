"""The senders: post each fact when its moment comes on the platform's clock."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson

from deploy.demo.month import Posting
from deploy.demo.platform import Caller, Platform, PlatformRefused
from shared.auth import Role

BATCH = 500
PAUSE_SECONDS = 0.1
CONTENT = {"content-type": "application/cloudevents-batch+json"}


@dataclass
class Posted:
    """What the gateway answered so far, by status, and what it should not have answered."""

    statuses: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    done: int = 0


async def post_all(
    platform: Platform, postings: Sequence[Posting], posted: Posted, stopped: Callable[[], bool]
) -> None:
    """Post until everything has had its moment."""
    clock = platform.clock()
    async with platform.client("gateway", Role.INTEGRATOR) as gateway:
        while posted.done < len(postings) and not stopped():
            now = clock.now()
            due = [posting for posting in postings[posted.done : posted.done + BATCH] if posting.at <= now]
            if due:
                await _post(gateway, due, posted)
                posted.done += len(due)
            else:
                await clock.sleep(PAUSE_SECONDS)


async def _post(gateway: Caller, due: Sequence[Posting], posted: Posted) -> None:
    body = orjson.dumps([posting.event for posting in due])
    answer = await gateway.call("POST", "/api/v1/events", content=body, headers=CONTENT)
    if answer.status_code not in (202, 422):
        raise PlatformRefused(f"POST /api/v1/events → {answer.status_code}: {answer.text[:300]}")
    for posting, item in zip(due, answer.json()["items"], strict=True):
        posted.statuses[item["status"]] += 1
        if posting.broken != (item["status"] == "rejected"):
            posted.surprises.append(f"{posting.event['id']} {item['status']} {item.get('errors')}")
