"""Fixtures: an AgentScope service with `agentscope-sync` beside it, for all of them, since it takes seconds to
start; and the number of comparisons, which is printed at the end."""

import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from comparison import Tally
from model import Model
from processes import ROOT_FOLDER, Redis, Service, Stack, Sync
from records import RELEASE
from world import World

TALLY = Tally()
NEWEST = "2.0.11"


def pytest_addoption(parser):
    parser.addoption("--release", default=RELEASE, help="the release of AgentScope that is to be tried: the installed one")
    parser.addoption(
        "--python-of-2.0.1", dest="older", type=Path, default=ROOT_FOLDER / "target/sync-venv-2.0.1/bin/python",
        help="the Python of an environment with AgentScope 2.0.1, for what begins with that release and goes on with another",
    )  # fmt: skip


def pytest_configure(config):
    config.addinivalue_line("markers", "newest: is tried with the newest release alone")
    if config.getoption("release") != RELEASE:
        raise pytest.UsageError(f"AgentScope {RELEASE} is installed here")


def pytest_collection_modifyitems(config, items):
    """Faults, load and odd ids do not depend on the release of AgentScope. They take minutes, so they are tried with one: the
    newest, whose records come in more shapes. With 2.0.1 the rest runs: what users and agents do, teams, runs, and secrets."""
    if RELEASE != NEWEST:
        left_out = [item for item in items if item.get_closest_marker("newest")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def tally():
    return TALLY


@pytest.fixture(scope="session")
def folder():
    folder = Path(tempfile.mkdtemp(prefix="sync-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def redis(folder):
    redis = Redis(folder / "redis")
    yield redis
    redis.stop()


@pytest.fixture(scope="session")
def service(redis, folder):
    service = Service(redis, folder)
    yield service
    service.stop()


@pytest.fixture(scope="session")
async def model(anyio_backend):
    async with Model().serve() as model:
        yield model


@pytest.fixture(scope="session")
def test_stack():
    test_stack = Stack()
    yield test_stack
    test_stack.stop()


@pytest.fixture(scope="session")
def following(redis, test_stack, folder):
    sync = Sync(redis, test_stack, folder)
    yield sync
    if sync.is_running():
        sync.stop()


@pytest.fixture(scope="session")
async def everything(redis, service, test_stack, following, tally, anyio_backend):
    service.wait()
    async with World(redis, service, test_stack, following, tally).open() as world:
        await world.populate()
        following.start()
        yield world


@pytest.fixture
async def world(everything):
    """The world, with a sync process that follows, whatever the test before has done to it."""
    if not everything.sync.is_running():
        everything.sync.start()
    yield everything
    if everything.sync.is_running():
        try:
            await everything.clean_up()
        except AssertionError:
            # The next test shall not suffer from it.
            everything.sync.stop(signal.SIGKILL)
            raise


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Where a test has failed, what sync has written last is a part of the report."""
    report = (yield).get_result()
    sync = item.funcargs.get("following") if hasattr(item, "funcargs") else None
    if report.failed and sync is not None and sync.log.exists():
        report.sections.append(("the end of sync's log", sync.log.read_text()[-6000:]))


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(
        f"{TALLY.comparisons} comparisons after {TALLY.steps} steps: {TALLY.agreements} agreements, of these"
        f" {TALLY.byte_for_byte} byte for byte and {TALLY.with_invented_times} but for times that AgentScope invents, by status"
        f" {dict(sorted(TALLY.responses.items()))};"
        f" the slowest step was agreed on after {TALLY.slowest:.2f} s"
    )
