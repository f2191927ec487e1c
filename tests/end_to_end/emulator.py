"""An emulated AWS on this machine, without Docker: ministack, which runs the functions as processes."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import requests

REGION = "eu-central-1"
# Credentials of the account's root. The emulator checks the policies of all others: see AUTH below.
ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# The services of the templates and the tests; none that opens ports of its own.
SERVICES = (
    "apigateway,cloudformation,cloudwatch,cognito-idp,dynamodb,ecs,elasticloadbalancing,iam,lambda,logs,route53,s3,"
    "secretsmanager,sts"
)
PATIENCE_SECONDS = 60


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Emulator:
    """A running ministack."""

    def __init__(self, folder: Path, trusted_authority: Path):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "ministack.log"
        environment = self.environment() | {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "SERVICES": SERVICES,
            "IOT_MTLS_ENABLED": "0",
            # Signatures are checked, and so are the policies of the functions' roles.
            "AUTH": "true",
            # What the functions inherit: where DynamoDB is.
            "AWS_ENDPOINT_URL_DYNAMODB": self.url,
            # Signs the certificates of the service behind the API and of the issuer of tokens.
            "SSL_CERT_FILE": str(trusted_authority),
            "S3_DATA_DIR": str(folder / "s3"),
            "STATE_DIR": str(folder / "state"),
        }
        program = [sys.executable, "-B", Path(__file__).parent / "emulated_aws.py"]
        self.process = subprocess.Popen(
            program, env=environment, stdout=self.log.open("w"), stderr=subprocess.STDOUT, cwd=folder
        )
        self._wait()

    def _wait(self):
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE_SECONDS:
            if self.process.poll() is not None:
                break
            try:
                if requests.get(f"{self.url}/_ministack/health", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"ministack does not start:\n{self.log.read_text()}")

    def environment(self):
        """The environment of a program that takes the emulator for AWS."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return inherited | ROOT | {
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }

    def client(self, service, credentials=ROOT):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
        )

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
