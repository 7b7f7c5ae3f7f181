"""Alertmanager's webhooks, signed: `python -m deploy.alerts` takes them in and posts them on by Standard Webhooks.

    HUIFANG_ALERTS_URL            where to; empty = nowhere: alerts are taken, noted in the log and told by mail alone
    HUIFANG_ALERTS_SECRET_FILE    whsec_… that the receiver knows too
    HUIFANG_ALERTS_TOKEN_FILE     what Alertmanager shows (`authorization: {credentials_file: …}`)
    HUIFANG_ALERTS_PORT           8125

Alertmanager itself can't sign. What the receiver did not take is answered with 502, and Alertmanager tries again; the id of a
message is made of its content, so a receiver can tell a repetition.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

import httpx
import structlog
import uvicorn
from fastapi import FastAPI, Request, Response

from services.gateway.adapters.webhooks import sign
from shared.clock import SystemClock
from shared.observability import logs
from shared.safety import SHORTEST_SECRET, SHORTEST_TOKEN

log = structlog.get_logger(__name__)

PORT = 8125
SECONDS = 10
JSON = {"content-type": "application/json"}
MOST_BYTES = 4 << 20


@dataclass(frozen=True)
class Relay:
    """Where alerts are posted to, the secret that signs them, and the token that Alertmanager proves itself with."""

    url: str
    secret: str
    token: str

    @classmethod
    def from_environment(cls) -> "Relay":
        """Raises KeyError for a file that is not named, OSError for one that can't be read, ValueError for what is no
        address or no secret.
        """
        secret, token = (
            Path(os.environ[f"HUIFANG_ALERTS_{name}_FILE"]).read_text().strip() for name in ("SECRET", "TOKEN")
        )
        url = os.environ.get("HUIFANG_ALERTS_URL", "")
        if url and not url.startswith(("https://", "http://")):
            raise ValueError("HUIFANG_ALERTS_URL is no http(s):// address")
        if len(token) < SHORTEST_TOKEN:
            raise ValueError(f"HUIFANG_ALERTS_TOKEN_FILE has fewer than {SHORTEST_TOKEN} characters")
        if len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) < SHORTEST_SECRET:
            raise ValueError(f"HUIFANG_ALERTS_SECRET_FILE has fewer than {SHORTEST_SECRET} bytes in base64")
        return cls(url, secret, token)


def create_app(relay: Relay) -> FastAPI:
    app = FastAPI(title="回访平台 · 告警转发", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/alerts")
    async def forward(request: Request) -> Response:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), relay.token.encode()):
            return Response(status_code=401)
        body = (await request.body()).decode(errors="replace")
        if len(body) > MOST_BYTES:
            return Response(status_code=413)
        if not relay.url:
            log.warning("alert_told_by_mail_alone", reason="HUIFANG_ALERTS_URL is not set")
            return Response(status_code=204)
        message = f"msg_{hashlib.sha256(body.encode()).hexdigest()[:32]}"
        headers = {**sign(body, message, [relay.secret], SystemClock().machine()), **JSON}
        try:
            async with httpx.AsyncClient(timeout=SECONDS) as client:
                answer = await client.post(
                    relay.url, content=body.encode(), headers=headers | {"content-type": "application/json"}
                )
        except httpx.HTTPError:
            return Response(status_code=502)
        return Response(status_code=204 if answer.is_success else 502)

    return app


def main() -> None:
    logs.configure("alerts", "json")
    uvicorn.run(
        create_app(Relay.from_environment()), host="0.0.0.0",  # noqa: S104 - Alertmanager is another machine
        port=int(os.environ.get("HUIFANG_ALERTS_PORT") or PORT), log_level="warning",
    )  # fmt: skip


if __name__ == "__main__":
    main()
