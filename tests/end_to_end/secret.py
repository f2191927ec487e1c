"""The secret by which AgentScope recognizes an API."""

from emulator import Emulator


class Secret:
    """A secret with two versions, of which the second is current."""

    def __init__(self, emulator: Emulator, name: str):
        client = emulator.client("secretsmanager")
        self.first, self.current = "first-" + "a" * 32, "current-" + "b" * 32
        made = client.create_secret(Name=name, SecretString=self.first)
        self.arn, self.first_version = made["ARN"], made["VersionId"]
        client.put_secret_value(SecretId=self.arn, SecretString=self.current)
