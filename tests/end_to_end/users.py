"""Cognito's users and their tokens."""

import time

from emulator import REGION, Emulator

PASSWORD = "Correct-horse-battery-5"
FLOW = "ADMIN_USER_PASSWORD_AUTH"


class UserPool:
    """A pool with an app client for pages, and one whose tokens hold for a second."""

    def __init__(self, emulator: Emulator, name: str):
        self.cognito = emulator.client("cognito-idp")
        made = self.cognito.create_user_pool(PoolName=name)["UserPool"]
        self.id, self.arn = made["Id"], made["Arn"]
        self.issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{self.id}"
        self.client = self._client("page")
        # Cognito itself has no tokens for less than five minutes.
        second = {"IdToken": "seconds", "AccessToken": "seconds"}
        self.hasty_client = self._client(
            "hasty", IdTokenValidity=1, AccessTokenValidity=1, TokenValidityUnits=second
        )
        self.foreign_client = self._client("another service's")

    def _client(self, name, **options):
        client = self.cognito.create_user_pool_client(
            UserPoolId=self.id, ClientName=name, ExplicitAuthFlows=[f"ALLOW_{FLOW}", "ALLOW_REFRESH_TOKEN_AUTH"], **options
        )
        return client["UserPoolClient"]["ClientId"]

    def add(self, name):
        """Makes a user and returns its claim `sub`."""
        user = self.cognito.admin_create_user(UserPoolId=self.id, Username=name, MessageAction="SUPPRESS")["User"]
        self.cognito.admin_set_user_password(UserPoolId=self.id, Username=name, Password=PASSWORD, Permanent=True)
        return next(attribute["Value"] for attribute in user["Attributes"] if attribute["Name"] == "sub")

    def tokens(self, name, client=None):
        response = self.cognito.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=client or self.client,
            AuthFlow=FLOW,
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )
        return response["AuthenticationResult"]

    def id_token(self, name, client=None):
        return self.tokens(name, client)["IdToken"]

    def expired_token(self, name):
        token = self.id_token(name, self.hasty_client)
        time.sleep(2.5)
        return token
