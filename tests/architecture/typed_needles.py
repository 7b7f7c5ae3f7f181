"""Numbers in every spelling, in every text that people type into visits and complaints."""

from collections.abc import Iterator
from typing import Any, Protocol

from services.visits.domain.replies import StrayReply
from services.visits.store import replies
from shared.ids import new_id
from shared.testing.events import NOON
from tests.architecture.test_personal_data import Platform
from tests.visits.conftest import UNHAPPY, released

VISITS, CASES = "/api/v1/visits", "/api/v1/cases"
LONGEST = 64  # what one spelling is written in, where few characters may stand


class Spellings(Protocol):
    def all(self, place: str) -> list[tuple[str, str]]:
        """A new number in every spelling for a place, as (name of the spelling, what is written)."""


def texts(needles: Spellings, place: str, most: int) -> Iterator[str]:
    """All spellings in prose, in as few texts as `most` characters each allow."""
    text = ""
    for _, written in needles.all(place):
        said = f"电话{written}；"
        if len(text) + len(said) > most:
            yield text
            text = ""
        text += said
    yield text


async def type_into_visits(platform: Platform, needles: Spellings) -> None:
    await into_calls(platform, needles)
    await into_visits_on_site(platform, needles)
    await into_stray_replies(platform, needles)


async def into_calls(platform: Platform, needles: Spellings) -> None:
    """A call that is made, corrected and reviewed; and one whose result was wrong."""
    path = await claimed(platform, "typed-1", {})
    (note,) = texts(needles, "note of a call", 2000)
    saved = {"answers": UNHAPPY | {"complaint": "；".join(texts(needles, "answer that was saved", 2000))}}
    await change(platform, f"{path}/answers", saved, "PUT")
    said = UNHAPPY | {"complaint": "；".join(texts(needles, "answer", 2000))}
    await platform.ask(
        "visits", "POST", f"{path}/attempts", 201, json={"result": "completed", "note": note, "answers": said}
    )
    (remark,) = texts(needles, "review", 2000)
    await platform.ask("visits", "POST", f"{path}/review", 201, json={"remark": remark})
    for at, reason in enumerate(texts(needles, "reason of a correction", 500)):
        (mended,) = texts(needles, f"corrected answer {at}", 2000)
        (note,) = texts(needles, f"corrected note {at}", 2000)
        body = {"answers": UNHAPPY | {"complaint": mended}, "note": note, "reason": reason}
        await change(platform, f"{path}/correct", body)
    path = await claimed(platform, "typed-2", {})
    await platform.ask("visits", "POST", f"{path}/attempts", 201, json={"result": "no_answer"})
    for reason, result in zip(
        texts(needles, "reason of another result", 500), ("busy", "no_answer", "busy"), strict=False
    ):
        (note,) = texts(needles, f"note of {result}: {len(reason)}", 2000)
        await change(platform, f"{path}/correct-result", {"result": result, "note": note, "reason": reason})


async def into_visits_on_site(platform: Platform, needles: Spellings) -> None:
    """Names, of which each has its own visit."""
    named = (needles.all(place) for place in ("companion", "signer", "no signature because"))
    for at, ((_, companion), (_, signer), (_, reason)) in enumerate(zip(*named, strict=True)):
        path = await claimed(platform, f"typed-site-{at}", {"companion": f"赵师傅{companion}"}, channel="on_site")
        body = {"result": "completed", "answers": UNHAPPY, "signer": f"陈{signer}", "unsigned_reason": f"不便{reason}"}
        await platform.ask("visits", "POST", f"{path}/attempts", 201, json=body)


async def into_stray_replies(platform: Platform, needles: Spellings) -> None:
    (remark,) = texts(needles, "remark on a digit", 2000)
    stray = StrayReply(
        id=new_id(), customer_id="C1", phone_masked="", digit=1, reason="none", branch="", received_at=NOON
    )
    async with platform.services["visits"].runtime.db.work() as work:
        await replies.add(work.session, [stray])
    await platform.ask("visits", "POST", f"/api/v1/stray-replies/{stray.id}/settle", json={"remark": remark})


async def claimed(platform: Platform, task_id: str, body: dict[str, Any], **changes: Any) -> str:
    """The path of a visit that was released for a customer of its own, and claimed."""
    await platform.services["visits"].deliver(released(task_id, customer=task_id, **changes))
    asked = {"customer_id": task_id}
    (card,) = (await platform.ask("visits", "GET", VISITS, params=asked))["items"]
    await platform.ask("visits", "POST", f"{VISITS}/{card['id']}/claim", json=body)
    return f"{VISITS}/{card['id']}"


async def change(platform: Platform, path: str, body: dict[str, Any], method: str = "POST") -> None:
    """As somebody who has seen what it changes."""
    async with platform.client("visits" if path.startswith(VISITS) else "complaints") as client:
        tag = (await client.get(path.rpartition("/")[0])).headers["ETag"]
        answer = await client.request(method, path, json=body, headers={"If-Match": tag})
    assert answer.is_success, (path, answer.text)


async def type_into_complaints(platform: Platform, needles: Spellings) -> None:
    """A case on its whole way, and one that is rejected."""
    (description,) = texts(needles, "description", 4000)
    new = {"customer": {"id": "typed"}, "description": description}
    path = f"{CASES}/{(await platform.ask('complaints', 'POST', CASES, 201, json=new))['id']}"
    for action, body in (
        ("assign", {"unit": "CD"}),
        ("escalate", {"note": "note to escalate"}),
        ("resolve", {"measures": "measures"}),
        ("reopen", {"reason": "reason to reopen"}),
        ("remarks", {"text": "remark"}),
        ("close", {"reason": "reason to close", "customer_opinion": "opinion"}),
    ):
        typed = {name: place if action == "assign" else whole(needles, place) for name, place in body.items()}
        await change(platform, f"{path}/{action}", typed)
    path = f"{CASES}/{(await platform.ask('complaints', 'POST', CASES, 201, json=new))['id']}"
    await change(platform, f"{path}/reject", {"reason": whole(needles, "reason to reject")})
    short = (needles.all(place) for place in ("subject", "kind", "branch", "unit", "level", "owner"))
    for at, row in enumerate(zip(*short, strict=True)):
        subject, kind, branch, unit, level, owner = (f"甲{written}"[:LONGEST] for _, written in row)
        new = {"customer": {"id": f"typed-{at}", "level": level}, "description": "态度差", "subject": subject,
               "kind": kind, "branch": branch, "unit": unit}  # fmt: skip
        case = await platform.ask("complaints", "POST", CASES, 201, json=new)
        await change(platform, f"{CASES}/{case['id']}/assign", {"unit": unit, "owner": owner})


def whole(needles: Spellings, place: str) -> str:
    (text,) = texts(needles, place, 4000)
    return text
