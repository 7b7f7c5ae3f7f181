"""People who sign in: what may be said of them, what a password must be, who may change whom."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from services.gateway.domain.common_passwords import is_common
from shared.contracts.words import SKILLS
from shared.mail_addresses import one_address
from shared.privacy import mask_text
from shared.roles import Role
from shared.texts import text_fault

SHORTEST, LONGEST = 10, 128  # characters of a password; NIST SP 800-63B §5.1.1.2, bounded because each one is hashed
LEAST_VARIED = 5  # different characters
LONGEST_NAME = 64
MOST_CODES = 50
MOST_FRAMES = 4
RESERVED = frozenset({"new", "import", "template"})  # addresses beside those of people
LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}", re.ASCII)
CODE = re.compile(r"[\w.-]{1,64}")
_FRAME = re.compile(r"(\d{1,2})[:：](\d{2})\s*[-–—~～至]\s*(\d{1,2})[:：](\d{2})", re.ASCII)
LOCAL, OIDC = "local", "oidc"  # who proves who somebody is: a password kept here, or the identity provider
# sessions hold these, or rest on them: a change of them ends sessions
RIGHTS = frozenset({"roles", "units", "teams", "worker", "skills", "source"})
SUPERVISED = frozenset({"teams", "shift"})  # what a supervisor may set of agents of their units


@dataclass(frozen=True, slots=True)
class Person:
    """An account. `login` names it for ever and is its principal's id; `password` is a hash, "" = none that is right.

    `skills` are codes of `shared.contracts.words.SKILLS`, or an organisation's own; none = nobody has said what they can do.
    `shift` is as `read_shift` writes it; the moments are business time. Of `source` OIDC the identity provider proves who it
    is: `subject` is whom it knows them as (`provided.subject_of`), "" until they first come. `issued_until` is the moment
    (machine time) until which an issued password lets them in; None = for ever, or they have none.
    """

    login: str
    name: str
    password: str
    roles: tuple[Role, ...]
    units: tuple[str, ...]
    teams: tuple[str, ...]
    worker: str
    shift: str
    disabled: bool
    must_change_password: bool
    version: int
    created_at: datetime
    updated_at: datetime
    source: str = LOCAL
    subject: str = ""
    skills: tuple[str, ...] = ()
    issued_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes somebody: everything (`administers`), or what `SUPERVISED` says (`supervises`), of those they see."""

    id: str
    administers: bool
    supervises: bool


def plain_login(login: str) -> str:
    """As accounts are named: people write theirs with blanks around, in capitals, in full width; some are mail addresses."""
    return one_address(unicodedata.normalize("NFKC", login)).lower()


def plain_skills(named: Iterable[str]) -> list[str]:
    """Codes of skills, however people call them."""
    codes = {name: code for code, name in SKILLS.items()} | {"上门": "on_site"}
    return [codes.get(name, name) for name in named]


def plain_password(password: str) -> str:
    """As passwords are hashed: a Chinese keyboard gives some characters in full width (NIST SP 800-63B §5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def login_fault(login: str) -> str:
    """Why this can't name an account, in Chinese; "" when it can."""
    if not LOGIN.fullmatch(login):
        return "应为 2–64 个小写字母、数字或 . _ @ -，以字母或数字开头"
    if login in RESERVED:
        return "这个名称系统自用，请换一个"
    return "" if mask_text(login) == login else "不能是手机号码或证件号码，它会出现在审计记录中"


def password_fault(password: str, login: str) -> str:
    """Why this can't be the account's password, in Chinese; "" when it can."""
    said = plain_password(password)
    if not SHORTEST <= len(said) <= LONGEST:
        return f"应为 {SHORTEST}–{LONGEST} 个字符"
    if login and login in said.lower():
        return "不能含有登录名"
    if len(set(said)) < LEAST_VARIED:
        return f"应至少有 {LEAST_VARIED} 种不同的字符"
    return "这是常用的密码，很容易被猜到，请换一个" if is_common(said) else ""


def is_over(person: Person, now: datetime) -> bool:
    """Whether their password is an issued one that lets nobody in any more at `now` (machine time).

    A service that does not know `issued_until` leaves it as it was when somebody chooses a password of their own.
    """
    until = person.issued_until
    return person.must_change_password and until is not None and until <= now


def faults(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, reason in Chinese) of everything that can't be said of a person; fields that are not there are not looked at."""
    if "login" in fields and (fault := login_fault(fields["login"])):
        yield "login", fault
    if "name" in fields:
        name = fields["name"]
        if not 1 <= len(name) <= LONGEST_NAME or name != name.strip() or text_fault(name):
            yield "name", f"应为 1–{LONGEST_NAME} 个字，前后没有空格"
        elif mask_text(name) != name:
            yield "name", "姓名中不能有电话或证件号码"
    if "roles" in fields and not fields["roles"]:
        yield "roles", "至少要有一个角色"
    for field in ("units", "teams", "skills"):
        codes = fields.get(field, ())
        if len(codes) > MOST_CODES or not all(CODE.fullmatch(code) and mask_text(code) == code for code in codes):
            yield field, f"应为至多 {MOST_CODES} 个代码，由字母、数字、汉字或 . _ - 组成"
    worker = fields.get("worker", "")
    if worker and (not CODE.fullmatch(worker) or mask_text(worker) != worker):
        yield "worker", "应为业务系统中的工号"
    if "shift" in fields and read_shift(fields["shift"]) is None:
        yield "shift", "应如 08:30-17:30，分段用逗号分开；没有固定班次则不填"


def read_shift(text: str) -> str | None:
    """Frames of a day as `08:30-12:00,14:00-18:00`, also as people write them; "" for none. None when it can't be read.

    A frame that ends before it begins goes on past midnight.
    """
    parts = [part.strip() for part in re.split(r"[,，、;；]", text) if part.strip()]
    frames = [_frame(part) for part in parts]
    if len(frames) > MOST_FRAMES or None in frames:
        return None
    return ",".join(frame for frame in frames if frame)


def _frame(text: str) -> str | None:
    found = _FRAME.fullmatch(text)
    if found is None:
        return None
    try:
        begins, ends = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    except ValueError:
        return None
    return None if begins == ends else f"{begins:%H:%M}-{ends:%H:%M}"


def change_fault(actor: Actor, person: Person, changed: Sequence[str]) -> str:
    """Why `actor` may not change these fields of a person they see, in Chinese; "" when they may.

    Nobody takes away their own account or rights: the last administrator would be lost.
    """
    if actor.administers:
        own = actor.id == person.login and not {"roles", "units", "disabled", "source"}.isdisjoint(changed)
        return "不能停用自己，也不能更改自己的角色与单位，请由另一位系统管理员操作" if own else ""
    if not actor.supervises:
        return "只有系统管理员可以更改人员"
    if person.roles != (Role.AGENT,):
        return "主管只能更改坐席"
    return "" if SUPERVISED.issuperset(changed) else "主管只能更改坐席的班组与班次"


def void_before(person: Person, changed: Person, now: datetime) -> datetime | None:
    """Before which moment sessions end because of this change (`now`, machine time); None when they go on."""
    rights = any(getattr(person, field) != getattr(changed, field) for field in RIGHTS)
    ended = rights or changed.password != person.password or (changed.disabled and not person.disabled)
    return now if ended else None
