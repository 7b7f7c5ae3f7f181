"""What no field of any request may hold is refused before a route sees it, named by its field.

A NUL or half a character would fail in the database only: the caller would hear of no field, and the log of a fault of ours.
"""

from collections.abc import Iterator

from fastapi import Request
from starlette.datastructures import FormData

from shared.errors import InvalidInput, raises, refuse
from shared.texts import Undecodable, charset_of, faults_in_json, storage_fault, utf8


@raises(InvalidInput)
async def refuse_unstorable(request: Request) -> None:
    """Look at the query, the path, and at a JSON or form body that FastAPI has read. Raises InvalidInput.

    Routes that read their body themselves ask `refuse` once they have.
    """
    refuse([*_in_texts(request), *faults_in_json(getattr(request, "_body", b""), "body")])


def _in_texts(request: Request) -> Iterator[tuple[str, str]]:
    named = [(f"query.{name}", value) for name, value in request.query_params.multi_items()]
    named += [(f"path.{name}", value) for name, value in request.path_params.items() if isinstance(value, str)]
    form = getattr(request, "_form", None)
    if isinstance(form, FormData):
        named += [(f"body.{name}", value) for name, value in form.multi_items() if isinstance(value, str)]
    for field, value in named:
        if fault := storage_fault(value) or storage_fault(field):
            yield field.replace("\0", ""), fault


def why_unparseable(request: Request) -> str:
    """Why a JSON body could not be read at all, in Chinese."""
    body: bytes = getattr(request, "_body", b"")
    try:
        text = utf8(body, request.headers.get("content-type", ""))
    except Undecodable as error:
        return str(error)
    charset = charset_of(request.headers.get("content-type", ""))
    if text != body:
        return f"内容不是 UTF-8{f'（声明为 {charset[:20]}）' if charset else '，像是 GBK'}，请用 UTF-8 编码的 JSON"
    return "不是有效的 JSON（嵌套过深或数值过大）"
