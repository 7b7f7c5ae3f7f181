"""People whom an organisation's own identity provider keeps: who they are by its claims, and whether they may come in.

The provider says who somebody is (`iss` and `sub`, OpenID Connect Core §5.7) and, as far as the deployment maps claims, what
they may do. It says so at each sign-in, and what it says then holds. What no claim is mapped to stays as it is kept here.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.gateway.domain.people import OIDC, Person, faults, login_fault, plain_login, plain_skills
from shared.errors import Forbidden, Unavailable
from shared.roles import Role

FIELDS = ("login", "name", "roles", "units", "teams", "worker", "skills")
CODED = {"units": "单位", "teams": "班组", "skills": "技能"}  # fields that are codes of ours
REQUIRED = frozenset({"login", "roles"})
ALL = (
    "*"  # what a claim says for the whole organisation, all teams, no limit of skills: to leave it out never means that
)
_BETWEEN = re.compile(r"[\s,，;；]+")


class ProviderDown(Unavailable):
    """The identity provider gave no usable answer."""

    title = "统一身份认证暂时没有应答，请稍后重试"
    code = "identity-provider-down"


class SignInRefused(Forbidden):
    """Somebody comes from the identity provider and is not let in; `reason` is what the audit log keeps of it."""

    title = "不能用统一身份认证登录"
    code = "sign-in-refused"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ClaimMap:
    """`claims`: for a field of a person the claim that says it, parts joined by dots; `roles`: what its values mean.

    `codes`: for a field of `CODED` what the provider's values mean; without it they are our codes themselves.
    """

    claims: Mapping[str, str]
    roles: Mapping[str, Role]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def subject_of(issuer: str, sub: str) -> str:
    """Who it is at the provider, for ever: a hash, for a `sub` may be a number of a person."""
    return hashlib.sha256(f"{issuer}\x1f{sub}".encode()).hexdigest()


def missing_claims(known: ClaimMap, claims: Mapping[str, Any]) -> bool:
    """Whether a mapped claim is not there, so that it is worth asking the provider for more of them."""
    return any(_value(claims, path) is None for path in known.claims.values())


def read_claims(known: ClaimMap, claims: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a person that the claims say. Raises SignInRefused for what is missing, or can't be said of anybody."""
    said = {name: _value(claims, path) for name, path in known.claims.items()}
    fields: dict[str, Any] = {"login": plain_login(_text(said["login"]))}
    if not fields["login"]:
        raise _missing(known, "login", "登录名")
    if "name" in said:
        fields["name"] = _text(said["name"]) or fields["login"]
    if "worker" in said:
        fields["worker"] = _text(said["worker"])
    for coded, called in CODED.items():
        if coded in said:
            codes = _our_codes(known, coded, _codes(said[coded]))
            if not codes:
                raise _missing(known, coded, called)
            fields[coded] = () if ALL in codes else codes
    fields["roles"] = tuple(dict.fromkeys(known.roles[one] for one in _codes(said["roles"]) if one in known.roles))
    if not fields["roles"]:
        raise SignInRefused("no-role", "统一身份认证没有给您在回访平台的角色，请联系系统管理员")
    for at, fault in faults({name: value for name, value in fields.items() if name != "login"}):
        raise SignInRefused(f"claim:{at}", f"统一身份认证给出的{known.claims[at]}不能使用：{fault}")
    return fields


def _our_codes(known: ClaimMap, coded: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """What the provider's values mean here; where the deployment says what they mean, one it does not name means nothing."""
    means = known.codes.get(coded)
    codes = values if means is None else [means.get(value, ALL if value == ALL else "") for value in values]
    return tuple(dict.fromkeys(filter(None, plain_skills(codes) if coded == "skills" else codes)))


def _missing(known: ClaimMap, wanted: str, called: str) -> SignInRefused:
    claim = known.claims[wanted]
    return SignInRefused(f"claim:{wanted}", f"统一身份认证没有给出您的{called}（声明 {claim}），请联系系统管理员")


def _value(claims: Mapping[str, Any], path: str) -> Any:
    """What stands at the path; None where nothing does. A claim whose own name has dots is found too."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(said: Any) -> str:
    return str(said).strip() if isinstance(said, str | int) and not isinstance(said, bool) else ""


def _codes(said: Any) -> tuple[str, ...]:
    """A list, or one text that holds several."""
    several = said if isinstance(said, list) else _BETWEEN.split(_text(said))
    return tuple(dict.fromkeys(text for each in several if (text := _text(each))))


def enter(
    bound: Person | None, namesake: Person | None, fields: Mapping[str, Any], subject: str, now: datetime
) -> Person:
    """The account of whom the provider lets in, as it is from now on; the version is still that of before, 0 for a new one.

    `bound` is the account of this subject, `namesake` the one of this login: it is taken when an administrator has said
    that it is the provider's and nobody has come with it yet. Raises SignInRefused.
    """
    person = bound or namesake
    if person is None:
        if fault := login_fault(fields["login"]):
            raise SignInRefused("claim:login", f"统一身份认证给出的登录名不能使用：{fault}")
        return _new(fields, subject, now)
    if person is not bound and (person.source != OIDC or person.subject):
        raise SignInRefused("login-taken", f"登录名 {person.login} 已属于另一个账号，请联系系统管理员")
    if person.disabled:
        raise SignInRefused("disabled", "您的账号已停用，请联系系统管理员")
    said = {name: value for name, value in fields.items() if name != "login"}  # a login names somebody for ever
    return replace(person, **said, subject=subject)


def _new(fields: Mapping[str, Any], subject: str, now: datetime) -> Person:
    return Person(
        login=fields["login"],
        name=fields.get("name", fields["login"]),
        password="",
        roles=fields["roles"],
        units=fields.get("units", ()),
        teams=fields.get("teams", ()),
        worker=fields.get("worker", ""),
        skills=fields.get("skills", ()),
        shift="",
        disabled=False,
        must_change_password=False,
        version=0,
        created_at=now,
        updated_at=now,
        source=OIDC,
        subject=subject,
    )
