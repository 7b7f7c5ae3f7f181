"""What senders' words mean. A value is matched whole: by the source's own words first, then by those of the field.

A word inside of another, or behind 非, 未 or 不, is another word: nothing is ever looked for within a value.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from services.gateway.domain.problems import FieldError

Words = Mapping[str, str]  # a sender's word → its meaning
_MOST_WORDS, _LONGEST = 500, 100


@lru_cache(8192)
def plain_word(word: str) -> str:
    """A word without what differs from sender to sender: width (NFKC), case, blanks, a full stop at its end."""
    return "".join(unicodedata.normalize("NFKC", word).casefold().split()).rstrip("。.;,、")


def _table(**meanings: str) -> Words:
    """`meaning="word word"` for each meaning; a meaning is also its own word."""
    return {plain_word(word): meaning for meaning, words in meanings.items() for word in (meaning, *words.split())}


# closed, closed_unresolved: a fact. returned, reopened, cancelled: the case isn't closed (any more). Every other word says
# neither, such as 待回访, which follows a closing, and 办结审核中, which comes before one.
STATES = _table(
    closed="已办结 办结 办结完成 已结案 结案 已归档 归档 已完结 完结 已办毕 办毕 已结办 已关闭 关闭 按期办结 "
    "超期办结 正常办结 直接办结 "
    "自动办结 办结归档 已办结归档 已办结(已解决) 办结(已解决) 已办结-已解决 已解决 已办理完成 办理完成 "
    "处理完成 已处理完成 finished done",
    closed_unresolved="未解决 办结未解决 已办结未解决 办结(未解决) 已办结(未解决) 已办结-未解决 归档未解决 "
    "结案未解决 未解决办结 "
    "已结案(未解决)",
    returned="退回 已退回 退单 已退单 部门退回 承办单位退回 退回重派 退回重办 打回 驳回 已驳回 办结驳回 审核不通过",
    reopened="重办 重办中 重新办理 重新办理中 发回重办 发回重办中 退回重办中 二次办理 二次交办 重新交办 重派 "
    "重新派单 再次交办 督办重办 "
    "不满意重办 办理中 处理中 正在办理 在办 未办结 未结案",
    cancelled="撤销 已撤销 撤单 已撤单 作废 已作废 取消 已取消 注销 诉求人撤诉 撤诉 已撤诉 撤回 已撤回 canceled",
)
URGENCIES = _table(
    normal="一般 普通 正常 常规 平件 普通件 一般件 非紧急 不紧急 非急件 非加急 不急 低 中 一般工单 普通工单 否",
    urgent="紧急 急 急件 加急 加急件 较急 比较紧急 紧急件 紧急工单 高 是",
    critical="特急 特急件 特别紧急 非常紧急 十分紧急 极急 特提 特级 极高 最高 突发 重大紧急",
)
CHANNELS = _table(
    phone="电话 热线 来电 12345 12345热线 12345电话 12345热线电话 热线电话 电话热线 市长热线 市长热线电话 "
    "政务热线 政务服务热线 "
    "12345政务服务便民热线 便民热线 电话受理 语音 呼入 人工电话 tel telephone",
    wechat="微信 微信公众号 公众号 微信小程序 微信群 企业微信 wx",
    app="客户端 手机客户端 移动端 手机端 移动应用 手机app 12345app 政务app 城市app 小程序 12345小程序 "
    "支付宝小程序 支付宝",
    web="网站 网络 网页 互联网 门户网站 政府网站 网上 网上受理 网上信箱 网站留言 网民留言 网站受理 pc端 "
    "网络渠道 website internet",
    letter="信 信件 来信 书信 信函 群众来信 市长信箱 邮箱 电子邮件 邮件 email",
    media="媒体 新闻媒体 电视 广播 报纸 媒体曝光 新媒体 微博",
    other="其他 其它 短信 来访 走访 现场 窗口 自助终端 传真 市长接待 转办 上级转办 国务院互联网+督查",
)
RESOLVED = _table(
    yes="是 解决 已解决 全部解决 完全解决 已全部解决 已完全解决 问题已解决 诉求已解决 彻底解决 基本解决 y 1 √ true",
    partly="部分解决 已部分解决 部分已解决 问题部分解决 解决一部分 解决部分",
    no="否 未解决 没解决 没有解决 尚未解决 不能解决 无法解决 未能解决 问题未解决 诉求未解决 暂未解决 n 0 × false",
)
SATISFACTIONS = _table(
    very_satisfied="非常满意 很满意 十分满意 特别满意 5",
    satisfied="满意 比较满意 较满意 4",
    basically="基本满意 一般 还可以 3",
    dissatisfied="不满意 不太满意 较不满意 比较不满意 2",
    very_dissatisfied="非常不满意 很不满意 十分不满意 特别不满意 1",
    no_comment="不作评价 不评价 不予评价 未评价 未作评价 无评价 拒绝评价 默认评价",
)
KINDS = _table(
    咨询="咨询类 政策咨询 业务咨询 咨询件", 求助="求助类 求决 求决类 诉求 诉求类 求助件 申请求助 申诉求决",
    投诉="投诉类 投诉件 投诉举报", 举报="举报类 举报件 投诉举报类", 建议="建议类 意见 意见类 意见建议 "
    "意见建议类 建议件",
    表扬="表扬类 感谢 感谢类 表扬感谢 表扬件",
)  # fmt: skip
FLAGS = _table(
    yes="是 有 需要 对 y 1 √ true 已联系 联系 已先行联系 匿名 匿名件 保密 密件 涉密 疑难 疑难件",
    no="否 无 不是 没有 不需要 不 n 0 × x false 未联系 没联系 没有联系 未先行联系 实名 非匿名 不匿名 公开 "
    "非保密 不保密 非疑难 普通",
)
COMPLETED = _table(completed="", cancelled="", returned="", reopened="")  # what a document's state may be told to mean
UNDONE = ("cancelled", "returned", "reopened")  # why a completion doesn't stand any more

# name in a source's options → its meanings' table
TABLES: Mapping[str, Words] = {
    "state": STATES,
    "urgency": URGENCIES,
    "channel": CHANNELS,
    "resolved": RESOLVED,
    "satisfaction": SATISFACTIONS,
    "kind": KINDS,
}
_OF_KIND: Mapping[str, Mapping[str, Words]] = {
    "hotline": TABLES,
    "erpnext": {"state": COMPLETED},
    "odoo": {"state": COMPLETED},
    "generic": {"state": COMPLETED},
}


def meaning(table: Words, own: Words, word: str) -> str | None:
    """What a word means: by the source's `own` words, else by the table; None when neither knows it."""
    if own and (own_meaning := own.get(plain_word(word))) is not None:
        return own_meaning
    return table.get(plain_word(word))


def own_words(stored: Mapping[str, Words]) -> dict[str, Words]:
    """A source's words as they are matched."""
    return {name: {plain_word(word): means for word, means in words.items()} for name, words in stored.items()}


def check_words(kind: str, stored: Mapping[str, Words]) -> list[FieldError]:
    """What is wrong with a source's words: names and meanings that this kind of source doesn't have."""
    known = _OF_KIND.get(kind, {})
    errors = []
    for name, words in stored.items():
        field = f"options.words.{name}"
        if name not in known:
            reason = f"可设置的有：{'、'.join(known)}" if known else "此类来源没有可设置的词"
            errors.append(FieldError(field, reason))
            continue
        if len(words) > _MOST_WORDS or any(len(word) > _LONGEST or not plain_word(word) for word in words):
            errors.append(FieldError(field, f"最多 {_MOST_WORDS} 个词，每个 1–{_LONGEST} 字"))
        meanings = list(dict.fromkeys(known[name].values()))
        unknown = sorted(set(words.values()) - set(meanings))
        errors += [FieldError(field, f"没有 {one[:50]} 这个含义，可用：{'、'.join(meanings)}") for one in unknown]
    return errors
