"""What a visit on site brings back beside the answers: photographs, and the customer's signature (R06.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.visits.domain.errors import NotOnSite, TooManyAttachments
from services.visits.domain.visit import Visit, require_holder

Kind = Literal["photo", "signature"]
MOST = {"photo": 20, "signature": 5}  # of one attempt; a signature may be drawn again
KEPT_UNUSED = timedelta(days=14)  # what no result was ever handed in with


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A picture that `agent` took at a visit; `digest` is of the file as it was sent, by which a repeated sending is known.

    It is announced before its file is kept and `stored` afterwards. `attempt_id` is the attempt it was handed in with; one
    that was never handed in is the agent's to drop, and goes with its file once it has been.
    """

    id: UUID
    visit_id: UUID
    agent: str
    kind: Kind
    digest: bytes
    media_type: str
    width: int
    height: int
    size: int
    at: datetime
    stored: bool = False
    attempt_id: UUID | None = None
    dropped_at: datetime | None = None

    @property
    def file(self) -> str:
        """Where it is kept."""
        return f"visits/{self.visit_id}/{self.id}"

    @property
    def filename(self) -> str:
        """What it is called when somebody saves it."""
        ending = "png" if self.media_type == "image/png" else "jpg"
        return f"{'签名' if self.kind == 'signature' else '照片'}-{str(self.id)[-8:]}.{ending}"


def require_room(visit: Visit, agent: str, kind: Kind, had: Sequence[Attachment]) -> None:
    """`agent` may add a picture to what they `had` since the last attempt.

    Raises what `require_holder` raises, NotOnSite, TooManyAttachments.
    """
    require_holder(visit, agent)
    if not visit.on_site:
        raise NotOnSite
    if sum(1 for one in had if one.kind == kind) >= MOST[kind]:
        raise TooManyAttachments(f"每次最多 {MOST[kind]} 张，请先删除不要的")
