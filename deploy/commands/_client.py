"""How commands speak to the running platform: addresses and keys as `var/run.json` tells them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import httpx
import typer

from deploy.local.files import read_json
from deploy.local.settings import LocalSettings
from shared.web.navigation import SITES

TIMEOUT_SECONDS = 30


@contextmanager
def service_client(service: str, role: str) -> Iterator[httpx.Client]:
    """An HTTP client of a running service with that role's local key; trouble ends the command in plain words."""
    run = read_json(LocalSettings.from_environment().run_file)
    if run is None:
        _fail("平台没有运行（找不到 run.json），请先执行 make run")
    headers = {"Authorization": f"Bearer {run['keys'][role]}"}
    try:
        with httpx.Client(base_url=run["services"][service], headers=headers, timeout=TIMEOUT_SECONDS) as client:
            yield client
    except httpx.TransportError as error:
        _fail(f"无法连接 {service}（{run['services'][service]}）：{error}。可用 make status 查看平台状态")


def running_services() -> list[str]:
    """The services of the platform that runs here, as people's pages name them in order; none when it does not run."""
    run = read_json(LocalSettings.from_environment().run_file) or {"services": {}}
    return [name for name, site in SITES.items() if site.is_service and name in run["services"]]


def answer(response: httpx.Response) -> Any:
    """The JSON of a 2xx answer; else the problem's title, detail and errors (RFC 9457) end the command."""
    if not response.is_success:
        _fail("\n".join(_described(response)))
    return response.json() if response.content else None


def change(service: str, role: str, path: str, action: str = "", body: Any = None, method: str = "POST") -> Any:
    """The answer to a change of what is at `path` now (`If-Match`, RFC 9110 §13.1.1); trouble ends the command."""
    with service_client(service, role) as client:
        seen = client.get(path)
        answer(seen)
        headers = {"If-Match": seen.headers["ETag"]}
        return answer(client.request(method, path + action, json=body, headers=headers))


def every(client: httpx.Client, path: str, **params: str) -> Iterator[dict[str, Any]]:
    """The items of all pages of a list."""
    cursor: str | None = ""
    while cursor is not None:
        page = answer(client.get(path, params={**params, "limit": "200", "cursor": cursor}))
        yield from page["items"]
        cursor = page["next_cursor"]


def _described(response: httpx.Response) -> list[str]:
    problem: dict[str, Any] = {}
    if "json" in response.headers.get("content-type", ""):
        problem = response.json()
    lines = [f"{problem.get('title', '请求失败')}（HTTP {response.status_code}）：{problem.get('detail', '')}"]
    return lines + [f"  {_place(error)}：{error['message']}" for error in problem.get("errors", []) if _place(error)]


def _place(error: dict[str, Any]) -> str:
    """A field of what was sent, or a line and key of a file in it; "" where the problem's detail says all."""
    if "file" not in error:
        return str(error.get("field", ""))
    line = f":{error['line']}" if error.get("line") else ""
    return f"{error['file']}{line} · {error['key']}"


def _fail(message: str) -> NoReturn:
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(1)
