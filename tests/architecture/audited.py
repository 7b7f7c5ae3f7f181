"""What somebody does through the API, and the entry that it leaves in the audit log."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from shared.testing import Served

NUMBER = "13800138000"  # stands in every text that is typed, and in no entry
TYPED = f"客户来电{NUMBER}"
MASKED = "客户来电138****8000"


@dataclass
class Acts:
    """Asks one service as a role; each time exactly the entry that was named must have been added."""

    served: Served
    done: set[str] = field(default_factory=set)

    async def act(
        self,
        action: str,
        method: str,
        path: str,
        of: str = "id",
        *,
        role: str = "admin",
        detail: dict[str, Any] | None = None,
        also: tuple[str, ...] = (),
        seen: str = "",
        **options: Any,
    ) -> Any:
        """The answer's content. `of`: what the entry is about, or the member of the answer that says it.

        `detail`: what the entry must say among others. `also`: actions of further entries. `seen`: the path whose version
        goes with the request.
        """
        known = {one["id"] for one in await self.entries()}
        async with self.served.client(role) as client:
            headers = dict(options.pop("headers", {}))
            if seen:
                headers["If-Match"] = (await client.get(seen)).headers["ETag"]
            answer = await client.request(method, path, headers=headers, **options)
        assert answer.is_success, (method, path, answer.text)
        is_json = answer.content and answer.headers.get("content-type", "").startswith("application/json")
        told = answer.json() if is_json else {}
        added = [one for one in await self.entries() if one["id"] not in known]
        assert Counter(one["action"] for one in added) == Counter([action, *also]), (method, path, added)
        entry = next(one for one in added if one["action"] == action)
        about = str(told[of]) if isinstance(told, dict) and of in told else of
        assert (entry["principal"], entry["object"]) == (f"key:test-{role}", about), entry
        assert entry["at"] == self.served.runtime.clock.now().isoformat().replace("+00:00", "Z"), entry
        assert (detail or {}).items() <= entry["detail"].items(), entry
        self.done |= {action, *also}
        return told

    async def entries(self) -> list[dict[str, Any]]:
        """All that there are."""
        page = await self.ask("GET", "/api/v1/audit-log", "auditor", params={"limit": 200})
        assert page["next_cursor"] is None
        found: list[dict[str, Any]] = page["items"]
        return found

    async def ask(self, method: str, path: str, role: str = "admin", **options: Any) -> Any:
        """Something that no entry is looked for."""
        async with self.served.client(role) as client:
            answer = await client.request(method, path, **options)
        assert answer.is_success, (method, path, answer.text)
        return answer.json() if answer.content else None
