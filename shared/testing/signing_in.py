"""Signing in at a service's page, as a browser does."""

import re

import httpx

from shared.sessions import open_session
from shared.testing.served import Served


async def sign_in(client: httpx.AsyncClient, key: str, **fields: str) -> httpx.Response:
    """Open the form, fill it in, send it; the client keeps the session's cookie."""
    form = await client.get("/login")
    token = re.search(r'name="form" value="([^"]+)"', form.text)
    assert token is not None
    data = {"key": key, "form": token[1], **fields}
    return await client.post("/login", data=data, headers={"Origin": str(client.base_url).rstrip("/")})


async def session_cookie(served: Served, role: str) -> str:
    """The `Cookie` header of somebody who has signed in with the role's test key."""
    principal = await served.runtime.authenticator.principal(f"test-{role}")
    token = served.runtime.signer.sign(open_session(principal, "", served.runtime.clock.machine()))
    return f"huifang_session={token}"
