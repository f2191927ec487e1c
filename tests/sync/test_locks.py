"""Running sessions: a session runs as long as its lock exists."""

import asyncio
import json
import time

import pytest
from world import lock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def session(world):
    agent = await world.agent("Bob the 2nd")
    session = await world.session("Bob the 2nd", agent)
    await world.same()
    return "Bob the 2nd", agent, session


async def runs(world, user, agent):
    status, body = await world.listed(user, agent)
    assert status == 200
    return [one["is_running"] for one in json.loads(body)["sessions"]]


async def test_a_run(world, session):
    user, agent, session = session
    async with world.bus.session_run(session):
        await world.same()
        assert await runs(world, user, agent) == [True]
        await world.talk(user, agent, session, 5_000)
        await world.same()
    await world.same()
    assert await runs(world, user, agent) == [False]
    for _ in range(5):
        async with world.bus.session_run(session):
            await world.talk(user, agent, session, 1_000)
    await world.same()


@pytest.mark.newest
async def test_many_runs(world):
    user = "carol#1 100%"
    agent = await world.agent(user)
    sessions = [await world.session(user, agent) for _ in range(20)]
    begun, over = asyncio.Barrier(len(sessions) + 1), asyncio.Event()

    async def run(session):
        async with world.bus.session_run(session):
            await begun.wait()
            await over.wait()

    tasks = [asyncio.create_task(run(session)) for session in sessions]
    await begun.wait()
    await world.same()
    assert await runs(world, user, agent) == [True] * 20
    over.set()
    await asyncio.gather(*tasks)
    await world.same()


@pytest.mark.newest
async def test_a_lock_that_nobody_renews(world, session):
    user, agent, session = session
    await world.raw.set(lock(session), "of a process that has died", nx=True, ex=3)
    await world.same()
    assert await runs(world, user, agent) == [True]
    await asyncio.sleep(3)
    await world.same()
    assert await runs(world, user, agent) == [False]


@pytest.mark.newest
async def test_a_lock_that_is_renewed_never_looks_dropped(world, session):
    user, agent, session = session
    async with world.bus.acquire_lock(lock(session), ttl_secs=2):
        await world.same()
        begun = time.monotonic()
        while time.monotonic() - begun < 5:
            assert await runs(world, user, agent) == [True], f"after {time.monotonic() - begun:.2f} s"
            await asyncio.sleep(0.05)
    await world.same()


@pytest.mark.newest
async def test_a_lock_before_its_session(world):
    """The scheduler chooses the id of a session before there is one."""
    user, session = "李雷", "chosen-before"
    agent = await world.agent(user)
    async with world.bus.session_run(session):
        await world.same()
        await world.stored_session(user, agent, session_id=session)
        await world.same()
        assert await runs(world, user, agent) == [True]
        # Deleted and made again, while the lock is held.
        await world.storage.delete_session(user, agent, session)
        await world.same()
        await world.stored_session(user, agent, session_id=session)
        await world.same()
        assert await runs(world, user, agent) == [True]
    await world.same()


@pytest.mark.newest
async def test_a_lock_of_two_sessions_with_the_same_id(world):
    """Locks know no users: both run."""
    session = "of:two#users"
    agents = {user: await world.agent(user) for user in ("alice", "Zoë")}
    for user, agent in agents.items():
        await world.stored_session(user, agent, session_id=session)
    async with world.bus.session_run(session):
        await world.same()
        assert [await runs(world, *one) for one in agents.items()] == [[True], [True]]
    await world.same()
    assert [await runs(world, *one) for one in agents.items()] == [[False], [False]]


@pytest.mark.newest
async def test_a_lock_of_no_session(world):
    async with world.bus.session_run("no-such-session"):
        await world.same()
        await world.nothing_lost_nothing_left_over()
    await world.same()
    await world.nothing_lost_nothing_left_over()
