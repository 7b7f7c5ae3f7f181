"""The mail sink: an SMTP server that keeps every message as a file, and a page to read them."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse

from deploy.standins.callbacks import local_text
from deploy.standins.pages import mail_page, start_of
from shared.clock import Clock, SystemClock
from shared.ids import new_id
from shared.web.start import install_favicon

SHOWN = 100
MOST_BYTES = 5 << 20


class Mailbox:
    """A folder of `.eml` files, named so that they sort by arrival."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._clock = clock or SystemClock()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one message."""
        content = envelope.original_content or b""
        received = f"X-Received-At: {local_text(self._clock.now())}\r\n".encode()
        unfinished = self.folder / f"{new_id().hex}.part"
        unfinished.write_bytes(received + content)
        unfinished.rename(unfinished.with_suffix(".eml"))
        return "250 Message accepted for delivery"

    def names(self) -> list[str]:
        """The newest first."""
        return sorted((path.name for path in self.folder.glob("*.eml")), reverse=True)

    def read(self, name: str) -> EmailMessage:
        """Raises KeyError when there is no such mail."""
        if name not in self.names():
            raise KeyError(name)
        message = message_from_bytes((self.folder / name).read_bytes(), policy=default)
        assert isinstance(message, EmailMessage)
        return message

    def shown(self, name: str) -> dict[str, str]:
        message = self.read(name)
        body = message.get_body(("plain", "html"))
        return {
            "name": name,
            "id": str(message["Message-ID"] or ""),
            "received": str(message["X-Received-At"] or ""),
            "sender": str(message["From"] or ""),
            "to": str(message["To"] or ""),
            "subject": str(message["Subject"] or "（无标题）"),
            "text": body.get_content() if body else "",
        }


async def listen(mailbox: Mailbox, host: str, port: int) -> asyncio.Server:
    """Take in mail on a port; 0 picks a free one."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(mailbox, hostname="huifang-mail-sink", data_size_limit=MOST_BYTES, enable_SMTPUTF8=True, loop=loop)

    return await loop.create_server(protocol, host, port)


def create_app(mailbox: Mailbox) -> FastAPI:
    """The page of the sink."""
    app = FastAPI(title="邮件收件箱", docs_url=None, redoc_url=None, openapi_url=None)
    install_favicon(app)

    @app.get("/", response_class=HTMLResponse)
    async def page(request: Request) -> str:
        names = mailbox.names()
        return mail_page([mailbox.shown(name) for name in names[:SHOWN]], len(names), start_of(request))

    @app.get("/messages")
    async def latest() -> list[dict[str, Any]]:
        return [mailbox.shown(name) for name in mailbox.names()[:SHOWN]]

    @app.get("/messages/{name}", response_class=PlainTextResponse)
    async def one(name: str) -> str:
        try:
            return mailbox.read(name).as_string()
        except KeyError as error:
            raise HTTPException(404, "没有这封邮件") from error

    return app
