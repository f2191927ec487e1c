"""A Redis that requires TLS and a password."""

import datetime
import ipaddress
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from processes import Redis, Stack, Sync, free_port, wait_until


def certificates(folder: Path):
    """A certificate for this machine, and the authority that has issued it."""
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)

    def certificate(name, key, issuer, issuer_key, is_authority):
        return (
            x509.CertificateBuilder()
            .subject_name(name).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )  # fmt: skip

    def written(name, content):
        (folder / name).write_bytes(content)
        return folder / name

    def private(key):
        form = serialization.PrivateFormat.PKCS8
        return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", "redis")]
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]
    authority = certificate(names[0], keys[0], names[0], keys[0], True)
    own = certificate(names[1], keys[1], names[0], keys[0], False)
    pem = serialization.Encoding.PEM
    return (
        written("authority.pem", authority.public_bytes(pem)),
        written("redis.pem", own.public_bytes(pem)),
        written("redis-key.pem", private(keys[1])),
    )


class EncryptedRedis(Redis):
    """One that can be reached by TLS alone. Its password has what an address has to escape."""

    PASSWORD = "p@ss/w:rd%"

    def __init__(self, folder: Path):
        folder.mkdir()
        self.port = free_port()
        self.authority, certificate, key = certificates(folder)
        self.configuration = folder / "redis.conf"
        self.configuration.write_text(
            f"bind 127.0.0.1\nport 0\ntls-port {self.port}\ndir {folder}\nlogfile {folder / 'redis.log'}\nsave \"\"\n"
            f"tls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {self.authority}\ntls-auth-clients no\n"
            f"requirepass {self.PASSWORD}\n"
        )
        self.start()

    def client(self):
        # Whether certificates are checked is tried with agentscope-sync.
        return redis.Redis(
            port=self.port, password=self.PASSWORD, ssl=True, ssl_cert_reqs="none", ssl_check_hostname=False,
            socket_timeout=5,
        )  # fmt: skip

    def is_ready(self):
        try:
            return self.client().ping()
        except redis.exceptions.ConnectionError:
            return False

    @property
    def url(self):
        return f"rediss://:p%40ss%2Fw%3Ard%25@127.0.0.1:{self.port}/0"


@pytest.fixture
def encrypted(tmp_path):
    encrypted, test_stack = EncryptedRedis(tmp_path / "redis"), Stack()
    yield encrypted, Sync(encrypted, test_stack, tmp_path)
    test_stack.stop()
    encrypted.stop()


AGENT = (
    '{"id":"a","user_id":"alice","created_at":"2026-01-01T00:00:00","updated_at":"2026-01-01T00:00:00",'
    '"data":{"id":"a","name":"A","context_config":{},"react_config":{}}}'
)


def test_a_redis_that_wants_tls_is_followed(encrypted):
    server, sync = encrypted
    trusted = ("--ca-file", str(server.authority))
    server.client().set("agentscope:user:alice:agent:a", AGENT)
    status, summary = sync.once(*trusted)
    assert (status, summary.startswith("1 records: 1 written")) == (0, True), summary
    sync.start(*trusted)
    server.client().set("agentscope:user:alice:agent:b", AGENT.replace('"id":"a"', '"id":"b"'))
    wait_until(lambda: sync.verify(*trusted)[0] == 0, "both sides hold the same")
    assert sync.stop() == 0


def test_a_certificate_that_is_not_trusted_and_a_wrong_password_are_refused(encrypted, monkeypatch):
    server, sync = encrypted
    assert sync.once() == (1, "")
    assert "invalid peer certificate" in sync.log.read_text()
    wrong = server.url.replace("w%3Ard", "wrong")
    monkeypatch.setattr(EncryptedRedis, "url", wrong)
    assert sync.once("--ca-file", str(server.authority)) == (1, "")
    log = sync.log.read_text()
    assert "Password authentication failed" in log
    assert server.PASSWORD not in log and "p%40ss" not in log


