"""The telephone line's stand-in: takes calls, rings, answers, is busy, drops, and tells of it as a line would.

No telephone rings. What becomes of the next calls is chosen on its page, or by `POST /simulate/next`.
"""

import asyncio
import io
import json
import math
import struct
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import httpx
import structlog
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel
from standardwebhooks import Webhook

from deploy.standins.pages import line_page, start_of
from shared.clock import Clock, SystemClock
from shared.http import http_client
from shared.ids import new_id
from shared.privacy import mask_phone
from shared.web.start import install_favicon

log = structlog.get_logger(__name__)
Fate = Literal["answers", "drops", "busy", "no_answer", "powered_off", "suspended", "invalid_number", "restricted"]
SHOWN = 100
TRIES = 5


class Wanted(BaseModel):
    """What becomes of the next calls, until something else is wanted."""

    fate: Fate


class Asked(BaseModel):
    call_id: UUID
    number: str
    agent: str = ""


@dataclass
class Paces:
    """Seconds from the call to ringing, from ringing to the answer (or its failure), from the answer to a drop."""

    ring: float = 0.5
    answer: float = 2.0
    drop: float = 6.0


@dataclass
class Talk:
    """A call on this line; `hung_up` ends it early."""

    id: UUID
    number: str
    agent: str
    fate: Fate
    signs: list[str] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)


class Exchange:
    """The calls there have been, and the events that tell of them, posted to `callback` in order."""

    def __init__(
        self, callback: str, secret: str, own: str, paces: Paces | None = None, clock: Clock | None = None
    ) -> None:
        self.callback = callback
        self.secret = secret
        self.own = own.rstrip("/")
        self.paces = paces or Paces()
        self.clock = clock or SystemClock()
        self.fate: Fate = "answers"
        self.talks: dict[UUID, Talk] = {}
        self._running: set[asyncio.Task[None]] = set()

    def take(self, asked: Asked) -> None:
        """Begin a call; the same call asked for twice is one."""
        if asked.call_id in self.talks:
            return
        talk = self.talks[asked.call_id] = Talk(asked.call_id, asked.number, asked.agent, self.fate)
        task = asyncio.create_task(self._live(talk))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _live(self, talk: Talk) -> None:
        if await self._hung_up_within(talk, self.paces.ring):
            await self._tell(talk, "ended", cause="hung_up")
            return
        await self._tell(talk, "ringing")
        if await self._hung_up_within(talk, self.paces.answer):
            await self._tell(talk, "ended", cause="hung_up")
        elif talk.fate in ("answers", "drops"):
            await self._tell(talk, "answered")
            await self._hung_up_within(talk, self.paces.drop if talk.fate == "drops" else None)
            await self._tell(talk, "ended", cause="hung_up", recording=f"{self.own}/recordings/{talk.id}.wav")
        else:
            await self._tell(talk, "ended", cause=talk.fate)

    async def _hung_up_within(self, talk: Talk, seconds: float | None) -> bool:
        try:
            await asyncio.wait_for(talk.hung_up.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _tell(self, talk: Talk, sign: str, **more: str) -> None:
        """Post one event, and again while the platform does not take it: a line tells at least once."""
        now = self.clock.machine()
        body = json.dumps({"call_id": str(talk.id), "sign": sign, "at": now.isoformat(), **more})
        talk.signs.append(more.get("cause", sign) if sign == "ended" else sign)
        message = f"msg_{new_id().hex}"
        for attempt in range(TRIES):
            headers = {
                "webhook-id": message,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": Webhook(self.secret).sign(message, now, body),
                "Content-Type": "application/json",
            }
            try:
                async with http_client() as client:
                    answer = await client.post(self.callback, content=body, headers=headers)
                if answer.is_success:
                    return
                log.warning("event_refused", status=answer.status_code)
            except httpx.HTTPError as error:
                log.warning("event_not_delivered", error=type(error).__name__)
            await asyncio.sleep(0.2 * 2**attempt)


def tone(seconds: float = 1.0, hertz: float = 440.0, rate: int = 8000) -> bytes:
    """A WAV file of one tone: something to hear where a recording would be."""
    frames = (int(9000 * math.sin(2 * math.pi * hertz * place / rate)) for place in range(int(seconds * rate)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", frame) for frame in frames))
    return out.getvalue()


def create_app(exchange: Exchange, key: str = "") -> FastAPI:
    """The line's API, its page, and the switch for what becomes of the next calls."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await exchange.stop()

    app = FastAPI(title="话务线路模拟器", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.exchange = exchange
    install_favicon(app)

    _install_line(app, exchange, key)
    _install_page(app, exchange)
    return app


def _install_line(app: FastAPI, exchange: Exchange, key: str) -> None:
    def require_key(request: Request) -> None:
        if key and request.headers.get("authorization") != f"Bearer {key}":
            raise HTTPException(401, "密钥不正确")

    @app.post("/calls", status_code=202, dependencies=[Depends(require_key)])
    async def place(asked: Asked) -> dict[str, str]:
        exchange.take(asked)
        return {"call_id": str(asked.call_id)}

    @app.post("/calls/{call_id}/hang-up", status_code=202, dependencies=[Depends(require_key)])
    async def hang_up(call_id: UUID) -> dict[str, str]:
        if call_id not in exchange.talks:
            raise HTTPException(404, "没有这通电话")
        exchange.talks[call_id].hung_up.set()
        return {"call_id": str(call_id)}


def _install_page(app: FastAPI, exchange: Exchange) -> None:
    @app.get("/calls")
    async def calls() -> list[dict[str, Any]]:
        return [_shown(talk) for talk in reversed(exchange.talks.values())][:SHOWN]

    @app.post("/simulate/next")
    async def simulate(request: Request) -> Response:
        from_page = "form" in request.headers.get("content-type", "")
        given = dict(await request.form()) if from_page else await request.json()
        exchange.fate = Wanted.model_validate(given).fate
        return RedirectResponse("/", 303) if from_page else Response(status_code=204)

    @app.get("/recordings/{call_id}.wav")
    async def recording(call_id: UUID) -> Response:
        if call_id not in exchange.talks:
            raise HTTPException(404, "没有这通电话")
        return Response(tone(), media_type="audio/wav")

    @app.get("/", response_class=HTMLResponse)
    async def page(request: Request) -> str:
        return line_page(await calls(), exchange.fate, start_of(request))


def _shown(talk: Talk) -> dict[str, Any]:
    return {
        "id": str(talk.id),
        "number": mask_phone(talk.number),
        "agent": talk.agent,
        "fate": talk.fate,
        "told": talk.signs,
        "recorded": "answered" in talk.signs and "hung_up" in talk.signs,
    }
