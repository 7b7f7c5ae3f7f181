"""Where SMS providers call back. Their calls are not signed, so the address has a secret part."""

import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from services.notifications.adapters.aliyun import AliyunSms
from services.notifications.adapters.aliyun_callbacks import parse_receipts, parse_replies
from services.notifications.commands import inbound
from services.notifications.settings import NotificationsSettings
from shared.errors import Unauthorized, raises
from shared.http import SealerDep, WorkDep


@raises(Unauthorized)
def _known_caller(
    request: Request, token: Annotated[str, Path(max_length=200, description="回调地址中的密钥")]
) -> None:
    """Raises Unauthorized for another token than the configured one, compared in constant time."""
    settings: NotificationsSettings = request.app.state.runtime.settings
    expected = settings.sms_callback_token.get_secret_value()
    if not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        raise Unauthorized("回调地址中的密钥不正确")


router = APIRouter(prefix="/ingress/v1/sms/aliyun/{token}", tags=["运营商回调"], dependencies=[Depends(_known_caller)])
TAKEN: dict[str, Any] = {"code": 0, "msg": "接收成功"}


@router.post("/receipts", summary="短信回执（SmsReport）")
async def receive_receipts(request: Request, work: WorkDep, sealer: SealerDep) -> dict[str, Any]:
    """JSON 数组，逐条处理；无法识别的留存待查。重复与迟到的回执不产生影响；同一消息有几条回执时，以报告时间最晚的为准。"""
    receipts, broken = parse_receipts(await request.body())
    await inbound.take_receipts(work, sealer, AliyunSms.name, receipts)
    await inbound.keep_broken(work, AliyunSms.name, "receipts", len(receipts), broken)
    return TAKEN


@router.post("/replies", summary="上行短信（SmsUp）")
async def receive_replies(request: Request, work: WorkDep, sealer: SealerDep) -> dict[str, Any]:
    """JSON 数组，逐条处理；无法识别的留存待查。表示退订的立即退订，疑似退订的待人工判定，数字回复留存。"""
    replies, broken = parse_replies(await request.body())
    await inbound.take_replies(work, sealer, AliyunSms.name, replies)
    await inbound.keep_broken(work, AliyunSms.name, "replies", len(replies), broken)
    return TAKEN
