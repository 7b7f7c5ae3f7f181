"""Aliyun SMS (Dysmsapi 2017-05-25): SendSms, QuerySendDetails, and what it calls back with.

SendSms has no idempotency: our send id travels as OutId, receipts and details carry it back.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from services.notifications.adapters.acs3 import Credentials, signed_headers
from services.notifications.domain.answers import (
    Absent,
    Accepted,
    Answer,
    CannotTell,
    Finding,
    Found,
    Refused,
    Unclear,
)
from services.notifications.domain.parcel import Parcel
from services.notifications.domain.send import Channel
from shared.clock import Clock
from shared.http import http_client
from shared.zone import local_day

VERSION = "2017-05-25"
PAGE_SIZE = 50
# refused for now; the same request may be right later
TEMPORARY = (
    "Throttling",
    "isv.BUSINESS_LIMIT_CONTROL",
    "isv.DAY_LIMIT_CONTROL",
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.OUT_OF_SERVICE",
)
UNCLEAR = ("isp.SYSTEM_ERROR", "ServiceUnavailable", "InternalError")
_STATUS: Mapping[int, str] = {1: "waiting", 2: "failed", 3: "delivered"}


class AliyunSms:
    """One account at one endpoint. Without credentials requests go unsigned, which only the simulator takes."""

    name = "aliyun"
    channel: Channel = "sms"

    def __init__(self, url: str, credentials: Credentials | None, timeout: float, clock: Clock) -> None:
        self.address = url.rstrip("/")
        self._credentials = credentials
        self._clock = clock
        self._http = http_client(timeout, limits=httpx.Limits(max_connections=200, max_keepalive_connections=50))

    async def submit(self, parcel: Parcel) -> Answer:
        code = parcel.codes.get(self.name)
        if not code:
            return Refused("no_template_code")
        request = {
            "PhoneNumbers": ",".join(map(_number, parcel.addresses)),
            "SignName": parcel.sign,
            "TemplateCode": code,
            "TemplateParam": orjson.dumps(dict(parcel.params)).decode(),
            "OutId": str(parcel.send_id),
        }
        try:
            response = await self._call("SendSms", request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Refused("unreachable", temporary=True)
        except httpx.HTTPError as error:
            return Unclear(type(error).__name__)
        return _answer(response)

    async def find(self, parcel: Parcel) -> Finding:
        """Asks for the days it may have been sent on; both sides of midnight."""
        days = {local_day(parcel.submitted_at), local_day(self._clock.now())}
        for day in sorted(days):
            finding = await self._find_on(parcel, f"{day:%Y%m%d}")
            if not isinstance(finding, Absent):
                return finding
        return Absent()

    async def close(self) -> None:
        await self._http.aclose()

    async def _find_on(self, parcel: Parcel, day: str) -> Finding:
        request = {
            "PhoneNumber": _number(parcel.addresses[0]),
            "SendDate": day,
            "PageSize": str(PAGE_SIZE),
            "CurrentPage": "1",
            "OutId": str(parcel.send_id),  # not a parameter of Aliyun's: the simulator finds by it
        }
        try:
            body = (await self._call("QuerySendDetails", request)).json()
            if body["Code"] != "OK" or int(body["TotalCount"]) > PAGE_SIZE:
                return CannotTell()
            details = body["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
            return _finding([detail for detail in details if detail.get("OutId") == str(parcel.send_id)])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return CannotTell()

    async def _call(self, action: str, parameters: Mapping[str, str]) -> httpx.Response:
        headers = signed_headers(
            urlsplit(self.address).netloc, action, VERSION, parameters, self._credentials, self._clock.machine()
        )
        return await self._http.post(self.address + "/", params=dict(parameters), headers=headers)


def _answer(response: httpx.Response) -> Answer:
    if response.status_code == 429:
        return Refused("throttled", temporary=True)
    if response.status_code >= 500:
        return Unclear(f"http_{response.status_code}")
    try:
        code, ref = str(response.json()["Code"]), str(response.json().get("BizId") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return Unclear("unreadable_answer")
    if code == "OK":
        return Accepted(ref)
    if code.startswith(UNCLEAR):
        return Unclear(code)
    return Refused(code, temporary=code.startswith(TEMPORARY))


def _finding(details: Sequence[Mapping[str, Any]]) -> Finding:
    if not details:
        return Absent()
    status = _STATUS[int(details[0]["SendStatus"])]
    return Found(status, str(details[0].get("BizId") or ""), str(details[0].get("ErrCode") or ""))  # type: ignore[arg-type]


def _number(address: str) -> str:
    """Domestic numbers without country code, others with 00 (Aliyun's form)."""
    return address.removeprefix("+86") if address.startswith("+86") else address.replace("+", "00", 1)
