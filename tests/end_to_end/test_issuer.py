"""The REST API with tokens of an issuer that is not Cognito, which the authorizer function checks."""

import time

import jwt
import pytest
import world
from cryptography.hazmat.primitives import serialization
from deployment import PAGE, Deployment, ready_made
from emulator import PATIENCE_SECONDS
from issuer import AUDIENCE, new_key
from written_metrics import written


@pytest.fixture(scope="module")
def by_issuer(emulator, by_name, issuer, origin, secret):
    parameters = ready_made("issuer") | {
        "JwtIssuer": issuer.url, "JwtAudience": f"another,{AUDIENCE}", "AgentScopeRelease": "2.0.1",
        "Architecture": "x86_64", "AllowedOrigins": PAGE, "OriginUrl": origin.url, "OriginSecretArn": secret.arn,
    }  # fmt: skip
    return Deployment(emulator, "by-issuer").deploy(**parameters, **by_name.tables_as_parameters())


@pytest.mark.parametrize("user", ["alice", "bob"])
@pytest.mark.parametrize("route", ["sessions", "schedule"])
def test_a_user_gets_what_the_reference_answered(by_issuer, issuer, user, route):
    token = issuer.token(user)
    count = 0
    for path, body in world.golden(user, route):
        response = by_issuer.call(path, token, headers={"x-user-id": "mallory"})
        assert (response.status_code, response.json()) == (200, body), path
        count += 1
    assert count > 0


def test_mallory_with_a_token_of_her_own_finds_nothing_of_alices(by_issuer, issuer):
    for route in ("sessions", "schedule"):
        path, _ = world.a_list("alice", route)
        assert by_issuer.call(path, issuer.token("mallory"), headers={"x-user-id": "alice"}).status_code == 404


def test_every_other_request_goes_to_agentscope_as_the_caller(by_issuer, issuer, origin, secret):
    origin.take()
    for method, path in [("GET", "/"), ("POST", "/sessions/"), ("GET", "/sessions/s/stream"), ("DELETE", "/schedule/x")]:
        headers = {"X-User-Id": "alice", "x-origin-secret": "Mallory's"}
        assert by_issuer.call(path, issuer.token("bob"), method, headers=headers).status_code == 200
        (seen,) = origin.take()
        assert (seen["method"], seen["headers"]["x-user-id"]) == (method, "bob")
        assert seen["headers"]["x-origin-secret"] == secret.current


def with_secret_of_the_public_key(issuer):
    """A token that is valid for who takes the issuer's public key for the secret of an HMAC."""
    ((name, key),) = issuer.keys.items()
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    secret = key.public_key().public_bytes(*form)
    head = jwt.utils.base64url_encode(f'{{"alg":"HS256","typ":"JWT","kid":"{name}"}}'.encode())
    unsigned = jwt.encode(issuer.claims("alice"), None, algorithm="none").split(".")[1].encode()
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head + b"." + unsigned, secret)
    return b".".join([head, unsigned, jwt.utils.base64url_encode(signature)]).decode()


def signed(issuer, key, name, algorithm="RS256"):
    return jwt.encode(issuer.claims("alice"), key, algorithm=algorithm, headers={"kid": name})


BAD_TOKENS = {
    "none": lambda _: None,
    "no token": lambda _: "alice",
    "expired": lambda issuer: issuer.token("alice", exp=int(time.time()) - 600),
    "not valid yet": lambda issuer: issuer.token("alice", nbf=int(time.time()) + 600),
    "without an end": lambda issuer: issuer.token("alice", exp=None),
    "of a wrong key": lambda issuer: signed(issuer, new_key(), "first"),
    "of an unknown key": lambda issuer: signed(issuer, new_key(), "another"),
    "of a secret": lambda issuer: signed(issuer, "s" * 32, "first", "HS256"),
    "of the public key as a secret": with_secret_of_the_public_key,
    "without a signature": lambda issuer: signed(issuer, None, "first", "none"),
    "for another audience": lambda issuer: issuer.token("alice", aud="another-service"),
    "for no audience": lambda issuer: issuer.token("alice", aud=None),
    "of another issuer": lambda issuer: issuer.token("alice", iss="https://issuer.example.com"),
    "of nobody": lambda issuer: issuer.token("alice", sub=None),
}


@pytest.mark.parametrize("which", BAD_TOKENS)
def test_mallory_is_refused_with_a_bad_token(by_issuer, issuer, origin, which):
    origin.take()
    token = BAD_TOKENS[which](issuer)
    path, _ = world.a_list("alice", "sessions")
    for method, path in [("GET", path), ("POST", "/sessions/"), ("GET", "/agent/")]:
        response = by_issuer.call(path, token, method, headers={"x-user-id": "alice", "origin": PAGE})
        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"}), (which, method, path)
        assert response.headers["access-control-allow-origin"] == "*"
    assert origin.take() == []


def test_the_authorizer_function_writes_what_its_alarm_reads(emulator, by_issuer, issuer):
    path, _ = world.a_list("alice", "sessions")
    assert by_issuer.call(path, issuer.token("alice")).status_code == 200
    names = {name for _, name, dimensions in written(emulator, by_issuer) if ("Route", "authorizer") in dimensions}
    assert {"Requests", "ServerErrors"} <= names


# The last test, because it changes the issuer's keys.
def test_keys_may_be_rotated(by_issuer, issuer):
    path, body = world.a_list("alice", "sessions")
    before = issuer.token("alice")
    assert by_issuer.call(path, before).status_code == 200
    issuer.publish("first", "second")
    after = issuer.token("alice")
    assert jwt.get_unverified_header(after)["kid"] == "second"
    # The function fetches keys at most every ten seconds.
    begun = time.monotonic()
    while (response := by_issuer.call(path, after)).status_code != 200:
        assert time.monotonic() - begun < PATIENCE_SECONDS, response.text
        time.sleep(1)
    assert response.json() == body
    # Tokens of the earlier key are valid as long as the issuer publishes it.
    assert by_issuer.call(path, before).status_code == 200
