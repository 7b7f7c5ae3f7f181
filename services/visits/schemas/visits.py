"""Visits as shown: phone numbers masked everywhere."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from services.visits.domain.attempts import Attempt
from services.visits.domain.presence import Presence, Present
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.shifts import is_on
from services.visits.domain.visit import State, Visit
from services.visits.schemas.corrections import ResultVersionOut, VersionOut
from services.visits.schemas.questionnaires import Script
from shared.contracts.common import Channel
from shared.contracts.visits import AttemptResult
from shared.privacy import Sealer


class CustomerOut(BaseModel):
    id: str = Field(description="编号")
    name: str = Field(description="姓名")
    level: str = Field(description="客户等级")
    phone_masked: str = Field(
        description="脱敏号码，如 138****8000；没有可拨打的号码时为空，请向客户索取或改用其他渠道"
    )
    do_not_contact: bool = Field(description="是否免打扰")


class MatterOut(BaseModel):
    """回访涉及的事项。"""

    event_id: str = Field(description="事件编号")
    event_type: str = Field(description="事件类型")
    at: datetime = Field(description="发生时间")
    subject: str = Field(description="单据编号")
    title: str = Field(description="事由")
    facts: dict[str, Any] = Field(description="来源单内容，号码已脱敏")


class VisitOut(BaseModel):
    """列表与简短应答中的回访单。"""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="编号")
    task_id: str = Field(description="回访任务编号")
    state: State = Field(description="open 待回访、claimed 已领取、waiting 待重拨、appointed 已约回呼、"
                                     "postponed 已推迟、invited 等客户自助作答、"
                                     "completed 已完成、failed 未成功、cancelled 已取消")  # fmt: skip
    customer: CustomerOut = Field(description="客户")
    title: str = Field(description="事由")
    kind: str = Field(description="业务种类")
    policy_id: str = Field(description="策略编号")
    round: int = Field(description="2 为投诉整改后的二次回访")
    branch: str = Field(description="分公司")
    team: str = Field(description="班组")
    channel: Channel = Field(description="渠道")
    priority: int = Field(description="优先级，1 最高")
    questionnaire: str = Field(description="问卷编号")
    due_at: datetime = Field(description="最早联系时间")
    deadline_at: datetime | None = Field(description="时限；没有时限时为空")
    case_id: str | None = Field(description="投诉编号；与投诉无关时为空")
    never_alone: list[str] = Field(description="上门回访不得由这些角色的人员单独进行，须有其他人员同行")
    agent: str = Field(description="领取人；办结后为办结人")
    lease_until: datetime | None = Field(description="领取到期时间（机器时间）")
    needs: list[str] = Field(description="这次联系需要的技能或语言")
    companion: str = Field(description="上门时的同行人员")
    callback_at: datetime | None = Field(description="与客户约定的回呼时间；没有约定时为空")
    callback_owner: str = Field(description="约定由谁回呼；空为任何人")
    confirmed: bool = Field(description="上门时间约定之后，客户是否又确认过")
    next_at: datetime | None = Field(description="下次拨打时间")
    attempts: int = Field(description="已联系几次")
    ended: str = Field(description="未成功或取消的原因")
    outcome: dict[str, Any] | None = Field(description="办结结果：满意度、评分、问题件等")
    finished_at: datetime | None = Field(description="结束时间；未结束时为空")
    reopened: int = Field(description="未成功之后因更正而重新打开了几次")
    version: int = Field(description="版本；修改时作为 If-Match")
    practice: bool = Field(description="练习：不拨号、不计数、不对外发送")

    @classmethod
    def of(cls, visit: Visit) -> "VisitOut":
        return cls(**_shown(visit))


class NoticeOut(BaseModel):
    """领取之后，该单发生的变化。"""

    at: datetime = Field(description="何时")
    kind: str = Field(description="cancelled 已撤销、postponed 已推迟、changed 有变更、released 已重新下达")
    reason: str = Field(description="原因代码")
    text: str = Field(description="发生了什么")
    advice: str = Field(description="现在怎么办")


class CallOut(BaseModel):
    """正在进行的联系。"""

    started_at: datetime | None = Field(description="何时开始拨打；还没有拨打时为空")
    ended_at: datetime | None = Field(description="何时挂断；通话中为空")


class AttemptOut(BaseModel):
    id: UUID = Field(description="编号")
    number: int = Field(description="第几次")
    at: datetime = Field(description="联系时间")
    agent: str = Field(description="坐席")
    result: AttemptResult = Field(description="结果代码，平台的")
    own_code: str = Field(description="选的是本部署自定的代码时为该代码；否则为空")
    connected: bool = Field(description="是否接通")
    person: str = Field(description="接听人")
    talk_seconds: int = Field(description="通话秒数")
    wrap_up_seconds: int = Field(description="整理秒数")
    note: str = Field(description="备注（已脱敏）")
    phone_masked: str = Field(description="拨打的号码（已脱敏）")
    next_at: datetime | None = Field(description="下次联系时间；不再联系时为空")
    started_at: datetime | None = Field(description="何时开始拨打；未经平台拨打的为空")
    companion: str = Field(description="同行人员")
    callback_kept: bool | None = Field(description="是否按约定时间回呼；没有约定时为空")
    signer: str = Field(description="上门回访的签名人；没有填写时为空")
    unsigned_reason: str = Field(description="上门回访没有手写签名的原因；已签名的为空")


class ReviewOut(BaseModel):
    id: UUID = Field(description="编号")
    at: datetime = Field(description="复核时间")
    reviewer: str = Field(description="复核人")
    remark: str = Field(description="复核意见")

    @classmethod
    def of(cls, row: Row[Any]) -> "ReviewOut":
        return cls.model_validate(row._mapping)


class Card(VisitOut):
    """坐席通话所需的全部内容。"""

    matters: list[MatterOut] = Field(description="一次联系的全部事项")
    script: Script | None = Field(description="话术与当前可见的问题；问卷尚未发布时为空")
    history: list[AttemptOut] = Field(description="以往拨打记录")
    call: CallOut = Field(description="正在进行的联系")
    notices: list[NoticeOut] = Field(description="领取之后的变化，最新的在后")

    @classmethod
    def of_call(
        cls, visit: Visit, questionnaire: Questionnaire | None, attempts: Sequence[Attempt], sealer: Sealer
    ) -> "Card":
        return cls(
            **_shown(visit),
            matters=[sealer.masked_tree(matter.model_dump()) for matter in visit.matters],
            script=Script.of(visit, questionnaire) if questionnaire else None,
            history=[AttemptOut.model_validate(asdict(attempt)) for attempt in attempts],
            call=CallOut(started_at=visit.call_started_at, ended_at=visit.call_ended_at),
            notices=[NoticeOut.model_validate(notice) for notice in visit.notices],
        )


class Detail(Card):
    reviews: list[ReviewOut] = Field(default=[], description="主管复核意见")
    versions: list[VersionOut] = Field(default=[], description="记录的各个版本，原记录在前；从未更正过的为空")
    result_versions: list[ResultVersionOut] = Field(default=[], description="更正过的联系结果的各个版本，原来的在前")


class ClaimOut(BaseModel):
    items: list[Card] = Field(description="领取到的单，按应处理的顺序")
    lease_until: datetime = Field(description="最早的领取到期时间（机器时间）；保存答案或续期会延长")


class ResultOut(BaseModel):
    """一次联系的结果。"""

    visit_id: UUID = Field(description="回访单编号")
    attempt_id: UUID = Field(description="联系编号")
    attempts: int = Field(description="该单累计拨打次数")
    state: State = Field(description="回访单此后的状态")
    next_at: datetime | None = Field(description="下次拨打时间（重拨或约定回呼）")
    ended: str = Field(description="未成功或取消的原因")
    outcome: dict[str, Any] | None = Field(description="结束的结果；未结束时为空")
    warnings: list[str] = Field(default=[], description="请坐席留意的事")


class ReasonOut(BaseModel):
    rule: str = Field(description="规则代码")
    message: str = Field(description="为什么不能领取")


class ClaimableOut(BaseModel):
    """本人能否领取一张单，以及每一条不能领取的原因。"""

    claimable: bool = Field(description="本人现在能否领取；能领取而没有轮到，是因为队列中还有更急的单")
    reasons: list[ReasonOut] = Field(description="不能领取的原因，一条规则一句")


class DialOut(CallOut):
    """开始联系。"""

    numbers: list[str] = Field(description="可拨打的完整号码，先拨第一个；没有号码时为空。本次查看已记入审计日志")


class PresenceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    agent: str = Field(description="工号")
    name: str = Field(description="姓名")
    state: Present = Field(description="ready 示闲、busy 示忙、break 小休、offline 离线")
    since: datetime = Field(description="从何时起")
    capacity: int = Field(description="最多同时持有几张")
    held: int = Field(description="现在持有几张")
    units: list[str] = Field(description="所属单位")
    teams: list[str] = Field(description="所属班组")
    shift: str = Field(description="班次；没有固定班次时为空")
    on_shift: bool = Field(description="现在是否在班次内；不在时不分到单")

    @classmethod
    def of(cls, presence: Presence, held: int, now: datetime) -> "PresenceOut":
        return cls(**asdict(presence), held=held, on_shift=is_on(presence.shift, now))


class LeaseOut(BaseModel):
    lease_until: datetime = Field(description="领取到期时间（机器时间）")


class PhoneOut(BaseModel):
    phone: str = Field(description="完整号码，有分机的如 +8657188886666转801；本次查看已记入审计日志")
    others: list[str] = Field(default=[], description="其余号码，写法相同；前一号码不通时可拨")


class CountOut(BaseModel):
    team: str = Field(description="班组")
    state: State = Field(description="状态")
    count: int = Field(description="数量")


class StatsOut(BaseModel):
    since: datetime = Field(description="已办结的单从这一时刻算起")
    by_state: dict[State, int] = Field(description="各状态的数量")
    by_team: list[CountOut] = Field(description="各班组、各状态的数量")


def _shown(visit: Visit) -> dict[str, Any]:
    values = {name: getattr(visit, name) for name in VisitOut.model_fields if name not in ("title", "customer")}
    customer = CustomerOut.model_validate(visit.customer.model_dump())
    return {**values, "customer": customer, "title": visit.matters[0].title if visit.matters else ""}
