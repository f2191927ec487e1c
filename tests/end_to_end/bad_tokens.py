"""Tokens that no gateway accepts, and one that only a check of the audience refuses."""

import base64
import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from users import UserPool

OF_ANOTHER_AUDIENCE = "for another audience"
NAMES = [
    "none", "empty", "no token", "of another issuer", OF_ANOTHER_AUDIENCE, "expired", "with another's name",
    "that never ends", "signed by Mallory", "unsigned",
]  # fmt: skip


def forged(token, **changes):
    """The token with other claims, under the old signature."""
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==")) | changes
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{header}.{payload}.{signature}"


def signed_by_mallory(pool, token):
    """Every claim and every header as it should be, but the key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": jwt.get_unverified_header(token)["kid"]})


def unsigned(token):
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, None, algorithm="none", headers={"kid": jwt.get_unverified_header(token)["kid"]})


def tokens(emulator, pool):
    """The tokens by their names."""
    hers = pool.id_token("mallory")
    elsewhere = UserPool(emulator, "another issuer")
    elsewhere.add("alice")
    return {
        "none": None,
        "empty": "",
        "no token": "alice",
        "of another issuer": elsewhere.id_token("alice"),
        OF_ANOTHER_AUDIENCE: pool.id_token("alice", pool.foreign_client),
        "expired": pool.expired_token("alice"),
        "with another's name": forged(hers, **{"cognito:username": "alice", "sub": pool.subjects["alice"]}),
        "that never ends": forged(pool.expired_token("alice"), exp=int(time.time()) + 3600),
        "signed by Mallory": signed_by_mallory(pool, pool.id_token("alice")),
        "unsigned": unsigned(pool.id_token("alice")),
    }
