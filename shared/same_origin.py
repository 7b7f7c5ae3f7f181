"""Whether a request comes from a page of ours: what a cookie proves is worth nothing on another site's demand."""

from urllib.parse import urlsplit

from fastapi import Request

from shared.errors import Forbidden

SAFE = ("GET", "HEAD", "OPTIONS")


class ForeignOrigin(Forbidden):
    title = "请求来自其他网站，已拒绝"
    code = "foreign-origin"


def require_same_origin(request: Request) -> None:
    """Raises ForeignOrigin for a change that a browser was made to send by another site, or that does not say by whom.

    Every browser names the origin of a POST (Fetch standard §3.2); the port counts, for other programs may use others.
    """
    if request.method in SAFE:
        return
    origin = urlsplit(request.headers.get("origin", ""))
    if not origin.netloc or origin.netloc.lower() != request.headers.get("host", "").lower():
        raise ForeignOrigin("请在本系统的页面上操作")
