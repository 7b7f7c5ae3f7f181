"""An organisation's identity provider: OpenID Connect's code flow with PKCE (RFC 6749, RFC 7636, OpenID Connect Core §3.1).

What it says of itself (Discovery §4) and its keys are asked for once an hour. While it doesn't answer it is left alone for
some seconds, longer each time, and who signs in is told at once. ID tokens are verified with its keys and nothing else:
no `none`, no HS256 with a secret that others know.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from services.gateway.domain.provided import ProviderDown, SignInRefused
from shared.http import http_client
from shared.safety import is_local

log = structlog.get_logger(__name__)
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
FRESH = timedelta(hours=1)
KEYS_AT_MOST = timedelta(minutes=1)  # how often an unknown key's name makes us ask for the keys again
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=1)
LEEWAY = 60  # seconds two clocks may differ
LARGEST = 1 << 20  # bytes of an answer
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
MISSET = "统一身份认证的设置有误，请联系系统管理员"


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to the provider."""

    issuer: str
    id: str
    secret: str
    scopes: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was begun: what comes back must fit to it. `verifier` is PKCE's, `back` where it comes back to."""

    state: str
    nonce: str
    verifier: str
    back: str
    target: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider says of itself, and its keys; `at` is machine time."""

    about: Mapping[str, Any]
    keys: KeySet
    at: datetime


def begin(back: str, target: str) -> Begun:
    return Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), back, target)


class IdentityProvider:
    """One of each process."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now  # machine time
        self._known: _Known | None = None
        self._failures = 0
        self._not_before: datetime | None = None

    async def address(self, begun: Begun) -> str:
        """Where the browser goes to sign in. Raises ProviderDown, SignInRefused."""
        about = (await self._current()).about
        address: str = prepare_grant_uri(
            about["authorization_endpoint"],
            self._client.id,
            "code",
            redirect_uri=begun.back,
            scope=self._client.scopes,
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256",
        )
        return address

    async def require_issuer(self, said: str) -> None:
        """That an answer comes from this provider and no other (RFC 9207 §2.4). Raises ProviderDown, SignInRefused."""
        about = (await self._current()).about
        if said != self._client.issuer if said else about.get("authorization_response_iss_parameter_supported") is True:
            raise SignInRefused("issuer", "登录应答不是来自本系统所用的统一身份认证，请重新登录")

    async def sign_out_address(self, back: str) -> str:
        """Where the browser goes to sign out there too (RP-Initiated Logout §2), "" where that is not offered."""
        try:
            offered = (await self._current()).about.get("end_session_endpoint")
        except (ProviderDown, SignInRefused):
            return ""
        if not isinstance(offered, str) or not self._is_safe(offered):
            return ""
        query = [("client_id", self._client.id), ("post_logout_redirect_uri", back)]
        return str(add_params_to_uri(offered, query))

    async def redeem(self, code: str, begun: Begun) -> tuple[dict[str, Any], str]:
        """The verified claims of the ID token, and the access token. Raises ProviderDown, SignInRefused."""
        known = await self._current()
        about = known.about
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=begun.back, code_verifier=begun.verifier
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        proof = ClientAuth(self._client.id, self._client.secret, self._proof(about))
        address, headers, body = proof.prepare("POST", about["token_endpoint"], form, body)
        answer = await self._ask("POST", address, headers=headers, content=body)
        if answer.status_code in (400, 401):
            raise _refused_token(answer)
        answered = _json(answer)
        token, access = answered.get("id_token"), answered.get("access_token")
        if not isinstance(token, str) or not isinstance(access, str):
            raise SignInRefused("no-token", f"{MISSET}（应答中没有 id_token）")
        return await self._verified(token, known, begun), access

    async def more_claims(self, access: str, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The claims, and what the provider says of the same person when asked (Core §5.3). Raises ProviderDown."""
        asked = (await self._current()).about.get("userinfo_endpoint")
        if not isinstance(asked, str) or not self._is_safe(asked):
            return dict(claims)
        more = _json(await self._ask("GET", asked, headers={"Authorization": f"Bearer {access}"}))
        return {**more, **claims} if more.get("sub") == claims["sub"] else dict(claims)

    async def _verified(self, token: str, known: _Known, begun: Begun) -> dict[str, Any]:
        allowed = [
            each for each in _texts(known.about.get("id_token_signing_alg_values_supported")) if each in ALGORITHMS
        ]
        try:
            try:
                read = jwt.decode(token, known.keys, algorithms=allowed or ["RS256"])
            except InvalidKeyIdError:  # it has new keys
                known = await self._renewed(known)
                read = jwt.decode(token, known.keys, algorithms=allowed or ["RS256"])
            expected = {"client_id": self._client.id, "nonce": begun.nonce}
            options: Any = {
                "iss": {"essential": True, "value": self._client.issuer},
                "aud": {"essential": True, "value": self._client.id},
                "sub": {"essential": True},
            }
            claims = CodeIDToken(read.claims, read.header, options, expected)
            claims.validate(now=int(self._now().timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise _refused_claims(error) from error
        return dict(claims)

    def _proof(self, about: Mapping[str, Any]) -> str:
        """How we prove who we are (Core §9)."""
        if not self._client.secret:
            return "none"
        offered = _texts(about.get("token_endpoint_auth_methods_supported"))
        posts = "client_secret_post" in offered and "client_secret_basic" not in offered
        return "client_secret_post" if posts else "client_secret_basic"

    async def _current(self) -> _Known:
        if self._known is not None and self._now() - self._known.at < FRESH:
            return self._known
        try:
            self._known = await self._learn()
        except ProviderDown:
            if self._known is None:
                raise
        return self._known

    async def _renewed(self, known: _Known) -> _Known:
        if self._now() - known.at >= KEYS_AT_MOST:
            self._known = await self._learn()
        return self._known or known

    async def _learn(self) -> _Known:
        about = _json(await self._ask("GET", get_well_known_url(self._client.issuer, external=True)))
        if about.get("issuer") != self._client.issuer:
            log.error("identity_provider_misset", said=str(about.get("issuer"))[:200], wanted=self._client.issuer)
            raise SignInRefused("issuer", f"{MISSET}（签发者不符）")
        if not all(isinstance(about.get(name), str) and self._is_safe(about[name]) for name in ENDPOINTS):
            raise SignInRefused("endpoints", f"{MISSET}（地址缺失或不安全）")
        try:
            keys = KeySet.import_key_set(_json(await self._ask("GET", about["jwks_uri"])))  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SignInRefused("keys", f"{MISSET}（公钥无法读取）") from error
        return _Known(about, keys, self._now())

    def _is_safe(self, address: str) -> bool:
        return address.startswith("https://") or (address.startswith("http://") and is_local(address))

    async def _ask(self, method: str, address: str, **options: Any) -> httpx.Response:
        """An answer that is no fault of the provider's. Raises ProviderDown, at once while it is left alone."""
        if self._not_before is not None and self._now() < self._not_before:
            raise ProviderDown
        try:
            async with http_client() as client:
                answer = await client.request(method, address, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._down(address, repr(error)) from error
        if answer.status_code >= 500 or answer.status_code == 429 or len(answer.content) > LARGEST:
            raise self._down(address, str(answer.status_code))
        self._failures, self._not_before = 0, None
        return answer

    def _down(self, address: str, why: str) -> ProviderDown:
        self._not_before = self._now() + min(FIRST_PAUSE * (1 << min(self._failures, 10)), LONGEST_PAUSE)
        self._failures += 1
        log.warning("identity_provider_down", address=address.partition("?")[0], why=why, failures=self._failures)
        return ProviderDown()


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        answered = answer.json() if answer.is_success else None
    except ValueError:
        answered = None
    if not isinstance(answered, dict):
        log.error("identity_provider_misset", address=str(answer.url.copy_with(query=None)), status=answer.status_code)
        raise SignInRefused("answer", f"{MISSET}（应答 {answer.status_code} 无法读取）")
    return answered


def _texts(said: Any) -> list[str]:
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []


def _refused_token(answer: httpx.Response) -> SignInRefused:
    """Of an error answer of the token endpoint (RFC 6749 §5.2)."""
    try:
        error = str(answer.json().get("error", ""))
    except (ValueError, AttributeError):
        error = ""
    log.warning("identity_provider_refused", error=error[:60], status=answer.status_code)
    if error == "invalid_grant":
        return SignInRefused("code", "登录凭据已失效或已用过，请重新登录")
    return SignInRefused("client", f"{MISSET}（本系统未被接受：{error[:60] or answer.status_code}）")


def _refused_claims(error: Exception) -> SignInRefused:
    claim = str(getattr(error, "claim", "") or "")
    log.warning("identity_provider_token_refused", error=type(error).__name__, claim=claim)
    if isinstance(error, ExpiredTokenError) or (isinstance(error, InvalidClaimError) and claim in ("iat", "nbf")):
        return SignInRefused("clock", "本系统与统一身份认证的时钟相差过大，请联系系统管理员校准时间")
    return SignInRefused("token", "统一身份认证的登录应答没有通过校验，请重新登录；若仍不行请联系系统管理员")
