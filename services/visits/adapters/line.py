"""The telephone line (CTI), spoken to by HTTP.

We ask `POST {url}/calls` with `{"call_id", "number", "agent"}` to ring the agent's telephone and connect the customer, and
`POST {url}/calls/{call_id}/hang-up` to end it. What happens on the line comes back as events signed as Standard Webhooks
prescribe: `{"call_id", "sign": "ringing" | "answered" | "ended", "at", "cause", "recording"}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

from services.visits.domain.errors import LineRefused
from shared.errors import Unauthorized
from shared.http import http_client

SECONDS = 4.0


@dataclass(frozen=True)
class Line:
    """The line of a deployment; `key` proves us to it, `secret` proves its events to us."""

    url: str
    key: str
    secret: str

    async def dial(self, call_id: UUID, number: str, agent: str) -> None:
        """Raises LineRefused, also when nothing answers in time."""
        await self._post("/calls", {"call_id": str(call_id), "number": number, "agent": agent})

    async def hang_up(self, call_id: UUID) -> None:
        """Raises LineRefused."""
        await self._post(f"/calls/{call_id}/hang-up", {})

    def require_signed(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Raises Unauthorized unless the line signed this event lately."""
        try:
            Webhook(self.secret).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError) as error:
            raise Unauthorized("事件的签名不正确或已过期") from error

    async def _post(self, path: str, body: Mapping[str, str]) -> None:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            async with http_client(SECONDS) as client:
                answer = await client.post(self.url.rstrip("/") + path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise LineRefused("话务线路没有回应；可先用话机拨打，再按结果小结") from error
        if not answer.is_success:
            raise LineRefused(f"话务线路回答 {answer.status_code}；可先用话机拨打，再按结果小结")
