"""An issuer of OpenID Connect that is not Cognito: its keys, its tokens, and its sign-in for load balancers."""

import json
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from server import Certificate, JsonHandler, Server

AUDIENCE = "chat"


class Issuer(Server):
    """Its address is the claim `iss`. A code for the sign-in of a load balancer is the name of a user."""

    def __init__(self, certificate: Certificate):
        self.keys = {}
        self.publish("first")
        issuer = self

        class Handler(JsonHandler):
            def do_POST(self):
                (code,) = urllib.parse.parse_qs(self.body())["code"]
                self.respond(200, json.dumps({"access_token": code, "token_type": "Bearer"}))

            def do_GET(self):
                responses = {
                    "/.well-known/openid-configuration": issuer.configuration,
                    "/keys": issuer.key_set,
                    "/userinfo": lambda: {"sub": self.headers["authorization"].removeprefix("Bearer ")},
                }
                self.respond(200, json.dumps(responses[self.path]()))

        super().__init__(Handler, certificate)

    def publish(self, *names):
        """Publishes the keys of these names and no others. Tokens are signed with the last one."""
        self.keys = {name: self.keys.get(name) or new_key() for name in names}

    def configuration(self):
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}

    def key_set(self):
        algorithm = jwt.algorithms.RSAAlgorithm
        keys = {name: algorithm.to_jwk(key.public_key(), as_dict=True) for name, key in self.keys.items()}
        return {"keys": [key | {"kid": name, "alg": "RS256", "use": "sig"} for name, key in keys.items()]}

    def claims(self, user):
        now = int(time.time())
        return {"iss": self.url, "aud": AUDIENCE, "sub": user, "iat": now, "exp": now + 3600}

    def token(self, user, **claims):
        """A token of the newest key, with other claims than the usual ones. None removes a claim."""
        name, key = list(self.keys.items())[-1]
        claims = {name: value for name, value in (self.claims(user) | claims).items() if value is not None}
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": name})


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
