"""The files that pages load, at addresses that change with their content, so that browsers keep them for a year."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from shared.errors import NotFound
from shared.front_door import own_address

HERE = Path(__file__).parent
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"  # the browser keeps it, and asks by its ETag whether it is still right
# what pages may load of others; nothing else of node_modules is reachable
VENDOR = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "alpine.js": "@alpinejs/csp/dist/cdn.min.js",
    "echarts.js": "echarts/dist/echarts.min.js",
}
SWAGGER = "swagger-ui-dist"
SWAGGER_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")


class Assets:
    """Where a service's page assets lie: ours, its own (`own/…`), and those of others (`vendor/…`, `swagger/…`)."""

    def __init__(self, own: Path | None, vendor: Path) -> None:
        self.vendor = vendor
        self._folders = {"own": own / "static"} if own is not None else {}

    def file(self, name: str) -> Path:
        """The file behind `/static/<name>`; it need not exist."""
        kind, _, rest = name.partition("/")
        if kind == "vendor":
            return self.vendor / VENDOR.get(rest, rest)
        if kind == "swagger":
            return self.vendor / SWAGGER / rest
        return self._folders[kind] / rest if kind in self._folders else HERE / "static" / name

    def address(self, request: Request, name: str) -> str:
        """What a page writes into `src` and `href`: a service's own file below its prefix, all others at one address."""
        path = f"/static/{name}"
        place = own_address(request, path) if name.startswith("own/") else path
        version = version_of(self.file(name))
        return f"{place}?v={version}" if version else place


def version_of(file: Path) -> str:
    """A digest of the file's content, "" when there is no file."""
    try:
        return _digest(file, file.stat().st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=512)
def _digest(file: Path, _changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


class KeptFiles(StaticFiles):
    """A folder of files; what was asked for by its present version may be kept for ever."""

    def file_response(
        self, full_path: Any, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("v", [""])[0]
        answer.headers["Cache-Control"] = FOR_EVER if asked and asked == version_of(Path(full_path)) else ASK_AGAIN
        return answer


class ChosenFiles(KeptFiles):
    """Some files of a folder, by the names that pages use; nothing else of it is reachable."""

    def __init__(self, folder: Path, names: dict[str, str]) -> None:
        super().__init__(directory=folder, check_dir=False)
        self.config_checked = True  # a folder that is not there yet is a file that is not found
        self._names = names

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        found = super().lookup_path(self._names[path]) if path in self._names else ("", None)
        if found[1] is None:
            raise NotFound("没有这个文件；若是页面组件，请运行 make setup")
        return found


def mount_assets(app: FastAPI, assets: Assets, own: Path | None) -> None:
    """Add `/static/…`. Assets show no data, so they ask for no key."""
    app.mount("/static/vendor", ChosenFiles(assets.vendor, VENDOR), name="vendor")
    swagger = {name: f"{SWAGGER}/{name}" for name in SWAGGER_FILES}
    app.mount("/static/swagger", ChosenFiles(assets.vendor, swagger), name="swagger")
    if own is not None and (own / "static").is_dir():  # a service may have nothing but fragments
        app.mount("/static/own", KeptFiles(directory=own / "static"), name="own-static")
    app.mount("/static", KeptFiles(directory=HERE / "static"), name="static")
