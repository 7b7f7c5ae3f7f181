"""What there is for people: services and their pages, whose they are, and where somebody begins.

Header, start page and overview are made of these tables; a service's new page is a line here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.principal import Principal, Role


@dataclass(frozen=True)
class Site:
    """A service or stand-in as people know it; a stand-in has a first page, a service an API and `/readyz`."""

    title: str
    what: str
    is_service: bool = True


SITES = {
    "gateway": Site("接入", "接收业务系统、12345 工单与 Excel 的业务事实，回写结果"),
    "scheduler": Site("调度", "按策略包决定谁在什么时候接受回访"),
    "visits": Site("回访作业", "坐席领取、拨打、作答"),
    "complaints": Site("投诉", "立案、整改、二次回访、闭环"),
    "notifications": Site("通知", "短信与邮件的模板、规则、退订"),
    "analytics": Site("统计分析", "指标看板、漏斗、坐席业绩、导出 Excel"),
    "sms": Site("短信模拟器", "本机代替短信运营商：看发出的短信，模拟客户回复", is_service=False),
    "mail": Site("邮件收件箱", "本机代替邮件服务器：看发出的邮件", is_service=False),
}


@dataclass(frozen=True)
class Page:
    """A page of a service, in the order of the navigation.

    `roles` may open it, as its route says (empty = everybody who signed in); `home` are those who begin their day there.
    """

    service: str
    path: str
    title: str
    what: str
    roles: tuple[Role, ...] = ()
    home: tuple[Role, ...] = ()


PAGES: Sequence[Page] = (
    Page(
        "visits",
        "/agent",
        "工作台",
        "领取、拨打、按话术提问、小结，一单接一单",
        roles=(Role.AGENT, Role.SUPERVISOR),
        home=(Role.AGENT,),
    ),
    Page(
        "visits",
        "/on-site",
        "上门",
        "在手机上：今天的上门约定、核对清单、客户签名、照片",
        roles=(Role.AGENT, Role.SUPERVISOR),
    ),
    Page(
        "analytics",
        "/performance",
        "我的业绩",
        "本人今日、本周的拨打、接通、完成、时长与满意率，同班组中位数，收到的复核意见",
        roles=(Role.AGENT, Role.SUPERVISOR),
    ),
    Page(
        "analytics",
        "/kpi",
        "指标",
        "完成率、接通率、满意率、闭环率，漏斗与趋势，可导出 Excel",
        roles=(Role.SUPERVISOR, Role.AUDITOR, Role.POLICY_OWNER, Role.OPS),
        home=(Role.SUPERVISOR,),
    ),
    Page(
        "analytics",
        "/timeline",
        "时间线",
        "一位客户或一张单据在各服务中发生的全部事，按客户编号或单号查询",
        roles=(Role.SUPERVISOR, Role.AUDITOR, Role.OPS),
    ),
    Page(
        "visits",
        "/materials",
        "回访资料",
        "随回访带回的照片、签名与录音，需要人来判断的短信回复",
        roles=(Role.SUPERVISOR, Role.AUDITOR),
    ),
    Page(
        "visits",
        "/work-rules",
        "作业规则",
        "呼叫结果代码、重拨、拨打时段、预约回呼、更正与自助作答：现在的规定、历次修改",
        roles=(Role.SUPERVISOR, Role.POLICY_OWNER, Role.OPS, Role.AUDITOR),
    ),
    Page(
        "gateway",
        "/people",
        "人员",
        "登录账号、角色、单位、班组与班次，停用、重置密码、Excel 导入",
        roles=(Role.ADMIN, Role.SUPERVISOR, Role.AUDITOR),
        home=(Role.ADMIN,),
    ),
    Page(
        "gateway",
        "/erasures",
        "个人信息删除",
        "按客户本人要求删除其个人信息，今后不再联系；统计数与拒访记录保留",
        roles=(Role.ADMIN,),
    ),
    Page(
        "gateway",
        "/audit",
        "审计",
        "谁在什么时候对什么做了什么，记录是否完整，可导出",
        roles=(Role.AUDITOR,),
    ),
    Page(
        "gateway",
        "/ops",
        "运维",
        "各服务的状态、积压、定时作业，死信的查看、重放与丢弃",
        roles=(Role.OPS, Role.AUDITOR),
        home=(Role.OPS,),
    ),
    Page("gateway", "/overview", "总览", "全部页面、服务状态与接口说明"),
)


def pages_of(principal: Principal | None) -> list[Page]:
    """What somebody's roles open; nothing for who is not signed in."""
    return [page for page in PAGES if principal is not None and (not page.roles or principal.may(*page.roles))]


def home_of(principal: Principal) -> Page | None:
    """Where somebody begins, None when the overview of all pages has to do. Their own role counts, not what admins may."""
    return next((page for page in PAGES if principal.has(*page.home)), None)
