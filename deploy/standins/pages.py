"""The stand-ins' pages, in Chinese, plain HTML."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from jinja2 import Environment

from deploy.standins.messages import Message
from shared.privacy import mask_phone, mask_text
from shared.settings import ServiceSettings
from shared.web.addresses import DOOR, FIRST, beside

_ENVIRONMENT = Environment(autoescape=True)
_FRAME = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<style>
 body { font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; margin: 2rem; color: #1f2933 }
 table { border-collapse: collapse; width: 100% }
 th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #e4e7eb }
 td { vertical-align: top } .muted { color: #616e7c } .delivered { color: #0b7a3e } .failed { color: #b42318 }
 .scroll { overflow-x: auto } a { color: #0b5cad } pre { white-space: pre-wrap; font: inherit } input { width: 5rem }
</style></head><body>{% if start %}<p><a href="{{ start }}">回访平台首页</a></p>{% endif %}<h1>{{ title }}</h1>
"""
_SMS = _ENVIRONMENT.from_string(
    _FRAME
    + """<p class="muted">本页是本机的短信模拟器，不会发出真实短信。共受理 {{ counts.messages }} 条，
同一编号重复受理 {{ counts.doubled }} 条，待推送回执 {{ counts.receipts_to_come }} 条。
{% if not called_back %}未设置回执地址，平台将主动查询结果。{% endif %}</p>
<p class="muted">行为：{% for name, value in behaviour.items() %}{{ name }}={{ value }} {% endfor %}</p>
<div class="scroll"><table><tr><th>时间</th><th>号码</th><th>签名与模板</th><th>变量</th><th>状态</th><th>模拟回复</th></tr>
{% for message, phone, params, status in rows %}<tr><td>{{ message.sent_at }}</td><td>{{ phone }}</td>
<td>【{{ message.sign }}】<br><span class="muted">{{ message.template }}</span></td><td>{{ params }}</td>
<td class="{{ status }}">{{ names[status] }}{% if status == "failed" %}<br>{{ message.code }}{% endif %}</td>
<td><form method="post" action="/simulate/reply"><input type="hidden" name="out_id" value="{{ message.out_id }}">
<input name="content" value="R" aria-label="回复内容"> <button>回复</button></form></td></tr>
{% else %}<tr><td colspan="6">还没有短信</td></tr>{% endfor %}</table></div></body></html>"""
)
_MAIL = _ENVIRONMENT.from_string(
    _FRAME
    + """<p class="muted">本页是本机的邮件收件箱，邮件不会真正寄出。共 {{ total }} 封，显示最近 {{ mails|length }} 封。</p>
{% for mail in mails %}<h2>{{ mail.subject }}</h2><p class="muted">{{ mail.received }} · 发件人 {{ mail.sender }} ·
收件人 {{ mail.to }} · <a href="/messages/{{ mail.name }}">原文</a></p><pre>{{ mail.text }}</pre>
{% else %}<p>还没有邮件</p>{% endfor %}</body></html>"""
)
_LINE = _ENVIRONMENT.from_string(
    _FRAME
    + """<p class="muted">本页是本机的话务线路模拟器，不会拨出真实电话。</p>
<form method="post" action="/simulate/next"><label>接下来的电话：<select name="fate" aria-label="接下来的电话">
{% for code, name in fates.items() %}
<option value="{{ code }}"{% if code == fate %} selected{% endif %}>{{ name }}</option>{% endfor %}
</select></label> <button>设定</button></form>
<div class="scroll"><table><tr><th>号码</th><th>坐席</th><th>设定</th><th>经过</th><th>录音</th></tr>
{% for call in calls %}<tr><td>{{ call.number }}</td><td>{{ call.agent }}</td><td>{{ fates[call.fate] }}</td>
<td>{% for sign in call.told %}{{ signs.get(sign) or fates.get(sign) }}{{ " → " if not loop.last }}{% endfor %}</td>
<td>{% if call.recorded %}<a href="/recordings/{{ call.id }}.wav">收听</a>{% endif %}</td></tr>
{% else %}<tr><td colspan="5">还没有电话</td></tr>{% endfor %}</table></div></body></html>"""
)
FATES = {
    "answers": "接听", "drops": "接听后掉线", "busy": "占线", "no_answer": "无人接听", "powered_off": "关机",
    "suspended": "停机", "invalid_number": "空号", "restricted": "限呼",
}  # fmt: skip
SIGNS = {"ringing": "振铃", "answered": "接听", "hung_up": "挂断"}
NAMES = {"waiting": "等待", "delivered": "已送达", "failed": "失败"}


def start_of(request: Request) -> str:
    """The platform's start page, "" when nobody said where it is."""
    sites = ServiceSettings().sites
    address = beside(request, sites.get(DOOR) or sites.get(FIRST, ""))
    return f"{address}/" if address else ""


def sms_page(
    messages: Sequence[tuple[Message, str]],
    counts: Mapping[str, int],
    behaviour: Mapping[str, Any],
    called_back: bool,
    start: str = "",
) -> str:
    """The simulator's messages with their status, numbers masked."""
    rows = [(message, mask_phone(message.phone), mask_text(message.params), status) for message, status in messages]
    return _SMS.render(
        title="短信模拟器",
        rows=rows,
        counts=counts,
        behaviour=behaviour,
        called_back=called_back,
        names=NAMES,
        start=start,
    )


def mail_page(mails: Sequence[Mapping[str, str]], total: int, start: str = "") -> str:
    """The mail sink's latest mails."""
    return _MAIL.render(title="邮件收件箱", mails=mails, total=total, start=start)


def line_page(calls: Sequence[Mapping[str, Any]], fate: str, start: str = "") -> str:
    """The line's calls with what it told of each, numbers masked."""
    return _LINE.render(title="话务线路模拟器", calls=calls, fate=fate, fates=FATES, signs=SIGNS, start=start)
