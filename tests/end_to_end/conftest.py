"""Fixtures: the emulator, the users, and deployments, which are created once each and deleted at the end."""

import shutil
import tempfile
from pathlib import Path

import pytest
import world
from deployment import BUILT_TEMPLATE, PAGE, Deployment
from emulator import Emulator
from origin import Origin
from users import UserPool


@pytest.fixture(scope="session")
def folder():
    folder = Path(tempfile.mkdtemp(prefix="end-to-end-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def origin(folder):
    origin = Origin(folder)
    yield origin
    origin.stop()


@pytest.fixture(scope="session")
def emulator(folder, origin):
    assert BUILT_TEMPLATE.exists(), "run `sam build` first"
    emulator = Emulator(folder, origin.certificate)
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def pool(emulator):
    pool = UserPool(emulator, "people")
    pool.subjects = {name: pool.add(name) for name in ("alice", "bob", "mallory")}
    return pool


@pytest.fixture(scope="session")
def by_name(emulator, pool):
    """Users are told by the claim that Cognito calls them by; the stack makes its tables; there is no origin."""
    deployment = Deployment(emulator, "by-name").deploy(
        **tokens_of(pool), IdentityClaim="cognito:username", AllowedOrigins=PAGE
    )
    deployment.load(world.WORLD)
    return deployment


@pytest.fixture(scope="session")
def by_subject(emulator, pool, origin, folder):
    """Users are told by `sub`, the default, and AgentScope itself is behind the same address."""
    deployment = Deployment(emulator, "by-subject").deploy(**tokens_of(pool), AllowedOrigins=PAGE, OriginUrl=origin.url)
    deployment.load(world.renamed(folder, pool.subjects))
    return deployment


def tokens_of(pool):
    return {
        "IdentitySource": "jwt",
        "JwtIssuer": pool.issuer,
        "JwtAudience": f"{pool.client},{pool.hasty_client}",
        "AgentScopeRelease": "2.0.1",
        "Architecture": "x86_64",
    }
