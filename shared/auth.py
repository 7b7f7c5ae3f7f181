"""Who is asking: API keys (hashed at rest, two may live during rotation) or JWTs, and what their role may do."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from shared.clock import Clock, SystemClock
from shared.errors import (
    Forbidden,
    PasswordChangeRequired,
    TooManyFailures,
    Unauthorized,
    WholeOrganisationOnly,
    raises,
)
from shared.kept_keys import KeptKeys
from shared.keys import KEY_IDENTITY, Key, KeyFile, hash_key, new_key
from shared.principal import ROLE_NAMES, Principal, Role, read_principal
from shared.same_origin import require_same_origin
from shared.sessions import COOKIE, Session, used_at
from shared.settings import ServiceSettings

__all__ = [
    "Authenticator",
    "Caller",
    "Principal",
    "Role",
    "current_principal",
    "hash_key",
    "issue_token",
    "new_key",
    "require",
    "require_whole_organisation",
]


@dataclass
class Authenticator:
    """Checks keys against a file of hashes and those that were issued, and tokens against a fixed algorithm."""

    settings: ServiceSettings
    clock: Clock = field(default_factory=SystemClock)
    issued: KeptKeys | None = None

    def __post_init__(self) -> None:
        self._keys = KeyFile(self.settings.keys_file)
        self._most = RateLimitItemPerMinute(self.settings.failed_sign_ins)
        self._failures = MovingWindowRateLimiter(MemoryStorage())

    async def owner_of(self, digest: str) -> Principal | None:
        """Whose live API key has this hash."""
        now = self.clock.machine()
        known = self._keys.find(digest, now)
        return await self.issued.find(digest, now) if known is None and self.issued else known

    def file_keys(self) -> Iterable[Key]:
        return self._keys.all()

    def note_failure(self, address: str) -> None:
        """Counts a wrong credential. Raises TooManyFailures once there were too many of this address within a minute.

        A right credential is always let in: people behind one address must not be locked out by one of them.
        """
        if not self._failures.hit(self._most, address):
            ends = self._failures.get_window_stats(self._most, address).reset_time
            now = SystemClock().machine().timestamp()  # the library counts real seconds
            raise TooManyFailures(max(1, round(ends - now)))

    async def principal(self, credential: str) -> Principal:
        """Whose credential it is. Raises Unauthorized."""
        if credential.count(".") == 2:
            return await self._from_token(credential)
        known = await self.owner_of(hash_key(credential))
        if known is None:
            raise Unauthorized("密钥不存在或已停用")
        return known

    async def _from_token(self, token: str) -> Principal:
        try:
            claims = jwt.decode(
                token,
                await self._verification_key(token),
                algorithms=["RS256", "ES256"] if self.settings.jwt_jwks_url else ["HS256"],
                audience=self.settings.jwt_audience,
                issuer=self.settings.jwt_issuer,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
            if claims["sub"].startswith(KEY_IDENTITY):
                raise ValueError("a person can't be called as a key is")
            return read_principal(claims, claims["sub"])
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise Unauthorized("令牌无效或已过期") from error

    async def _verification_key(self, token: str) -> Any:
        if self.settings.jwt_jwks_url:
            return (await asyncio.to_thread(_jwks(self.settings.jwt_jwks_url).get_signing_key_from_jwt, token)).key
        if self.settings.jwt_secret is None:
            raise Unauthorized("本部署未启用令牌登录")
        return self.settings.jwt_secret.get_secret_value()


_clients: dict[str, jwt.PyJWKClient] = {}


def _jwks(url: str) -> jwt.PyJWKClient:
    return _clients.setdefault(url, jwt.PyJWKClient(url, cache_keys=True, timeout=5))


_bearer = HTTPBearer(auto_error=False, description="API 密钥或 JWT")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="API 密钥")


@raises(Unauthorized, TooManyFailures, PasswordChangeRequired)
async def current_principal(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    api_key: Annotated[str | None, Security(_header)],
) -> Principal:
    """The caller of this request: `Authorization: Bearer`, `X-API-Key`, or who signed in at a page."""
    return await caller_of(request, (bearer.credentials if bearer else None) or api_key)


async def caller_of(request: Request, credential: str | None) -> Principal:
    """Who sent the request with this credential, or by the cookie of a session.

    Raises Unauthorized, ForeignOrigin, PasswordChangeRequired.
    """
    request.state.credential = credential
    if credential:
        principal = await known_principal(request, credential)
    elif token := request.cookies.get(COOKIE):
        principal = (await live_session(request, token)).principal
        require_same_origin(request)
    else:
        raise Unauthorized("请在 Authorization 头中携带访问密钥")
    placed: Principal = await request.app.state.runtime.units.placed(principal)
    request.state.principal = placed
    return placed


async def live_session(request: Request, token: str) -> Session:
    """The session of a cookie's token, as `any_session`. Raises PasswordChangeRequired for one that is for that alone."""
    session = await any_session(request, token)
    if session.must_change_password:
        raise PasswordChangeRequired("您用的是别人发给您的密码，改成自己的以后才能使用")
    return session


async def any_session(request: Request, token: str) -> Session:
    """The session of a cookie's token; one that is in use is renewed with the answer. Raises Unauthorized."""
    runtime = request.app.state.runtime
    now = runtime.clock.machine()
    session: Session = runtime.signer.read(token, now)
    owner = await runtime.authenticator.owner_of(session.proof) if session.proof else session.principal
    if owner is None or await runtime.ended_sessions.has(session):
        raise Unauthorized("登录已失效，请重新登录")
    session = replace(session, principal=owner)  # what the key may do now, not when its owner signed in
    if session.is_stale(now):
        request.state.session_cookie = runtime.signer.sign(used_at(session, now))
    return session


async def known_principal(request: Request, credential: str) -> Principal:
    """Whose credential it is. Raises Unauthorized, and TooManyFailures to an address that guesses."""
    authenticator: Authenticator = request.app.state.runtime.authenticator
    try:
        return await authenticator.principal(credential)
    except Unauthorized:
        authenticator.note_failure(request.client.host if request.client else "")
        raise


Caller = Annotated[Principal, Depends(current_principal)]


def require(*roles: Role) -> Callable[[Principal], Coroutine[Any, Any, Principal]]:
    """A dependency that lets only these roles (and admin) pass: `Depends(require(Role.AGENT))`. Raises Forbidden."""

    @raises(Forbidden)
    async def check(principal: Caller) -> Principal:
        if not principal.may(*roles):
            raise Forbidden(f"此操作需要以下角色之一：{'、'.join(ROLE_NAMES[role] for role in roles)}")
        return principal

    return check


def require_whole_organisation(*roles: Role) -> Callable[[Principal], Coroutine[Any, Any, Principal]]:
    """As `require`, for what belongs to no unit: a caller limited to units is refused. Raises WholeOrganisationOnly."""

    @raises(WholeOrganisationOnly)
    async def check(principal: Annotated[Principal, Depends(require(*roles))]) -> Principal:
        if not principal.scope.whole:
            raise WholeOrganisationOnly(f"您的权限限于：{'、'.join(principal.units)}")
        return principal

    return check


def token_ends(credential: str) -> datetime | None:
    """When a token that has been checked ends (RFC 7519 §4.1.4); None for an API key."""
    if credential.count(".") != 2:
        return None
    claims = jwt.decode(credential, options={"verify_signature": False})
    return datetime.fromtimestamp(claims["exp"], UTC)


def issue_token(secret: str, subject: str, role: Role, expires_at: float, **claims: Any) -> str:
    """A locally issued HS256 token (RFC 7519); `expires_at` in Unix seconds."""
    body = {"iss": "huifang", "aud": "huifang", "sub": subject, "role": str(role), "exp": int(expires_at), **claims}
    return jwt.encode(body, secret, algorithm="HS256")
