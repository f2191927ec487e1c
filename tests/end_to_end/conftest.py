"""Fixtures: the emulator, the users, and deployments, which are created once each and deleted at the end."""

import shutil
import tempfile
from pathlib import Path

import bad_tokens as bad
import pytest
import world
from deployment import BUILT_TEMPLATE, PAGE, Deployment, ready_made
from emulator import REGION, Emulator
from issuer import Issuer
from origin import Origin
from secret import Secret
from server import Certificate
from users import UserPool


@pytest.fixture(scope="session")
def folder():
    folder = Path(tempfile.mkdtemp(prefix="end-to-end-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def certificate(folder):
    return Certificate(folder)


@pytest.fixture(scope="session")
def origin(certificate):
    origin = Origin(certificate)
    yield origin
    origin.stop()


@pytest.fixture(scope="session")
def issuer(certificate):
    issuer = Issuer(certificate)
    yield issuer
    issuer.stop()


@pytest.fixture(scope="session")
def emulator(folder, certificate):
    assert BUILT_TEMPLATE.exists(), "run `sam build` first"
    emulator = Emulator(folder, certificate.authority)
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def pool(emulator):
    pool = UserPool(emulator, "people")
    pool.subjects = {name: pool.add(name) for name in ("alice", "bob", "mallory")}
    return pool


@pytest.fixture(scope="session")
def bad_tokens(emulator, pool):
    return bad.tokens(emulator, pool)


@pytest.fixture(scope="session")
def secret(emulator):
    return Secret(emulator, "origin")


@pytest.fixture(scope="session")
def zone(emulator):
    """The id of a zone for domain names."""
    made = emulator.client("route53").create_hosted_zone(Name="example.com", CallerReference="tests")
    return made["HostedZone"]["Id"].rpartition("/")[2]


@pytest.fixture(scope="session")
def by_name(emulator, pool):
    """Users are told by the claim that Cognito calls them by; the stack makes its tables; there is no origin."""
    deployment = Deployment(emulator, "by-name").deploy(
        **tokens_of(pool), IdentityClaim="cognito:username", AllowedOrigins=PAGE
    )
    deployment.load(world.WORLD)
    return deployment


@pytest.fixture(scope="session")
def by_subject(emulator, pool, origin, secret, folder):
    """Users are told by `sub`, the default, and AgentScope itself is behind the same address."""
    deployment = Deployment(emulator, "by-subject").deploy(
        **tokens_of(pool), AllowedOrigins=PAGE, OriginUrl=origin.url, OriginSecretArn=secret.arn, **domain("http")
    )
    deployment.load(world.renamed(folder, pool.subjects))
    return deployment


@pytest.fixture(scope="session")
def by_rest(emulator, pool, origin, secret, zone, by_subject):
    """As by_subject and over its tables, but by a REST API, which streams."""
    return Deployment(emulator, "by-rest").deploy(
        **user_pool(pool), AllowedOrigins=PAGE, OriginUrl=origin.url,
        OriginSecretArn=secret.arn, OriginSecretVersion=secret.first_version,
        **domain("rest"), HostedZoneId=zone, **by_subject.tables_as_parameters(),
    )  # fmt: skip


def domain(gateway):
    certificate = f"arn:aws:acm:{REGION}:000000000000:certificate/00000000-0000-0000-0000-000000000000"
    return {"DomainName": f"{gateway}.example.com", "CertificateArn": certificate}


def user_pool(pool):
    return ready_made("cognito") | {
        "UserPoolArn": pool.arn,
        "AgentScopeRelease": "2.0.1",
        "Architecture": "x86_64",
    }


def tokens_of(pool):
    return ready_made("tokens") | {
        "JwtIssuer": pool.issuer,
        "JwtAudience": f"{pool.client},{pool.hasty_client}",
        "AgentScopeRelease": "2.0.1",
        "Architecture": "x86_64",
    }
