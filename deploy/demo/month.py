"""A month of facts: volumes by weekday and hour, with what real senders do wrong: duplicates, late ones, broken ones."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from deploy.demo.population import Household
from shared.zone import ORG_ZONE

# weight of Monday … Sunday
OFFICE_WEEK = (1.15, 1.05, 1.0, 1.0, 1.0, 0.45, 0.2)
EVERY_DAY = (1.1, 1.0, 1.0, 1.0, 1.0, 0.9, 0.8)
DUPLICATES, LATE, BROKEN = 0.02, 0.01, 0.005


@dataclass(frozen=True)
class Posting:
    """An event and the moment its sender posts it; `broken` ones must be refused."""

    at: datetime
    event: dict[str, Any]
    broken: bool = False


@dataclass(frozen=True)
class Kind:
    """How often a kind of fact happens in a month, on which weekdays, and how its data are made."""

    name: str
    monthly: int
    week: Sequence[float]
    make: Callable[[random.Random, Household, datetime, str], dict[str, Any]]
    source: str = "/erp/gas"


def facts(seed: int, households: Sequence[Household], first: date, days: int) -> list[Posting]:
    """All postings of `days` days from `first`, in the order they are posted; the same seed gives the same list."""
    postings = [_import(household, first, index) for index, household in enumerate(households)]
    for kind in KINDS:
        rng = random.Random(f"{seed}/{kind.name}")
        for number, at in enumerate(_moments(rng, kind, first, days)):
            postings += _posted(rng, kind, rng.choice(households), at, f"{seed}/{kind.name}/{number}", number)
    return sorted(postings, key=lambda posting: (posting.at, posting.event["id"]))


def closed(seed: int, household: Household, at: datetime, number: int) -> Posting:
    """A repair (or, for an odd `number`, a 12345 case) of this household closed at `at` and told at once."""
    kind = KINDS_BY_NAME["hotline.case_closed" if number % 2 else "repair.closed"]
    identity = f"{seed}/{kind.name}/{household.id}/{at:%Y%m%d}"
    data = kind.make(random.Random(identity), household, at, f"{at:%Y%m%d}9{household.id[1:]}")
    data |= {"is_confidential": False} if number % 2 else {}
    return Posting(at, _event(kind.name, identity, at, household, data, kind))


def _moments(rng: random.Random, kind: Kind, first: date, days: int) -> list[datetime]:
    calendar = [first + timedelta(days=offset) for offset in range(days)]
    weights = [kind.week[day.weekday()] for day in calendar]
    chosen = rng.choices(calendar, weights, k=round(kind.monthly * days / 31))
    return sorted(
        datetime.combine(day, time(8), ORG_ZONE) + timedelta(seconds=int(rng.triangular(0, 39_600, 9_000)))
        for day in chosen
    )


def _posted(
    rng: random.Random, kind: Kind, household: Household, at: datetime, identity: str, number: int
) -> list[Posting]:
    event = _event(kind.name, identity, at, household, kind.make(rng, household, at, f"{at:%Y%m%d}{number:05d}"), kind)
    delay = timedelta(days=rng.uniform(1, 4)) if rng.random() < LATE else timedelta(minutes=rng.uniform(0.1, 20))
    postings = [Posting(at + delay, event)]
    if rng.random() < DUPLICATES:
        postings.append(Posting(at + delay + timedelta(minutes=rng.uniform(1, 600)), event))
    if rng.random() < BROKEN:
        postings.append(Posting(at + delay, _broken(rng, event, identity), broken=True))
    return postings


def _event(
    name: str, identity: str, at: datetime, household: Household, data: dict[str, Any], kind: Kind
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(UUID(bytes=hashlib.sha256(identity.encode()).digest()[:16])),
        "source": kind.source,
        "type": name,
        "time": at.isoformat(),
        "partitionkey": household.id,
        "datacontenttype": "application/json",
        "data": data,
    }


def _broken(rng: random.Random, event: dict[str, Any], identity: str) -> dict[str, Any]:
    """A posting no service may take: no source, no such date, or data that is not an object."""
    broken = {**event, "id": str(UUID(bytes=hashlib.sha256(f"{identity}/broken".encode()).digest()[:16]))}
    return broken | rng.choice(({"source": ""}, {"time": "昨天下午"}, {"data": "工单已完成"}))


def _import(household: Household, first: date, index: int) -> Posting:
    """The customer file, imported the day before the month begins."""
    at = datetime.combine(first - timedelta(days=1), time(8), ORG_ZONE) + timedelta(milliseconds=index * 100)
    data = {"customer": household.card(), "org": household.org(), "updated_at": at.isoformat(), "tier": household.level}
    kind = Kind("customer.updated", 0, EVERY_DAY, _work)
    return Posting(at, _event(kind.name, f"import/{household.id}", at, household, data, kind))


def _work(rng: random.Random, household: Household, at: datetime, number: str) -> dict[str, Any]:
    """On-site work done at a household."""
    return {
        "work_order_no": f"WO{number}",
        "done_at": at.isoformat(),
        "org": household.org(),
        "customer": household.card(),
        "worker": {"code": f"W{rng.randrange(40):02d}"},
        "address": household.address,
    }


def _inspection(rng: random.Random, household: Household, at: datetime, number: str) -> dict[str, Any]:
    hazards = [rng.choice(("胶管老化", "灶具无熄火保护", "阀门漏气"))] if rng.random() < 0.12 else []
    return _work(rng, household, at, number) | {"hazards": hazards}


def _reading(rng: random.Random, household: Household, at: datetime, number: str) -> dict[str, Any]:
    return _work(rng, household, at, number) | {"reading": f"{rng.randrange(200, 9000)}.{rng.randrange(10)}"}


def _ignition(rng: random.Random, household: Household, at: datetime, number: str) -> dict[str, Any]:
    return _work(rng, household, at, number) | {"user_kind": "commercial" if household.commercial else "residential"}


def _repair(rng: random.Random, household: Household, at: datetime, number: str) -> dict[str, Any]:
    arrived = at - timedelta(minutes=rng.uniform(20, 120))
    return {
        "work_order_no": f"WX{number}",
        "result": rng.choices(("repaired", "replaced", "inspected_only"), (8, 1, 1))[0],
        "closed_at": at.isoformat(),
        "appointed_at": (arrived - timedelta(minutes=rng.uniform(-20, 40))).isoformat(),
        "arrived_at": arrived.isoformat(),
        "is_rework": rng.random() < 0.05,
        "product": {"category": rng.choice(("燃气灶", "热水器", "燃气表", "管道"))},
        "fault": {"description": rng.choice(("打不着火", "漏气报警", "表不走字", "水温不稳"))},
        "fee": {"amount": f"{rng.randrange(0, 200)}.00", "paid": True},
        "provider": {"code": household.branch, "name": household.branch_name},
        "org": household.org(),
        "engineer": {"code": f"E{rng.randrange(25):02d}"},
        "customer": household.card(),
        "service_address": household.address,
    }


def _order(rng: random.Random, household: Household, at: datetime, number: str) -> dict[str, Any]:
    return {
        "order_no": f"SO{number}",
        "order_type": rng.choices(("sale", "service", "install", "rental"), (5, 3, 2, 1))[0],
        "status": "completed",
        "completed_at": at.isoformat(),
        "amount": f"{rng.randrange(30, 3000)}.{rng.randrange(100):02d}",
        "org": household.org(),
        "customer": household.card(),
        "lines": [
            {"sku": "GAS-HOSE", "name": rng.choice(("金属波纹管", "燃气报警器", "自闭阀")), "qty": "1", "unit": "件"}
        ],
    }


def _hotline(rng: random.Random, household: Household, at: datetime, number: str) -> dict[str, Any]:
    title = rng.choice(("燃气停气未通知", "安检员态度差", "缴费未到账", "报修无人上门", "管道改造噪音"))
    unresolved = rng.random() < 0.04
    return {
        "case_no": f"12345{number}",
        "title": title,
        "content": f"诉求人反映{title}，希望尽快处理。",
        "appeal_kind": rng.choices(("投诉", "求助", "咨询", "建议"), (4, 4, 2, 1))[0],
        "category": {"code": "0405", "name": "燃气服务"},
        "is_confidential": rng.random() < 0.03,
        "area": {"code": "330106", "name": household.branch_name[:2]},
        "appellant": {"name": household.name, "phone": household.phone},
        "customer": household.card(),
        "org": household.org(),
        "closed_at": at.isoformat(),
        "host_dept": {"code": household.branch, "name": household.branch_name},
        "handle_status": "closed_unresolved" if unresolved else "closed",
        "handle_result": "已联系诉求人说明情况。" if unresolved else "已处理完毕并告知诉求人。",
        "resolved_claim": not unresolved,
    }


def _valve(rng: random.Random, household: Household, at: datetime, number: str) -> dict[str, Any]:
    """A kind of fact that nobody declared: accepted, and decided as matching no policy."""
    return {"valve_no": f"V{number}", "org": household.org(), "customer": household.card(), "exercised": True}


KINDS = (
    Kind("meter.read", 2600, OFFICE_WEEK, _reading),
    Kind("inspection.done", 900, OFFICE_WEEK, _inspection),
    Kind("order.completed", 480, EVERY_DAY, _order),
    Kind("repair.closed", 420, EVERY_DAY, _repair),
    Kind("installation.finished", 120, OFFICE_WEEK, _work),
    Kind("gas.ignited", 90, OFFICE_WEEK, _ignition),
    Kind("hotline.case_closed", 90, EVERY_DAY, _hotline, source="/12345/city"),
    Kind("com.gas.valve.exercised.v1", 40, OFFICE_WEEK, _valve),
)
KINDS_BY_NAME = {kind.name: kind for kind in KINDS}
