"""Who is asking: API keys (hashed at rest, two may live during rotation) or JWTs, and what their role may do."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from shared.errors import Forbidden, Unauthorized
from shared.settings import ServiceSettings


class Role(StrEnum):
    """What somebody is here for. `admin` may do everything; `auditor` may read everything."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    POLICY_OWNER = "policy_owner"
    INTEGRATOR = "integrator"
    OPS = "ops"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True)
class Principal:
    """Somebody known: `id` is recorded in audit logs; `units` limits what is seen (empty = the whole organisation)."""

    id: str
    role: Role
    name: str = ""
    units: tuple[str, ...] = ()


@dataclass
class Authenticator:
    """Checks keys against a file of hashes (read again when it changes) and tokens against a fixed algorithm."""

    settings: ServiceSettings
    _keys: dict[str, Principal] = field(default_factory=dict)
    _stamp: float = -1.0

    async def principal(self, credential: str) -> Principal:
        """Whose credential it is. Raises Unauthorized."""
        if credential.count(".") == 2:
            return await self._from_token(credential)
        known = self._known_keys().get(hash_key(credential))
        if known is None:
            raise Unauthorized("密钥不存在或已停用")
        return known

    def _known_keys(self) -> dict[str, Principal]:
        path = self.settings.keys_file
        if path is None or not path.exists():
            return {}
        stamp = path.stat().st_mtime
        if stamp != self._stamp:
            self._keys, self._stamp = _read_keys(path), stamp
        return self._keys

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
            return Principal(
                id=claims["sub"],
                role=Role(claims["role"]),
                name=claims.get("name", ""),
                units=_units(claims.get("units", [])),
            )
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise Unauthorized("令牌无效或已过期") from error

    async def _verification_key(self, token: str) -> Any:
        if self.settings.jwt_jwks_url:
            return (await asyncio.to_thread(_jwks(self.settings.jwt_jwks_url).get_signing_key_from_jwt, token)).key
        if self.settings.jwt_secret is None:
            raise Unauthorized("本部署未启用令牌登录")
        return self.settings.jwt_secret.get_secret_value()


def _units(claimed: Any) -> tuple[str, ...]:
    """Raises ValueError: a scope that can't be read must not become the whole organisation."""
    if not isinstance(claimed, list) or not all(isinstance(unit, str) and unit for unit in claimed):
        raise ValueError("units must be a list of unit codes")
    return tuple(claimed)


_clients: dict[str, jwt.PyJWKClient] = {}


def _jwks(url: str) -> jwt.PyJWKClient:
    return _clients.setdefault(url, jwt.PyJWKClient(url, cache_keys=True, timeout=5))


def _read_keys(path: Path) -> dict[str, Principal]:
    return {
        row["sha256"]: Principal(row["id"], Role(row["role"]), row.get("name", ""), tuple(row.get("units", ())))
        for row in json.loads(path.read_text())
    }


def new_key() -> str:
    """A new API key: 256 random bits, so a plain hash of it needs no salt."""
    return "hf_" + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


_bearer = HTTPBearer(auto_error=False, description="API 密钥或 JWT")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="API 密钥")


async def current_principal(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    api_key: Annotated[str | None, Security(_header)],
) -> Principal:
    """The caller of this request: `Authorization: Bearer`, `X-API-Key`, or the page cookie `huifang_key`."""
    credential = (bearer.credentials if bearer else None) or api_key or request.cookies.get("huifang_key")
    if not credential:
        raise Unauthorized("请在 Authorization 头中携带访问密钥")
    authenticator: Authenticator = request.app.state.runtime.authenticator
    principal = await authenticator.principal(credential)
    request.state.principal = principal
    return principal


Caller = Annotated[Principal, Depends(current_principal)]


def require(*roles: Role) -> Callable[[Principal], Coroutine[Any, Any, Principal]]:
    """A dependency that lets only these roles (and admin) pass: `Depends(require(Role.AGENT))`. Raises Forbidden."""

    async def check(principal: Caller) -> Principal:
        if principal.role is not Role.ADMIN and principal.role not in roles:
            raise Forbidden(f"此操作需要以下角色之一：{'、'.join(roles)}")
        return principal

    return check


def may_see_unit(principal: Principal, unit: str) -> bool:
    """Object-level scope: a caller limited to units sees only theirs."""
    return not principal.units or unit in principal.units


def issue_token(secret: str, subject: str, role: Role, expires_at: float, **claims: Any) -> str:
    """A locally issued HS256 token (RFC 7519); `expires_at` in Unix seconds."""
    body = {"iss": "huifang", "aud": "huifang", "sub": subject, "role": str(role), "exp": int(expires_at), **claims}
    return jwt.encode(body, secret, algorithm="HS256")
