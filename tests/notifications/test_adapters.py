"""Providers on the wire: what each kind of answer and silence means."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import respx

from deploy.standins import mail
from services.notifications.adapters import AliyunSms, SmtpMail, acs3
from services.notifications.adapters.acs3 import Credentials, signed_headers
from services.notifications.domain.answers import Absent, Accepted, Answer, CannotTell, Found, Refused, Unclear
from services.notifications.domain.parcel import Parcel
from shared.clock import ManualClock
from tests.notifications.samples import NOW, a_send

PARCEL = Parcel(
    send_id=a_send().id,
    channel="sms",
    addresses=("+8613800138000",),
    sign="城市燃气",
    codes={"aliyun": "SMS_1"},
    params={"name": "陈静"},
    subject="标题",
    text="您好",
    submitted_at=NOW,
)
URL = "https://dysmsapi.example.com"


@pytest.fixture
async def aliyun(clock: ManualClock) -> AliyunSms:
    return AliyunSms(URL, Credentials("key", "secret"), 1.0, clock)


def test_requests_are_signed_as_the_provider_documents_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worked example of Aliyun's signature V3 documentation."""
    monkeypatch.setattr(acs3, "new_id", lambda: type("Nonce", (), {"hex": "3156853299f313e23d1673dc12e1703d"}))
    headers = signed_headers(
        "ecs.cn-shanghai.aliyuncs.com",
        "RunInstances",
        "2014-05-26",
        {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"},
        Credentials("YourAccessKeyId", "YourAccessKeySecret"),
        datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
    )
    assert headers["authorization"].endswith("06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")


@respx.mock
async def test_a_message_carries_our_id_and_nothing_but_parameters(aliyun: AliyunSms) -> None:
    route = respx.post(url__startswith=URL).respond(json={"Code": "OK", "BizId": "B1"})
    assert await aliyun.submit(PARCEL) == Accepted("B1")
    sent = route.calls.last.request.url.params
    assert (sent["PhoneNumbers"], sent["TemplateCode"], sent["OutId"]) == ("13800138000", "SMS_1", str(PARCEL.send_id))
    assert sent["TemplateParam"] == '{"name":"陈静"}'
    await aliyun.submit(replace(PARCEL, addresses=("+85251234567",)))
    assert route.calls.last.request.url.params["PhoneNumbers"] == "0085251234567"


@respx.mock
@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, Refused("isv.MOBILE_NUMBER_ILLEGAL")),
        (200, {"Code": "isv.BUSINESS_LIMIT_CONTROL"}, Refused("isv.BUSINESS_LIMIT_CONTROL", temporary=True)),
        (400, {"Code": "Throttling.User"}, Refused("Throttling.User", temporary=True)),
        (429, {}, Refused("throttled", temporary=True)),
        (200, {"Code": "isp.SYSTEM_ERROR"}, Unclear("isp.SYSTEM_ERROR")),
        (500, {}, Unclear("http_500")),
        (503, {"Code": "ServiceUnavailable"}, Unclear("http_503")),
        (200, ["nonsense"], Unclear("unreadable_answer")),
    ],
)
async def test_only_a_definite_answer_counts(aliyun: AliyunSms, status: int, body: object, answer: Answer) -> None:
    respx.post(url__startswith=URL).respond(status, json=body)
    assert await aliyun.submit(PARCEL) == answer


@respx.mock
@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (httpx.ConnectError, Refused("unreachable", temporary=True)),
        (httpx.ConnectTimeout, Refused("unreachable", temporary=True)),
        (httpx.ReadTimeout, Unclear("ReadTimeout")),
        (httpx.RemoteProtocolError, Unclear("RemoteProtocolError")),
    ],
)
async def test_a_call_that_never_got_through_is_a_refusal_any_other_silence_is_unclear(
    aliyun: AliyunSms, error: type[Exception], answer: Answer
) -> None:
    respx.post(url__startswith=URL).mock(side_effect=error)
    assert await aliyun.submit(PARCEL) == answer


async def test_a_template_without_a_code_for_this_provider_is_not_sent(aliyun: AliyunSms) -> None:
    assert await aliyun.submit(replace(PARCEL, codes={})) == Refused("no_template_code")


def details(*rows: dict[str, object], total: int = 1) -> dict[str, object]:
    return {"Code": "OK", "TotalCount": total, "SmsSendDetailDTOs": {"SmsSendDetailDTO": list(rows)}}


@respx.mock
@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (
            details({"OutId": str(PARCEL.send_id), "SendStatus": 3, "ErrCode": "DELIVERED"}),
            Found("delivered", "", "DELIVERED"),
        ),
        (details({"OutId": str(PARCEL.send_id), "SendStatus": 1}), Found("waiting")),
        (details({"OutId": "another", "SendStatus": 3}), Absent()),
        (details(total=51), CannotTell()),
        ({"Code": "Throttling.User"}, CannotTell()),
        (["nonsense"], CannotTell()),
    ],
)
async def test_what_the_provider_knows_of_a_message(aliyun: AliyunSms, body: object, finding: object) -> None:
    respx.post(url__startswith=URL).respond(json=body)
    assert await aliyun.find(PARCEL) == finding


@respx.mock
async def test_a_provider_that_does_not_answer_a_question_proves_nothing(aliyun: AliyunSms) -> None:
    respx.post(url__startswith=URL).mock(side_effect=httpx.ReadTimeout)
    assert await aliyun.find(PARCEL) == CannotTell()


class Moody(mail.Mailbox):
    """A mail server that answers as it is told."""

    says = "250 OK"

    async def handle_RCPT(
        self, _server: object, _session: object, envelope: object, to: str, _options: list[str]
    ) -> str:
        if "nobody" in to:
            return "550 no such user"
        envelope.rcpt_tos.append(to)  # type: ignore[attr-defined]
        return "250 OK"

    async def handle_DATA(self, *_: object) -> str:
        return self.says


@pytest.fixture
async def moody(tmp_path: Path) -> object:
    mailbox = Moody(tmp_path)
    server = await mail.listen(mailbox, "127.0.0.1", 0)
    async with server:
        yield mailbox, SmtpMail(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", "huifang@localhost", 1.0)


MAIL = replace(PARCEL, channel="email", addresses=("duty@example.com",))


@pytest.mark.parametrize(
    ("says", "meant"),
    [
        ("250 OK", lambda answer: isinstance(answer, Accepted)),
        ("451 later", lambda answer: answer == Refused("smtp_451", temporary=True)),
        ("554 never", lambda answer: answer == Refused("smtp_554")),
    ],
)
async def test_what_a_mail_servers_answer_means(
    moody: tuple[Moody, SmtpMail], says: str, meant: Callable[[Answer], bool]
) -> None:
    moody[0].says = says
    answer = await moody[1].submit(MAIL)
    assert meant(answer), answer


async def test_an_unknown_mailbox_is_a_definite_refusal(moody: tuple[Moody, SmtpMail]) -> None:
    refused = await moody[1].submit(replace(MAIL, addresses=("nobody@example.com",)))
    assert refused == Refused("recipients_refused")
    assert isinstance(
        await moody[1].submit(replace(MAIL, addresses=("nobody@example.com", "duty@example.com"))), Accepted
    )


async def test_a_mail_server_that_is_away_is_tried_again_and_can_never_be_asked() -> None:
    away = SmtpMail("smtp://127.0.0.1:1", "huifang@localhost", 1.0)
    assert await away.submit(MAIL) == Refused("unreachable", temporary=True)
    assert await away.find(MAIL) == CannotTell(ever=False)


async def test_a_password_is_not_told_to_a_mail_server_that_offers_no_encryption(
    moody: tuple[Moody, SmtpMail],
) -> None:
    with_password = SmtpMail(moody[1].address.replace("//", "//user:pass@"), "huifang@localhost", 1.0)
    assert await with_password.submit(MAIL) == Refused("unreachable", temporary=True)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com, b@example.com",
        "a@example.com b@example.com",
        "A <a@example.com>",
        "a",
        "",
        "a@example.com\r\nBcc: b@example.com",
    ],
)
async def test_an_address_that_is_not_exactly_one_gets_no_mail(moody: tuple[Moody, SmtpMail], address: str) -> None:
    assert await moody[1].submit(replace(MAIL, addresses=(address,))) == Refused("bad_address")
