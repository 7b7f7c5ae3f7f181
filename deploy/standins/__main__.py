"""`python -m deploy.standins sms|mail|line|all`."""

import argparse
import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from deploy.standins import line, mail, sms
from deploy.standins.behaviour import Behaviour
from services.visits.settings import VisitsSettings
from shared.clock import Clock
from shared.embedded.processes import LOOPBACK
from shared.observability import logs
from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
DEFAULT_PORTS = {"sms": 8110, "smtp": 8111, "mail": 8112, "line": 8113}


def main() -> None:
    """Run until SIGINT or SIGTERM."""
    arguments = _arguments()
    settings = ServiceSettings()
    logs.configure("standins", settings.log)
    asyncio.run(_run(arguments, settings.make_clock()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.standins", description="Mail sink, SMS simulator, telephone line"
    )
    parser.add_argument("which", nargs="?", choices=("sms", "mail", "line", "all"), default="all")
    parser.add_argument("--port", type=int, help="of the SMS simulator, of the mail sink's SMTP server, or of the line")
    parser.add_argument("--web-port", type=int, help="of the mail sink's page; default: the SMTP port + 1")
    parser.add_argument("--folder", type=Path, help="where messages are kept; default below var/")
    parser.add_argument(
        "--callback",
        help="receipts and replies go to this address + /receipts, /replies; the line's events to this very address",
    )
    return parser.parse_args()


async def _run(arguments: argparse.Namespace, clock: Clock) -> None:
    var = Path(os.environ.get("HUIFANG_VAR") or ROOT / "var")
    running: list[Coroutine[Any, Any, None]] = []
    if arguments.which in ("sms", "all"):
        callback = arguments.callback or callback_from_environment()
        app = sms.create_app(arguments.folder or var / "sms", Behaviour.from_environment(), callback, clock)
        running.append(_serve(app, _port("sms", arguments.port if arguments.which == "sms" else None)))
    if arguments.which in ("mail", "all"):
        port = _port("smtp", arguments.port if arguments.which == "mail" else None)
        web_port = arguments.web_port or (port + 1 if arguments.port else _port("mail", None))
        running.append(_serve_mail(mail.Mailbox(arguments.folder or var / "mail", clock), port, web_port))
    if arguments.which == "line":  # only where it is asked for: calls go by the agents' own phone programs otherwise
        running.append(_serve_line(_port("line", arguments.port), arguments.callback))
    await asyncio.gather(*running)


async def _serve_line(port: int, callback: str | None) -> None:
    """The line tells visits what happens, signed with the secret that visits was given."""
    settings = VisitsSettings()
    exchange = line.Exchange(
        callback or f"{settings.sites.get('visits', 'http://127.0.0.1:8102')}/ingress/v1/line/events",
        settings.cti_webhook_secret.get_secret_value(),
        f"http://{LOOPBACK}:{port}",
    )
    await _serve(line.create_app(exchange, settings.cti_key.get_secret_value()), port)


async def _serve_mail(mailbox: mail.Mailbox, port: int, web_port: int) -> None:
    server = await mail.listen(mailbox, LOOPBACK, port)
    async with server:
        await _serve(mail.create_app(mailbox), web_port)


async def _serve(app: FastAPI, port: int) -> None:
    config = uvicorn.Config(
        app, host=LOOPBACK, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=2
    )
    await uvicorn.Server(config).serve()


def _port(name: str, given: int | None) -> int:
    return given or int(os.environ.get(f"HUIFANG_{name.upper()}_PORT") or DEFAULT_PORTS[name])


def callback_from_environment() -> str:
    """HUIFANG_SMS_CALLBACK_URL, else made of the service's address and the token it was given; "" = no callbacks."""
    if url := os.environ.get("HUIFANG_SMS_CALLBACK_URL"):
        return url
    service, token = os.environ.get("HUIFANG_NOTIFICATIONS_URL"), os.environ.get("HUIFANG_SMS_CALLBACK_TOKEN")
    if path := os.environ.get("HUIFANG_SMS_CALLBACK_TOKEN_FILE"):
        token = Path(path).read_text().strip()
    return f"{service.rstrip('/')}/ingress/v1/sms/aliyun/{token}" if service and token else ""


if __name__ == "__main__":
    main()
