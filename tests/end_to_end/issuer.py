"""An issuer of OpenID Connect that is not Cognito."""

import json
import urllib.parse

from server import Certificate, JsonHandler, Server


class Issuer(Server):
    """It gives every code an access token, and says that the code is the user."""

    def __init__(self, certificate: Certificate):
        class Handler(JsonHandler):
            def do_POST(self):
                (code,) = urllib.parse.parse_qs(self.body())["code"]
                self.respond(200, json.dumps({"access_token": code, "token_type": "Bearer"}))

            def do_GET(self):
                self.respond(200, json.dumps({"sub": self.headers["authorization"].removeprefix("Bearer ")}))

        super().__init__(Handler, certificate)
