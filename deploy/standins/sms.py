"""The SMS simulator: Aliyun's SendSms and QuerySendDetails, a page, and switches for mishaps."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from deploy.standins.behaviour import Behaviour
from deploy.standins.callbacks import Callbacks, local_text
from deploy.standins.messages import Message, Messages
from deploy.standins.pages import sms_page, start_of
from shared.clock import Clock, SystemClock
from shared.http import http_client
from shared.ids import new_id
from shared.privacy import mask_phone
from shared.web.start import install_favicon

_STATUS = {"waiting": 1, "failed": 2, "delivered": 3}
SHOWN = 200


class Burst(BaseModel):
    """The next `count` requests are answered with `status`, and nothing is taken."""

    status: Literal[429, 500]
    count: int = Field(ge=0, le=10_000)


class NewReply(BaseModel):
    """A text from a customer, named by number or by our own send id (OutId)."""

    phone: str = ""
    out_id: str = ""
    content: str = Field(max_length=500)


@dataclass
class Simulator:
    """What a running simulator holds."""

    messages: Messages
    behaviour: Behaviour
    callbacks: Callbacks
    clock: Clock
    burst: Burst = field(default_factory=lambda: Burst(status=429, count=0))

    async def send(self, request: Mapping[str, str]) -> Response:
        """SendSms."""
        missing = [name for name in ("PhoneNumbers", "SignName", "TemplateCode") if not request.get(name)]
        if missing:
            return _answer(f"isv.MISSING_PARAMETER_{missing[0]}")
        out_id = request.get("OutId") or new_id().hex
        attempt = self.messages.attempt(out_id)
        if trouble := self._refusal(out_id, attempt):
            return trouble
        message = self._take(request, out_id)
        if self.behaviour.meets("hang", out_id, attempt):
            await asyncio.sleep(self.behaviour.hang_seconds)
        if self.behaviour.meets("error_after", out_id, attempt):
            return _trouble(500)
        return _answer("OK", BizId=message.biz_id)

    def _refusal(self, out_id: str, attempt: int) -> Response | None:
        if self.burst.count > 0:
            self.burst = self.burst.model_copy(update={"count": self.burst.count - 1})
            return _trouble(self.burst.status)
        if self.behaviour.meets("throttled", out_id, attempt):
            return _trouble(429)
        return _trouble(500) if self.behaviour.meets("error_before", out_id, attempt) else None

    def _take(self, request: Mapping[str, str], out_id: str) -> Message:
        behaviour, now = self.behaviour, self.clock.machine().timestamp()
        failed = behaviour.meets("failed", out_id)
        due = now + (behaviour.late_seconds if behaviour.meets("late", out_id) else behaviour.receipt_seconds)
        message = Message(
            biz_id=new_id().hex,
            out_id=out_id,
            phone=request["PhoneNumbers"],
            sign=request["SignName"],
            template=request["TemplateCode"],
            params=request.get("TemplateParam", ""),
            sent_at=local_text(self.clock.now()),
            final="failed" if failed else "delivered",
            code="MOBILE_NOT_ON_SERVICE" if failed else "DELIVERED",
            settles_at=due,
        )
        receipts = [] if behaviour.meets("lost", out_id) else [due] * (2 if behaviour.meets("doubled", out_id) else 1)
        self.messages.take(message, receipts if self.callbacks.url else [])
        return message

    def query(self, request: Mapping[str, str]) -> Response:
        """QuerySendDetails; finds by OutId when it is given (an extension), else by number and day."""
        if request.get("OutId"):
            found = self.messages.sent_as(request["OutId"])
        else:
            day = request.get("SendDate", "")
            found = self.messages.sent_to(request.get("PhoneNumber", ""), f"{day[:4]}-{day[4:6]}-{day[6:]}")
        details = [self._detail(message) for message in found]
        return _answer("OK", TotalCount=len(details), SmsSendDetailDTOs={"SmsSendDetailDTO": details})

    def _detail(self, message: Message) -> dict[str, Any]:
        status = self.status_of(message)
        return {
            "PhoneNum": message.phone,
            "OutId": message.out_id,
            "BizId": message.biz_id,
            "TemplateCode": message.template,
            "SendDate": message.sent_at,
            "SendStatus": _STATUS[status],
            "ErrCode": message.code if status != "waiting" else "",
        }

    def status_of(self, message: Message) -> str:
        return message.final if message.settles_at <= self.clock.machine().timestamp() else "waiting"


def _answer(code: str, **members: Any) -> Response:
    body = {"Code": code, "Message": code, "RequestId": new_id().hex.upper(), **members}
    return JSONResponse(body, 200 if code == "OK" else 400)


def _trouble(status: int) -> Response:
    code = "Throttling.User" if status == 429 else "ServiceUnavailable"
    return JSONResponse({"Code": code, "Message": code, "RequestId": new_id().hex.upper()}, status)


def create_app(
    folder: Path,
    behaviour: Behaviour | None = None,
    callback_url: str = "",
    clock: Clock | None = None,
    posting: bool = True,
) -> FastAPI:
    """The simulator; its messages are kept in `folder` over restarts. Without `posting` it calls back only when told to."""
    clock = clock or SystemClock()
    messages = Messages(folder / "messages.sqlite")
    simulator = Simulator(messages, behaviour or Behaviour(), Callbacks(callback_url, messages, clock), clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.create_task(simulator.callbacks.run(), name="receipts") if posting else None
        yield
        if loop:
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
        messages.close()

    app = FastAPI(title="短信模拟器", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.simulator = simulator
    install_favicon(app)
    _install_provider(app, simulator)
    _install_switches(app, simulator)
    return app


def _install_provider(app: FastAPI, simulator: Simulator) -> None:
    @app.post("/")
    async def call(request: Request) -> Response:
        parameters = {**dict(request.query_params), **{k: str(v) for k, v in (await request.form()).items()}}
        match request.headers.get("x-acs-action") or parameters.get("Action"):
            case "SendSms":
                return await simulator.send(parameters)
            case "QuerySendDetails":
                return simulator.query(parameters)
            case _:
                return _answer("InvalidAction.NotFound")

    @app.get("/", response_class=HTMLResponse)
    async def page(request: Request) -> str:
        rows = [(message, simulator.status_of(message)) for message in simulator.messages.latest(SHOWN)]
        counts, behaviour = simulator.messages.counts(), simulator.behaviour.model_dump()
        return sms_page(rows, counts, behaviour, simulator.callbacks.url != "", start_of(request))

    @app.get("/messages")
    async def latest(out_id: str = "") -> list[dict[str, Any]]:
        found = simulator.messages.sent_as(out_id) if out_id else simulator.messages.latest(SHOWN)
        return [vars(m) | {"phone": mask_phone(m.phone), "status": simulator.status_of(m)} for m in found]

    @app.get("/counts")
    async def counts() -> dict[str, int]:
        return simulator.messages.counts()


def _install_switches(app: FastAPI, simulator: Simulator) -> None:
    @app.put("/simulate/behaviour")
    async def behave(changes: dict[str, float]) -> dict[str, Any]:
        simulator.behaviour = Behaviour.model_validate(simulator.behaviour.model_dump() | changes)
        return simulator.behaviour.model_dump()

    @app.post("/simulate/burst")
    async def burst(wanted: Burst) -> Burst:
        simulator.burst = wanted
        return wanted

    @app.post("/simulate/reply")
    async def reply(request: Request) -> Response:
        from_page = "form" in request.headers.get("content-type", "")
        given = dict(await request.form()) if from_page else orjson.loads(await request.body())
        wanted = NewReply.model_validate(given)
        sent = simulator.messages.sent_as(wanted.out_id) if wanted.out_id else []
        phone = wanted.phone or (sent[0].phone if sent else "")
        if not phone:
            raise HTTPException(404, "没有这条短信")
        async with http_client() as client:
            taken = await simulator.callbacks.reply(client, phone, wanted.content)
        if from_page:
            return RedirectResponse("/", 303)
        return JSONResponse({"taken": taken}, 200 if taken else 502)
