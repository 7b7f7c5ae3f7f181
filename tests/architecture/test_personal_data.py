"""No number of a person stands in the clear anywhere: not in answers, logs, dead letters, on the wire or at rest.

Every place where a number can come in gets one of its own, so that a leak tells its way.
"""

import io
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from python_calamine import load_workbook
from sqlalchemy import text

from shared.clock import ManualClock
from shared.contracts.registry import all_contracts
from shared.messaging.event import Event
from shared.testing import Served, event, example, serve
from tests.architecture.parts import SERVICES, SETTINGS, create_app, operations, settings_class
from tests.architecture.test_trace import logged

Dsn = Callable[[str], Awaitable[str]]
PACK = Path(__file__).parents[2] / "deploy" / "packs" / "r01-gas"
YAML = {"Content-Type": "application/yaml"}
CALLBACK = f"/ingress/v1/sms/aliyun/{SETTINGS['notifications']['sms_callback_token']}"


class Numbers:
    """Gives each place a mobile number that nobody else has."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        self._next = count(1)

    def __call__(self, place: str) -> str:
        nth = next(self._next)
        number = f"13{nth % 10}{(nth * 4967 + 1357) % 10_000:04d}{(nth * 7919 + 2468) % 10_000:04d}"
        return self._keep(place, number)

    def identity(self, place: str) -> str:
        """The number of an identity card."""
        return self._keep(place, f"330106199003{next(self._next):06d}")

    def landline(self, place: str) -> str:
        return self._keep(place, f"0571-8{next(self._next) * 7919 % 10_000_000:07d}")

    def _keep(self, place: str, number: str) -> str:
        self.places[number] = place
        return number

    def found_in(self, content: str) -> set[str]:
        """Places whose number stands in `content`: as it is, with separators, in full width, as hex of a bytea."""
        plain = content.translate({ord("０") + digit: str(digit) for digit in range(10)})
        joined = re.sub(r"(?<=\d)[- ](?=\d)", "", plain)
        return {
            place
            for number, place in self.places.items()
            if number in plain or number in joined or number.encode().hex() in content
        }


@dataclass
class Platform:
    """The six services in this process; what one publishes is handed to the others."""

    services: dict[str, Served]
    clock: ManualClock
    answers: list[str] = field(default_factory=list)
    handed_on: set[tuple[str, str]] = field(default_factory=set)

    def client(self, service: str, role: str = "admin") -> httpx.AsyncClient:
        """Its answers are remembered."""
        client = self.services[service].client(role)
        client.event_hooks["response"].append(self._remember)
        return client

    async def _remember(self, response: httpx.Response) -> None:
        self.answers.append(readable(await response.aread()) + str(dict(response.headers)))

    async def ask(self, service: str, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        async with self.client(service) as client:
            answer = await client.request(method, path, **options)
        assert answer.status_code == expect, (method, path, answer.text)
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.content

    async def pump(self) -> None:
        """Hand on what was published until nobody has anything to say."""
        while True:
            news = [(name, sent) for name, served in self.services.items() for sent in await served.published()]
            fresh = [(name, sent) for name, sent in news if (name, sent.id) not in self.handed_on]
            if not fresh:
                return
            self.handed_on |= {(name, sent.id) for name, sent in fresh}
            for served in self.services.values():
                await served.deliver(*(sent for _, sent in fresh))

    async def jobs(self, *names: tuple[str, str]) -> None:
        for service, job in names:
            await self.services[service].run_job(job)
        await self.pump()


def readable(content: bytes) -> str:
    """An answer's text; of a workbook, its cells."""
    if content.startswith(b"PK"):
        book = load_workbook(io.BytesIO(content))
        return str([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])
    return content.decode("utf-8", "replace")


@asynccontextmanager
async def whole_platform(service_dsn: Dsn, clock: ManualClock) -> AsyncIterator[Platform]:
    async with AsyncExitStack() as stack:
        services = {
            name: await stack.enter_async_context(
                serve(
                    create_app(name),
                    settings_class(name),
                    await service_dsn(name),
                    clock=clock,
                    **SETTINGS.get(name, {}),
                )
            )
            for name in SERVICES
        }
        yield Platform(services, clock)


async def test_no_number_in_the_clear_anywhere(service_dsn: Dsn, clock: ManualClock) -> None:
    number = Numbers()
    async with whole_platform(service_dsn, clock) as platform:
        with logged() as lines:
            await set_up(platform)
            await send_events(platform, number)
            await push(platform, number)
            await upload(platform, number)
            await work(platform, number)
            await complain(platform, number)
            await notify(platform, number)
            await mend_a_dead_letter(platform, number)
            await read_everything(platform)
        leaks = {
            "answers": number.found_in("\n".join(platform.answers)),
            "logs": number.found_in(lines.getvalue()),
        }
        for name, served in platform.services.items():
            for table, rows in (await everything_in(served)).items():
                leaks[f"{name}.{table}"] = number.found_in(rows)
    found = [f"{where}: {sorted(places)}" for where, places in leaks.items() if places]
    assert not found, "\n".join(found)
    assert len(number.places) > 60


async def set_up(platform: Platform) -> None:
    for path in sorted((PACK / "questionnaires").glob("*.yaml")):
        await platform.ask("visits", "POST", "/api/v1/questionnaires", 201, content=path.read_bytes(), headers=YAML)
    for path in sorted((PACK / "templates").glob("*.yaml")):
        await platform.ask("notifications", "POST", "/api/v1/templates", content=path.read_bytes(), headers=YAML)
    files = {path.relative_to(PACK).as_posix(): path.read_text() for path in PACK.rglob("*.yaml")}
    kept = {name: content for name, content in files.items() if name == "pack.yaml" or name.startswith("policies/")}
    await platform.ask("scheduler", "POST", "/api/v1/packs", json={"name": "r01-gas", "files": kept})


# --- in through the gateway


def cloud_event(event_id: str, name: str, data: Any, **attributes: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": event_id, "source": "/erp/1", "type": name, "data": data, **attributes}


def repair(number: Numbers, customer: str) -> dict[str, Any]:
    """A valid repair with a number wherever text may stand."""
    data = example("repair.closed")
    return data | {
        "measures": f"更换阀门，客户另留电话{number('measures')}",
        "fault": {"code": "F1", "description": f"call {number('fault, in English')} first"},
        "service_address": f"锦园路 6 号 {number('address')}",
        "engineer": {"code": "G1", "name": f"赵师傅{number('engineer name')}"},
        "customer": {
            "id": customer,
            "name": f"陈静 {number('customer name')}",
            "level": "A",
            "phone": number("customer.phone"),
            "phones": [f"+86 {number('customer.phones, with +86')}", dashed(number("customer.phones, dashed"))],
        },
    }


def dashed(number: str) -> str:
    return f"{number[:3]}-{number[3:7]}-{number[7:]}"


def wide(number: str) -> str:
    return number.translate({ord(str(digit)): chr(ord("０") + digit) for digit in range(10)})


def unknown(number: Numbers) -> dict[str, Any]:
    """Data of a type that nobody declared."""
    return {
        "customer": {"id": "C9", "name": "林女士", "contactPhone": number("unknown contactPhone")},
        "whatever": number("unknown field"),
        "as_number": int(number("unknown, as a number")),
        "as_decimal": float(number("unknown, as a decimal")),
        "as_text_decimal": f"{number('unknown, as a text of a decimal')}.0",
        "list": [number("unknown list"), {"deep": [dashed(number("unknown deep, dashed"))]}],
        "wide": f"电话{wide(number('unknown, full width'))}",
        "note": f"please call {number('unknown English text')} today",
        "uri": f"tel:{number('unknown tel uri')}",
        "several": f"{number('unknown several 1')},{number('unknown several 2')}/{number('unknown several 3')}",
        "embedded": json.dumps({"phone": number("unknown embedded JSON")}),
        number("unknown name of a member"): "x",
        f"电话{number('unknown Chinese name of a member')}": "x",
        "联系电话": number("unknown Chinese field"),
        "id_card": number.identity("identity card"),
        "证件": f"身份证{number.identity('identity card in a text')}",
        "客户手机": number.landline("landline"),
        "来电": f"家里电话{number.landline('landline in a text')}",
        "备注": f"打{number('unknown Chinese text')}找人",
    }


async def send_events(platform: Platform, number: Numbers) -> None:
    good = [
        cloud_event("e1", "repair.closed", repair(number, "C1")),
        cloud_event("e2", "repair.closed", repair(number, "C2")),
        cloud_event("e3", "com.example.unknown", unknown(number)),
        cloud_event("e4", "com.example.unknown", {"customer": {"id": number("customer id")}}),
        cloud_event("e5", "com.example.unknown", {"customer": {"id": int(number("customer id, a number"))}}),
        cloud_event("e6", "com.example.unknown", {"customer": number("customer, a text")}),
        cloud_event("e7", "com.example.unknown", {"customer": {"id": {"phone": number("customer id, an object")}}}),
        cloud_event("e8", "com.example.unknown", {"x": 1}, partitionkey=number("partitionkey")),
        cloud_event("e9", "com.example.unknown", {"x": 1}, subject=number("subject")),
        cloud_event("e10", "com.example.unknown", {"x": 1}, subject=f"回访{number('subject, a text')}"),
        cloud_event("e11", "order.completed", order(number)),
        cloud_event("e12", "customer.updated", example("customer.updated", customer=person(number, "C1"))),
    ]
    bad = [
        cloud_event("b1", "repair.closed", repair(number, "C3") | {"customer": number("rejected customer")}),
        cloud_event("b2", "repair.closed", repair(number, "C3") | {"closed_at": number("rejected time")}),
        cloud_event("b3", "repair.closed", repair(number, "C3") | {"engineer": {number("rejected member"): 1}}),
        cloud_event("b4", "com.example.unknown", number("data, a text")),
        cloud_event("b5", "com.example.unknown", {"x": 1}, time=number("rejected ce time")),
    ]
    batch = {"Content-Type": "application/cloudevents-batch+json"}
    answer = await platform.ask("gateway", "POST", "/api/v1/events", 202, json=good + bad, headers=batch)
    assert (answer["accepted"], answer["rejected"]) == (len(good), len(bad)), answer
    await platform.ask("gateway", "POST", "/api/v1/events", 422, json=bad[0])
    broken = f'{{"id": "{number("broken JSON")}", '.encode()
    await platform.ask(
        "gateway", "POST", "/api/v1/events", 422, content=broken, headers={"Content-Type": "application/json"}
    )
    await platform.pump()


def person(number: Numbers, customer: str) -> dict[str, Any]:
    return {"id": customer, "name": "陈静", "level": "A", "phone": number(f"phone of {customer}")}


def order(number: Numbers) -> dict[str, Any]:
    line = example("order.completed")["lines"][0] | {"name": f"热水器（送货电话{number('order line')}）"}
    return example("order.completed", customer=person(number, "C4"), lines=[line])


async def push(platform: Platform, number: Numbers) -> None:
    """Messages of other systems, good, odd and broken."""
    bodies: dict[str, list[Any]] = {
        "odoo": [
            {
                "_action": "回访", "_id": 7, "_model": "repair.order", "name": "R7", "state": "done",
                "write_date": "2026-03-02 01:00:00", "partner_id": [5, f"何女士{number('odoo partner')}"],
                "partner_phone": number("odoo phone"), "company_id": [1, "城东"], "product_id": [2, "热水器"],
                "internal_notes": f"客户电话 {number('odoo notes')}",
            },
            {"_model": "sale.order", "_id": number("odoo id"), "state": number("odoo state"),
             "write_date": number("odoo date")},
        ],
        "hotline": [
            {
                "hotlineNo": "510108202603020005678", "title": f"来电{number('hotline title')}",
                "content": f"诉求人电话{number('hotline content')}", "appealKind": "投诉", "areaCode": "510108",
                "areaName": "城东区", "appellantName": f"何女士 {number('hotline name')}",
                "appellantPhone": f"{number('hotline phone 1')}，{number('hotline phone 2')}",
                "acceptTime": "2026-02-28 10:00:00", "closeTime": "2026-03-02 09:20:00", "hostDeptName": "城东分公司",
                "handleStatus": "退回", "handleResult": f"已联系{number('hotline result')}",
                "updateTime": "2026-03-02 09:20:31",
            },
            {"hotlineNo": "1", "handleStatus": "已办结", "closeTime": number("hotline time")},
            {"hotlineNo": "2", "handleStatus": number("hotline status"), "closeTime": "2026-03-02 09:20:00"},
        ],
        "generic": [{"anything": number("generic field"), "customer": {"id": "C8", "phone": number("generic phone")}}],
        "erpnext": [],
    }  # fmt: skip
    for kind, messages in bodies.items():
        options = {"type": "com.example.generic"} if kind == "generic" else {}
        source = {"name": f"s-{kind}", "kind": kind, "options": options}
        path = (await platform.ask("gateway", "POST", "/api/v1/sources", 201, json=source))["path"]
        for message in messages:
            status = 202 if kind == "generic" else 200
            await platform.ask("gateway", "POST", path, status, json=message)
        await platform.ask("gateway", "POST", path, 401 if kind == "erpnext" else 400, content=number(kind).encode())
    await platform.jobs(("gateway", "canonicalise"))


async def upload(platform: Platform, number: Numbers) -> None:
    header = "工单编号,诉求内容,诉求性质,事发区域,求助人员,求助号码,办结时间,主办单位,工单状态,处置结果"
    rows = [
        (
            f"51010020260301000001,来电{number('sheet content')},投诉,城东区,林女士{number('sheet name')},"
            f"{number('sheet phone')},2026-03-01 10:00:00,燃气公司,办结未解决,已回电{number('sheet result')}"
        ),
        f"51010020260301000002,压力不足,求助,城东区,林女士,{number('sheet phone 2')},{number('sheet time')},燃气公司,办结,好",
        f"51010020260301000003,压力不足,{number('sheet kind')},城东区,林女士,x,2026-03-01 10:00:00,燃气公司,办结,好",
        (
            f"{number('sheet case number')},压力不足,求助,城东区,林女士,x,2026-03-01 10:00:00,燃气公司,"
            f"{number('sheet status')},好"
        ),
    ]
    name = f"三月{number('file name')}.csv"
    content = "\r\n".join([header, *rows]).encode("gbk")
    made = await platform.ask("gateway", "POST", "/api/v1/imports", 202, files={"file": (name, content)})
    await platform.jobs(("gateway", "import"))
    await platform.ask("gateway", "GET", f"/api/v1/imports/{made['id']}/result")


# --- by people


async def work(platform: Platform, number: Numbers) -> None:
    """An agent calls; the customer is content, or not, or gives another number."""
    tasks = (await platform.ask("scheduler", "GET", "/api/v1/tasks", params={"limit": 200}))["items"]
    assert len(tasks) >= 3
    platform.clock.advance(timedelta(days=1))
    cancelled = next(task["id"] for task in tasks if task["customer_id"].startswith("P"))
    reason = {"reason": f"客户来电 {number('reason to cancel')}", "lawful": True}
    await platform.ask("scheduler", "POST", f"/api/v1/tasks/{cancelled}/cancel", json=reason)
    tried = {"type": "repair.closed", "data": repair(number, "C1")}
    await platform.ask("scheduler", "POST", "/api/v1/policies/try", json=tried)
    await platform.jobs(("scheduler", "release"))
    cards = (await platform.ask("visits", "POST", "/api/v1/visits/claim", json={"limit": 20}))["items"]
    first, second, *_ = [card for card in cards if card["kind"] == "repair.closed"]
    path = f"/api/v1/visits/{first['id']}"
    unhappy = {
        "fixed": "no", "conduct": "yes", "attitude": "good", "guidance": "clear", "convenience": "fast",
        "satisfaction": "dissatisfied", "reasons": ["late"],
        "complaint": f"请打{number('answer')}", "suggestion": f"or {dashed(number('answer, in English'))}",
    }  # fmt: skip
    seen = {"If-Match": f'"{first["version"]}"'}
    await platform.ask("visits", "PUT", f"{path}/answers", json={"answers": unhappy}, headers=seen)
    note = {"result": "completed", "note": f"家人 {number('note of a call')}", "answers": unhappy}
    await platform.ask("visits", "POST", f"{path}/attempts", 201, json=note, headers={"Idempotency-Key": "a1"})
    await platform.ask("visits", "POST", f"{path}/review", 201, json={"remark": f"已听{number('review')}"})
    other = f"/api/v1/visits/{second['id']}"
    wrong = {"result": "no_answer", "corrected_phone": f"{number('corrected, not a number')}00000"}
    await platform.ask("visits", "POST", f"{other}/attempts", 422, json=wrong)
    odd = {"result": number("result code"), number("unknown member"): 1, "talk_seconds": number("seconds")}
    await platform.ask("visits", "POST", f"{other}/attempts", 422, json=odd)
    corrected = {"result": "invalid_number", "corrected_phone": number("corrected phone"), "note": "家人提供"}
    await platform.ask("visits", "POST", f"{other}/attempts", 201, json=corrected)
    await platform.pump()


async def complain(platform: Platform, number: Numbers) -> None:
    new = {
        "customer": {"id": "C5", "name": f"刘先生{number('name in a case')}", "phone": number("phone in a case")},
        "description": f"回电{number('description')}",
        "subject": number("subject of a case"),
    }
    await platform.ask("complaints", "POST", "/api/v1/cases", 201, json=new, headers={"Idempotency-Key": "c1"})
    by_number = new | {"customer": {"id": number("customer id in a case")}}
    await platform.ask("complaints", "POST", "/api/v1/cases", 201, json=by_number)
    broken = new | {"grade": number("grade"), "customer": {"id": "C5", "phone": [number("list of phones")]}}
    await platform.ask("complaints", "POST", "/api/v1/cases", 422, json=broken)
    await platform.jobs(("complaints", "assign"))
    cases = (await platform.ask("complaints", "GET", "/api/v1/cases"))["items"]
    assert {case["origin"] for case in cases} == {"visit", "hotline", "manual"}
    for case in cases:
        path = f"/api/v1/cases/{case['id']}"
        for action, body in (
            ("assign", {"unit": "CD", "owner": number("owner")}),
            ("remarks", {"text": f"复核 {number('remark')}"}),
            ("escalate", {"note": f"请联系 {number('note to escalate')}"}),
            ("resolve", {"measures": f"已复修，电话{number('measures of a case')}"}),
            ("reopen", {"reason": f"未好，{number('reason to reopen')}"}),
            ("close", {"reason": f"客户{number('reason to close')}", "customer_opinion": f"好 {number('opinion')}"}),
        ):
            async with platform.client("complaints") as client:
                tag = (await client.get(path)).headers["ETag"]
                answer = await client.post(f"{path}/{action}", json=body, headers={"If-Match": tag})
            assert answer.status_code in (200, 409), (action, answer.text)
    await platform.pump()


async def notify(platform: Platform, number: Numbers) -> None:
    send = {
        "customer_id": "C1", "template": "thank_you", "phone": number("send by hand"),
        "data": {"order_no": f"单 {number('data of a send')}", "customer": {"name": f"陈{number('name in a send')}"}},
    }  # fmt: skip
    await platform.ask("notifications", "POST", "/api/v1/sends", 201, json=send, headers={"Idempotency-Key": "s1"})
    await platform.ask(
        "notifications", "POST", "/api/v1/sends", 422, json=send | {"phone": number("wrong") + "0000000"}
    )
    refusal = {"phone": number("opt-out"), "note": f"来电{number('note of an opt-out')}"}
    await platform.ask("notifications", "POST", "/api/v1/opt-outs", 201, json=refusal)
    consent = {
        "customer_id": "C1", "how": f"电话{number('consent, how')}", "text": f"同意 {number('text of a consent')}",
    }  # fmt: skip
    await platform.ask("notifications", "POST", "/api/v1/consents", 201, json=consent)
    known = next(place for place, what in number.places.items() if what == "customer.phone")
    replies = [
        {"phone_number": known, "content": f"打{number('reply')}", "send_time": "x", "sequence_id": "1"},
        {"phone_number": number("unknown replier"), "content": "TD", "send_time": number("reply time")},
        {"phone_number": number("replier 3"), "content": f"退订 {number('opt-out by reply')}", "sequence_id": "3"},
    ]
    await platform.ask("notifications", "POST", f"{CALLBACK}/replies", json=replies)
    receipts = [
        {
            "phone_number": number("receipt"),
            "success": False,
            "err_code": number("err_code"),
            "biz_id": "b",
            "out_id": "o",
        }
    ]
    await platform.ask("notifications", "POST", f"{CALLBACK}/receipts", json=receipts)
    await platform.ask("notifications", "POST", f"{CALLBACK}/replies", 400, content=number("broken reply").encode())
    await platform.jobs(("notifications", "greetings"), ("notifications", "send"))


async def mend_a_dead_letter(platform: Platform, number: Numbers) -> None:
    """What is sent on by the gateway is sealed; so is what an operator types instead."""
    visits = platform.services["visits"]
    released = next(sent for sent in await platform.services["scheduler"].published("followup.released"))
    wrong = released.data | {"customer": "nobody", "matters": released.data["customer"], "task_id": "T-mended"}
    await visits.deliver(event("followup.released", wrong, key="C1", source="/huifang/scheduler"))
    (letter,) = (await platform.ask("visits", "GET", "/api/v1/dead-letters"))["items"]
    mended = released.data | {
        "task_id": "T-mended",
        "customer": {"id": "C7", "name": f"陈静{number('name in mended data')}", "phone": number("mended phone")},
    }
    path = f"/api/v1/dead-letters/{letter['id']}"
    note = f"客户 {number('note of a replay')}"
    await platform.ask("visits", "POST", f"{path}/replay", json={"data": mended, "note": note})
    await visits.deliver(event("followup.released", wrong, key="C2", source="/huifang/scheduler"))
    (letter,) = (await platform.ask("visits", "GET", "/api/v1/dead-letters"))["items"]
    note = f"客户 {number('note of a discard')}"
    await platform.ask("visits", "POST", f"/api/v1/dead-letters/{letter['id']}/discard", json={"note": note})
    found = (await platform.ask("visits", "GET", "/api/v1/visits", params={"customer_id": "C7"}))["items"]
    assert [visit["task_id"] for visit in found] == ["T-mended"]


# --- looking everywhere


async def read_everything(platform: Platform) -> None:
    """Ask every GET of every service, for every id that its lists name."""
    for service in SERVICES:
        paths = [path for method, path, _ in operations(platform.services[service].app) if method == "GET"]
        ids: dict[str, set[str]] = {"customer_id": {"C1", "C5"}}
        for path in sorted(paths, key=lambda path: path.count("{")):
            await read_all(platform, service, path, ids)


async def read_all(platform: Platform, service: str, path: str, ids: dict[str, set[str]]) -> None:
    asked = [{"limit": "200"}, {"limit": "200", "state": "discarded"}, {"customer_id": "C1", "year": "2026"}]
    places = re.findall(r"{(\w+)}", path)
    wanted = [dict.fromkeys(places, one) for one in ids.get(path.split("/{")[0], ())] if places else [{}]
    async with platform.client(service) as client:
        for values in wanted:
            for params in asked if not places else [{}]:
                answer = await client.get(path.format_map(values | {"version": "1"}), params=params)
                if answer.status_code == 200 and answer.headers["content-type"].startswith("application/json"):
                    shown = answer.json()
                    items = shown.get("items", []) if isinstance(shown, dict) else shown
                    named = (item.get("id") or item.get("name") for item in items if isinstance(item, dict))
                    ids.setdefault(path, set()).update(str(name) for name in named if name)


async def everything_in(served: Served) -> dict[str, str]:
    """Every row of every table as text, in the order of the texts; bytea as hex."""
    async with served.runtime.db.read() as session:
        tables = (await session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        return {
            table: "\n".join(sorted((await session.execute(text(f'SELECT row::text FROM "{table}" AS row'))).scalars()))
            for table in tables.all()
        }


async def test_the_whole_number_is_told_to_who_must_dial_and_that_is_on_record(
    service_dsn: Dsn, clock: ManualClock
) -> None:
    number = Numbers()
    async with serve(
        create_app("visits"), settings_class("visits"), await service_dsn("visits"), clock=clock
    ) as served:
        phone = number("phone")
        customer = {"id": "C1", "name": "陈静", "phone": served.runtime.sealer.seal_phone(phone)}
        await served.deliver(event("followup.released", example("followup.released", customer=customer)))
        async with served.client("agent") as client:
            (card,) = (await client.post("/api/v1/visits/claim", json={})).json()["items"]
            told = await client.post(f"/api/v1/visits/{card['id']}/reveal-phone", json={"reason": "dial"})
        async with served.client("auditor") as client:
            assert (await client.post(f"/api/v1/visits/{card['id']}/reveal-phone", json={})).status_code == 403
        rows = await everything_in(served)
    assert told.json()["phone"] == f"+86{phone}"
    assert "phone.revealed" in rows["audit_log"]
    assert "key:test-agent" in rows["audit_log"]
    assert number.found_in(str(rows)) == set()


async def test_a_number_that_a_stranger_put_on_the_wire_is_not_shown(service_dsn: Dsn, clock: ManualClock) -> None:
    """Somebody writes to a topic past the gateway: what they wrote is kept as it is, and shown masked."""
    number = Numbers()
    shown = 0
    for service in SERVICES:
        async with serve(
            create_app(service), settings_class(service), await service_dsn(service), clock=clock
        ) as served:
            with logged() as lines:
                await served.deliver(*(poison(contract.name, number) for contract in all_contracts()))
                async with served.client("ops") as client:
                    answer = await client.get("/api/v1/dead-letters", params={"limit": 200})
            reasons = await served.dead_letters()
        assert number.found_in(answer.text + str(answer.headers)) == set(), service
        assert number.found_in(lines.getvalue()) == set(), service
        assert number.found_in("\n".join(reasons)) == set(), service
        shown += len(answer.json()["items"])
    assert shown > 20


def poison(name: str, number: Numbers) -> Event:
    """An event whose every field is a number of the wrong type."""
    data: dict[str, Any] = {field: number(f"{name}.{field}") for field in example(name)}
    return event(name, data | {"note": f"电话{number(f'{name} text')}"})
