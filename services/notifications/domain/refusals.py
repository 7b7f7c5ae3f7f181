"""What customers send back: refusals (X5), what may be a refusal, digits of a survey, anything else.

A refusal has a scope: `*` all promotion, `notice` all notices, `all` everything, or the name of one purpose. Expressions
are RE2's, so that a reply of any length is read in time proportional to it.
"""

import unicodedata
from typing import Literal

import re2

from services.notifications.domain.send import Category
from shared.mail_addresses import is_address
from shared.privacy import PREFIX, Sealer
from shared.privacy.sealing import pseudonym

ALL_PROMOTION = "*"
NOTICES = "notice"
EVERYTHING = "all"
Meaning = Literal["refusal", "doubtful", "other"]
RefusedChannel = Literal[
    "sms", "email", "phone"
]  # of these notifications sends the first two; calls are the scheduler's

# what providers tell customers to answer, and what customers write of their own
_WORDS = (
    "T ?D|R|T|N|Q ?X|0000|00000|退 ?订|取消订阅|取消短信|拒收|拒绝接收|停止发送|停发|STOP|QUIT|UNSUBSCRIBE|"
    "(?:请|麻烦)?(?:不要|不用|别|勿|请勿|不想|不想再|拒绝)(?:再)?(?:给我|跟我|向我)?(?:发|发送|收到|接收|推送|打扰|骚扰)"
)
# what stands around them and changes nothing
_AROUND = (
    "回复|回|发送|发|请|麻烦|帮我|帮|给我|我|要|想|需要|申请|现在|立即|马上|直接|全部|所有|一律|这个|这种|该|此|你们|"
    "你们的|的|短信|信息|消息|广告|推广|通知|服务|业务|电话|了|吧|啊|呀|啦|哦|谢谢|多谢|您好|你好|谢|以后|再"
)
_NOT = "没有|没|不|不要|不想|不用|不需要|无需|并非|不是|并没有|没说|从未|别"
_REFUSES = re2.compile(f"(?:(?:{_AROUND}|{_WORDS}) ?)*")
_HAS_WORD = re2.compile(f"(?:{_WORDS})")
# a no right before the word, nothing between: 我没有要退订. With a mark between (不要，退订) nobody can tell
_KEEPS = re2.compile(
    f"(?:(?:{_AROUND}) ?)*(?:{_NOT})(?:说|是|要|想|打算|申请|需要|帮我|给我|过)*"
    f"(?:退订|取消订阅|TD|拒收)(?: ?(?:{_AROUND}|过|呢))*"
)
_LETTER_AMONG_HAN = re2.compile(r"(?:^|[^A-Z0-9])(?:R+|T+D*|N+|TD+|QX)(?:[^A-Z0-9]|$)")
_HINTS = re2.compile(
    "退|订|拒|停|别|勿|不要|不想|不用|不需要|不再|烦|骚扰|打扰|屏蔽|拉黑|黑名单|举报|投诉|取消|删除|滚|广告|垃圾|"
    r"UNSUB|STOP|QUIT|CANCEL|^0{2,}$|^[RTNQ]+D*\d*$|^TD"
)


def meaning_of(content: str) -> Meaning:
    """Whether a reply refuses, may refuse (people decide), or neither; marks, blanks, width and case make no difference.

    It refuses when it consists of a word that refuses and of words around it that change nothing.
    """
    words = _words(content)
    if not words:
        return "other"
    if _REFUSES.fullmatch(words) and _HAS_WORD.search(words):
        return "refusal"
    if _KEEPS.fullmatch(words):
        return "other"
    return "doubtful" if _HINTS.search(words) or _LETTER_AMONG_HAN.search(words) else "other"


def digit_of(content: str) -> int | None:
    """The digit a survey was answered with; None when the reply is no single digit."""
    word = _words(content)
    return int(word) if len(word) == 1 and word.isascii() and word.isdigit() else None


def scopes_of(last: str) -> tuple[str, ...]:
    """What a refusal refuses: promotion always; notices too when the message it answers (`last`, "" for none) is one."""
    return (ALL_PROMOTION, NOTICES) if last == "notice" else (ALL_PROMOTION,)


FORGOTTEN = "forgotten:"


def forgotten(recipient: str, sealer: Sealer) -> str:
    """What is kept in the place of a number or an address that refused, once its customer was erased: by it they are still
    known to refuse, and it tells nobody which they were."""
    if recipient.startswith(FORGOTTEN):
        return recipient
    return pseudonym(recipient if recipient.startswith(PREFIX) else sealer.seal(recipient), FORGOTTEN)


def naming_fault(channel: RefusedChannel, customer_id: str, phone: str, email: str) -> str:
    """Why a refusal of `channel` by whom this names would stop nothing, in Chinese; "" when it stops something."""
    if channel == "email":
        if phone:
            return "邮件的退订按邮箱登记：请填邮箱，不填手机号"
        if email and not is_address(email):
            return "邮箱填写有误：所填不是邮箱地址"
        return "" if customer_id or email else "客户编号与邮箱至少填一项"
    if email:
        return f"{'短信' if channel == 'sms' else '电话'}的退订按手机号登记：请填手机号，不填邮箱"
    if channel == "phone":
        return "" if customer_id else "电话回访的退订请填客户编号"
    return "" if customer_id or phone else "客户编号与手机号至少填一项"


def covers(scope: str, purpose: str, category: Category) -> bool:
    """Whether a refusal of `scope` forbids a message of this purpose and category."""
    if scope in (EVERYTHING, purpose):
        return True
    return (scope == ALL_PROMOTION and category == "promotion") or (scope == NOTICES and category == "notice")


def _words(content: str) -> str:
    """Letters and digits in capitals, of one width; whatever stands between them is one blank."""
    plain = unicodedata.normalize("NFKC", content).upper()
    return " ".join("".join(mark if mark.isalnum() else " " for mark in plain).split())
