"""What an address opened in a browser leads to: the gateway's start page with all there is, the other services' way to it.

Programs that ask for `/` get the problem they always got. The pages show no data, so they ask for no key.
"""

from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from shared.auth import Principal, live_session
from shared.errors import NotFound, Unauthorized
from shared.service import Service
from shared.sessions import COOKIE
from shared.web.render import FIRST, HERE, beside, render

FAVICON = HERE / "static" / "favicon.svg"


@dataclass(frozen=True)
class Site:
    """A service or stand-in as people know it; `page` is where to begin there, "" when it has nothing but an API."""

    title: str
    what: str
    page: str = ""
    has_api: bool = True


SITES = {
    "gateway": Site("接入", "接收业务系统、12345 工单与 Excel 的业务事实，回写结果"),
    "scheduler": Site("调度", "按策略包决定谁在什么时候接受回访"),
    "visits": Site("回访作业", "坐席领取、拨打、作答"),
    "complaints": Site("投诉", "立案、整改、二次回访、闭环"),
    "notifications": Site("通知", "短信与邮件的模板、规则、退订"),
    "analytics": Site("统计分析", "指标看板、漏斗、坐席业绩、导出 Excel", "/kpi"),
    "sms": Site("短信模拟器", "本机代替短信运营商：看发出的短信，模拟客户回复", "/", has_api=False),
    "mail": Site("邮件收件箱", "本机代替邮件服务器：看发出的邮件", "/", has_api=False),
}


def install_start(app: FastAPI, service: Service) -> None:
    """Add `/` for browsers, and their icon. Needs the pages installed."""
    install_favicon(app)

    @app.get("/", include_in_schema=False)
    async def start(request: Request) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            raise NotFound(f"此处没有接口；{service.title}服务的接口说明在 /docs")
        request.state.principal = await _signed_in(request)
        given = service.settings.sites
        sites = {name: beside(request, given[name]) for name in SITES if given.get(name)}
        page = "start.html" if service.name == FIRST else "service.html"
        return render(request, page, service=service, sites=sites, about=SITES, docs=_has_docs(service))


def install_favicon(app: FastAPI) -> None:
    """Browsers ask for `/favicon.ico` wherever a page names none: at API answers, at the description of the API."""

    @app.get("/favicon.ico", include_in_schema=False)
    async def favicon() -> FileResponse:
        return FileResponse(FAVICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


async def _signed_in(request: Request) -> Principal | None:
    """The page shows no data, so it opens without a database too, and then for nobody in particular."""
    if not (token := request.cookies.get(COOKIE)):
        return None
    try:
        return (await live_session(request, token)).principal
    except (Unauthorized, OSError, SQLAlchemyError):
        return None


def _has_docs(service: Service) -> bool:
    assets = service.settings.page_assets
    return assets is not None and (assets / "swagger-ui-dist").exists()
