"""Posting results to receivers: signed (Standard Webhooks), to checked addresses only, without redirects."""

import asyncio
import socket
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address

import httpx
from standardwebhooks import Webhook

from services.gateway.domain.addresses import ForbiddenTarget, Network, check_address, check_url
from services.gateway.domain.writeback import Answer
from shared.http import http_client


def sign(body: str, message_id: str, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """The three headers; one signature per secret, so that a receiver may hold either while they rotate."""
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def post(url: str, body: str, headers: dict[str, str], allowed: Sequence[Network], timeout: float) -> Answer:
    """One try. Never raises: what went wrong is in the answer (Chinese)."""
    try:
        async with asyncio.timeout(timeout), http_client(timeout, trust_env=False) as client:
            request = await _pinned(client, url, body, headers, allowed)
            response = await client.send(request, stream=True)
            await response.aclose()
            return Answer(response.status_code, "" if response.is_success else f"接收方回答 {response.status_code}")
    except ForbiddenTarget as error:
        return Answer(0, str(error))
    except TimeoutError:
        return Answer(0, f"{timeout:g} 秒内没有回答")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return Answer(0, f"连接失败（{type(error).__name__}）")


async def _pinned(
    client: httpx.AsyncClient, url: str, body: str, headers: dict[str, str], allowed: Sequence[Network]
) -> httpx.Request:
    """A request to the very address that was checked: the name must not resolve to another one afterwards."""
    check_url(url, allowed)
    target = httpx.URL(url)
    address = await _resolve(target, allowed)
    return client.build_request(
        "POST",
        target.copy_with(host=address),
        content=body.encode(),
        headers={**headers, "Host": target.netloc.decode(), "Content-Type": "application/json"},
        extensions={"sni_hostname": target.host},
    )


async def _resolve(target: httpx.URL, allowed: Sequence[Network]) -> str:
    port = target.port or (443 if target.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
    addresses = [str(item[4][0]) for item in found]
    for address in addresses:
        check_address(ip_address(address), allowed)
    return addresses[0]
