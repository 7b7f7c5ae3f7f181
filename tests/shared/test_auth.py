"""Who is asking: keys that rotate without a restart, tokens that cannot be forged."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from prometheus_client import REGISTRY

from shared.auth import Authenticator, Principal, Role, hash_key, issue_token, new_key, require
from shared.clock import ManualClock, SystemClock
from shared.errors import Forbidden, TooManyFailures, Unauthorized
from shared.settings import ServiceSettings

SECRET = "a-secret-of-tests-that-is-long-enough-for-hs256"
NOW = SystemClock().now().timestamp()
CLAIMS: dict[str, Any] = {"iss": "huifang", "aud": "huifang", "sub": "u1", "role": "agent", "exp": int(NOW) + 86_400}


def keys_file(path: Path, *keys: tuple[str, str], stamp: float = NOW) -> Path:
    path.write_text(
        json.dumps(
            [{"id": f"key-{role}", "role": role, "sha256": hash_key(key), "units": ["CD"]} for key, role in keys]
        )
    )
    os.utime(path, (stamp, stamp))
    return path


def with_secret(**changes: Any) -> Authenticator:
    return Authenticator(ServiceSettings(**({"jwt_secret": SECRET} | changes)))


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


async def test_a_known_key_names_its_owner(tmp_path: Path) -> None:
    key = new_key()
    path = keys_file(tmp_path / "keys.json", (key, "agent"))
    principal = await Authenticator(ServiceSettings(keys_file=path)).principal(key)
    assert principal == Principal("key:key-agent", (Role.AGENT,), "", ("CD",))
    assert key not in path.read_text()


async def test_keys_rotate_when_the_file_changes(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    path = keys_file(tmp_path / "keys.json", (old, "agent"))
    authenticator = Authenticator(ServiceSettings(keys_file=path))
    await authenticator.principal(old)
    keys_file(path, (old, "agent"), (new, "agent"), stamp=NOW + 1)
    assert (await authenticator.principal(old)).id == (await authenticator.principal(new)).id
    keys_file(path, (new, "agent"), stamp=NOW + 2)
    with pytest.raises(Unauthorized):
        await authenticator.principal(old)
    path.unlink()
    with pytest.raises(Unauthorized):
        await authenticator.principal(new)


async def test_a_key_ends_at_its_time_and_two_of_one_identity_live_while_it_is_rotated(tmp_path: Path) -> None:
    clock = ManualClock(datetime.fromtimestamp(NOW, UTC))
    old, new = new_key(), new_key()
    rows = [{"id": "erp", "role": "integrator", "sha256": hash_key(key)} for key in (old, new)]
    rows[0]["expires_at"] = (clock.machine() + timedelta(hours=1)).isoformat()
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(rows))
    authenticator = Authenticator(ServiceSettings(keys_file=path), clock)
    assert (await authenticator.principal(old)).id == (await authenticator.principal(new)).id == "key:erp"
    clock.advance(timedelta(hours=1))
    await authenticator.principal(new)
    with pytest.raises(Unauthorized):
        await authenticator.principal(old)


BAD_ROW = {"id": "x", "role": "agent", "sha256": "0" * 64}


@pytest.mark.parametrize(
    "content",
    ["", "{", "{}", "[1]", json.dumps([BAD_ROW | {"sha256": "short"}]), json.dumps([BAD_ROW | {"role": "king"}]),
     json.dumps([BAD_ROW | {"units": "CD"}]), json.dumps([BAD_ROW | {"expires_at": "tomorrow"}]),
     json.dumps([BAD_ROW | {"expires_at": "2027-01-01T00:00:00"}]), json.dumps([BAD_ROW | {"id": ""}])],
)  # fmt: skip
async def test_a_broken_file_of_keys_keeps_those_known_last_and_alarms(content: str, tmp_path: Path) -> None:
    key = new_key()
    path = keys_file(tmp_path / "keys.json", (key, "agent"))
    authenticator = Authenticator(ServiceSettings(keys_file=path))
    await authenticator.principal(key)
    path.write_text(content)
    os.utime(path, (NOW + 9, NOW + 9))
    assert (await authenticator.principal(key)).roles == (Role.AGENT,)
    assert REGISTRY.get_sample_value("huifang_keys_file_broken") == 1
    keys_file(path, (key, "ops"), stamp=NOW + 10)
    assert (await authenticator.principal(key)).roles == (Role.OPS,)
    assert REGISTRY.get_sample_value("huifang_keys_file_broken") == 0


async def test_a_token_never_names_somebody_as_a_key_does() -> None:
    with pytest.raises(Unauthorized):
        await with_secret().principal(issue_token(SECRET, "key:key-agent", Role.SUPERVISOR, NOW + 86_400))


def test_who_guesses_is_told_to_wait_and_others_are_not() -> None:
    authenticator = Authenticator(ServiceSettings(failed_sign_ins=5))
    for _ in range(5):
        authenticator.note_failure("192.0.2.1")
    with pytest.raises(TooManyFailures) as told:
        authenticator.note_failure("192.0.2.1")
    assert 1 <= told.value.extra["retry_after"] <= 60
    authenticator.note_failure("192.0.2.2")


@pytest.mark.parametrize("key", ["", "hf_", "hf_unknown", "a.b", "a.b.c.d", "密钥"])
async def test_an_unknown_key_is_refused(key: str, tmp_path: Path) -> None:
    path = keys_file(tmp_path / "keys.json", (new_key(), "agent"))
    with pytest.raises(Unauthorized):
        await Authenticator(ServiceSettings(keys_file=path)).principal(key)


async def test_somebody_may_have_several_roles_teams_and_a_code_as_worker() -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != "role"}
    claims |= {"roles": ["agent", "policy_owner"], "teams": ["hotline"], "worker": "W7"}
    principal = await with_secret().principal(jwt.encode(claims, SECRET, algorithm="HS256"))
    assert (principal.teams, principal.worker) == (("hotline",), "W7")
    assert principal.may(Role.AGENT)
    assert principal.may(Role.OPS, Role.POLICY_OWNER)
    assert not principal.may(Role.SUPERVISOR)


async def test_a_token_of_ours_is_accepted() -> None:
    token = issue_token(SECRET, "u1", Role.SUPERVISOR, NOW + 86_400, name="李敏", units=["CD", "CX"])
    assert await with_secret().principal(token) == Principal("u1", (Role.SUPERVISOR,), "李敏", ("CD", "CX"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": int(NOW) - 5}, id="expired"),  # a time in an id would differ between workers
        pytest.param({"nbf": int(NOW) + 86_400}, id="not yet valid"),
        {"aud": "elsewhere"},
        {"iss": "elsewhere"},
        {"role": "emperor"},
        {"role": None},
        {"exp": None},
        {"aud": None},
        {"iss": None},
        {"sub": None},
        {"sub": 7},
        {"units": "CD"},
        {"units": [None]},
        {"roles": []},
        {"roles": "agent"},
        {"roles": ["agent", "emperor"]},
        {"teams": "hotline"},
    ],
    ids=str,
)
async def test_a_token_with_wrong_or_missing_claims_is_refused(changes: dict[str, Any]) -> None:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    with pytest.raises(Unauthorized):
        await with_secret().principal(jwt.encode(claims, SECRET, algorithm="HS256"))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256"])
async def test_an_unsigned_token_is_refused(algorithm: str) -> None:
    with pytest.raises(Unauthorized):
        await with_secret().principal(unsigned({"alg": algorithm, "typ": "JWT"}, CLAIMS))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_another_algorithm_is_refused_even_with_the_right_secret(algorithm: str) -> None:
    with pytest.raises(Unauthorized):
        await with_secret().principal(jwt.encode(CLAIMS, SECRET.ljust(64, "x"), algorithm=algorithm))


async def test_a_changed_token_is_refused() -> None:
    head, _, signature = jwt.encode(CLAIMS, SECRET, algorithm="HS256").split(".")
    admin = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"role": "admin"}).encode()).decode().rstrip("=")
    with pytest.raises(Unauthorized):
        await with_secret().principal(f"{head}.{admin}.{signature}")


async def test_tokens_are_refused_where_none_are_set_up() -> None:
    with pytest.raises(Unauthorized):
        await Authenticator(ServiceSettings()).principal(jwt.encode(CLAIMS, SECRET, algorithm="HS256"))


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def jwks_url(private_key: rsa.RSAPrivateKey) -> Iterator[str]:
    """An OIDC provider's key set, served over HTTP."""
    key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key.public_key())) | {"kid": "k1", "use": "sig"}
    body = json.dumps({"keys": [key]}).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/jwks"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_token_of_the_oidc_provider_is_accepted(private_key: rsa.RSAPrivateKey, jwks_url: str) -> None:
    token = jwt.encode(CLAIMS, private_key, algorithm="RS256", headers={"kid": "k1"})
    assert (await with_secret(jwt_jwks_url=jwks_url).principal(token)).id == "u1"


async def test_the_public_key_is_no_hmac_secret(private_key: rsa.RSAPrivateKey, jwks_url: str) -> None:
    pem = private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head, body, _ = unsigned({"alg": "HS256", "typ": "JWT", "kid": "k1"}, CLAIMS).split(".")
    signature = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    swapped = unsigned({"alg": "HS256", "typ": "JWT", "kid": "k1"}, CLAIMS, signature)
    with pytest.raises(Unauthorized):
        await with_secret(jwt_jwks_url=jwks_url).principal(swapped)


async def test_a_local_token_is_refused_where_a_provider_is_set(jwks_url: str) -> None:
    with pytest.raises(Unauthorized):
        await with_secret(jwt_jwks_url=jwks_url).principal(jwt.encode(CLAIMS, SECRET, algorithm="HS256"))


async def test_a_token_of_a_key_the_provider_does_not_have_is_refused(
    private_key: rsa.RSAPrivateKey, jwks_url: str
) -> None:
    token = jwt.encode(CLAIMS, private_key, algorithm="RS256", headers={"kid": "k2"})
    with pytest.raises(Unauthorized):
        await with_secret(jwt_jwks_url=jwks_url).principal(token)


@pytest.mark.parametrize(("role", "passes"), [(Role.AGENT, True), (Role.ADMIN, True), (Role.AUDITOR, False)])
async def test_a_role_opens_what_it_is_named_for_and_admin_opens_all(role: Role, passes: bool) -> None:
    check = require(Role.AGENT, Role.SUPERVISOR)
    if passes:
        assert (await check(Principal("u", (role,)))).roles == (role,)
    else:
        with pytest.raises(Forbidden):
            await check(Principal("u", (role,)))
