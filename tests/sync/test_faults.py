"""Faults between Redis and DynamoDB. Afterwards nothing is missing and nothing is left over."""

import asyncio
import json
import random
import signal

import pytest
from processes import wait_until
from world import lock

pytestmark = [pytest.mark.anyio, pytest.mark.newest]
# How long sync may take to start and to read all that has happened meanwhile.
START = 5.0


class Life:
    """Changes of all kinds, in sequence, until a stop is requested."""

    def __init__(self, world, user, seed):
        self.world, self.user, self.dice = world, user, random.Random(seed)
        self.over = asyncio.Event()
        self.count = 0

    async def __aenter__(self):
        self.agent = await self.world.agent(self.user)
        self.sessions = [await self.world.stored_session(self.user, self.agent, 30_000) for _ in range(3)]
        self.task = asyncio.create_task(self._live())
        return self

    async def __aexit__(self, *_):
        self.over.set()
        await self.task

    async def _live(self):
        while not self.over.is_set():
            await self.change()
            self.count += 1
            await asyncio.sleep(0.005)

    async def change(self):
        world, user, agent, sessions, dice = self.world, self.user, self.agent, self.sessions, self.dice
        throw = dice.random()
        if throw < 0.3 or not sessions:
            sessions.append(await world.stored_session(user, agent, dice.choice((0, 10_000, 500_000))))
        elif throw < 0.6 or len(sessions) > 6:
            await world.storage.delete_session(user, agent, sessions.pop(dice.randrange(len(sessions))))
        else:
            await world.talk(user, agent, dice.choice(sessions), dice.choice((100, 30_000, 600_000)))


async def test_sync_is_killed_in_the_middle(world):
    for seed, seconds in enumerate((0.2, 0.45, 0.9)):
        async with Life(world, "alice", seed) as life:
            await asyncio.sleep(seconds)
            assert world.sync.stop(signal.SIGKILL) == -signal.SIGKILL
            await asyncio.sleep(0.2)
        assert life.count > 5
        world.sync.start()
        await world.same()
        await world.nothing_lost_nothing_left_over()


async def test_changes_while_sync_is_down(world):
    user = "acme:alice"
    agent = await world.agent(user)
    kept, gone, changed = [await world.stored_session(user, agent, 100_000) for _ in range(3)]
    schedule = await world.schedule(user, agent)
    scheduled = await world.scheduled_session(user, agent, schedule)
    leader = await world.session(user, agent)
    team, members = await world.team(user, agent, leader)
    async with world.bus.session_run(kept):
        await world.same()
        assert world.sync.stop() == 0
    await world.storage.delete_session(user, agent, gone)
    await world.talk(user, agent, changed, 100_000)
    await world.storage.delete_schedule(user, schedule)
    await world.storage.delete_team(user, team)
    await world.session(user, await world.agent(user, "New"))
    async with world.bus.session_run(changed):
        world.sync.start()
        await world.same()
        await world.nothing_lost_nothing_left_over()
    await world.same()


async def test_a_restart_with_nothing_changed_writes_nothing(world):
    await world.same()
    assert world.sync.stop() == 0
    before = world.test_stack.requests()["requests"]
    writes = world.test_stack.writes()
    world.sync.start()
    assert world.sync.stop() == 0
    assert world.sync.once()[0] == 0
    after = world.test_stack.requests()["requests"]
    assert world.test_stack.writes() == writes, (before, after)
    # It has looked.
    assert sum(after.values()) > sum(before.values())


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
async def test_sync_is_stopped_in_the_middle(world, by):
    written = len(world.sync.log.read_text())
    async with Life(world, "Zoë", 7):
        await asyncio.sleep(0.5)
        assert world.sync.stop(by) == 0
    assert '"stopped;' in world.sync.log.read_text()[written:]
    world.sync.start()
    await world.same()
    await world.nothing_lost_nothing_left_over()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
async def test_redis_is_restarted(world, by):
    user = "Bob the 2nd"
    agent = await world.agent(user)
    session = await world.session(user, agent)
    await world.same()
    world.redis.restart(by)
    # At once, maybe before sync is back.
    await world.talk(user, agent, session, 50_000)
    await world.stored_session(user, agent)
    await world.same()
    assert world.sync.is_running()
    await world.nothing_lost_nothing_left_over()
    await world.storage.delete_session(user, agent, session)
    await world.same()


async def test_redis_is_away_for_a_while(world):
    """Sync says so, and comes back by itself."""
    user = "Bob the 2nd"
    agent = await world.agent(user)
    await world.same()
    world.redis.stop()
    wait_until(lambda: not world.sync.follows(), "a bad health", world.sync.process)
    await asyncio.sleep(3)
    world.redis.start()
    await world.stored_session(user, agent)
    # It retries with growing delays.
    await world.same(within=20)
    world.sync.wait()
    await world.nothing_lost_nothing_left_over()


async def test_connections_to_redis_are_cut(world):
    async with Life(world, "carol#1 100%", 3):
        for _ in range(5):
            await asyncio.sleep(0.2)
            await world.raw.execute_command("CLIENT", "KILL", "USER", "sync")
    await world.same()
    assert world.sync.is_running()
    await world.nothing_lost_nothing_left_over()


@pytest.mark.parametrize("percent", [50, 90])
async def test_dynamodb_is_busy(world, percent):
    before = world.test_stack.requests()
    world.test_stack.throttle(percent)
    try:
        async with Life(world, "李雷", percent):
            await asyncio.sleep(4)
    finally:
        world.test_stack.throttle(0)
    await world.same()
    after = world.test_stack.requests()
    assert after["refused"] > before["refused"] + 10 and after["partially_processed"] > before["partially_processed"]
    assert world.sync.is_running()
    await world.nothing_lost_nothing_left_over()


async def test_notifications_are_off(world):
    """Then the reconciliation does it all."""
    assert world.sync.stop() == 0
    world.sync.start("--reconcile-seconds", "1")
    await world.raw.config_set("notify-keyspace-events", "")
    user = "alice"
    agent = await world.agent(user)
    session = await world.stored_session(user, agent, 50_000)
    await world.same()
    await world.talk(user, agent, session, 100)
    await world.same()
    await world.raw.set(lock(session), "token", ex=600)
    await world.same()
    await world.raw.delete(lock(session))
    await world.same()
    await world.storage.delete_agent(user, agent)
    await world.same()
    await world.nothing_lost_nothing_left_over()
    assert world.sync.stop() == 0


async def test_flags_that_are_missing(world):
    """They are named, and set with `--configure` alone, beside those that somebody else has set."""
    assert world.sync.stop() == 0
    for setting, missing in (("", "Kg$sxe"), ("Kl$", "gsxe"), ("AE", "K")):
        await world.raw.config_set("notify-keyspace-events", setting)
        before = await notifications(world)
        written = len(world.sync.log.read_text())
        world.sync.start(configure=False)
        said = [json.loads(line) for line in world.sync.log.read_text()[written:].splitlines()]
        assert [line["missing"] for line in said if "missing" in line] == [missing]
        assert world.sync.stop() == 0
        assert await notifications(world) == before
        world.sync.start()
        assert await notifications(world) >= before | {*"Kg$sxe"}
        await world.session("alice", await world.agent("alice"))
        await world.same()
        assert world.sync.stop() == 0


async def notifications(world):
    """The flags that are set, without abbreviations."""
    setting = (await world.raw.config_get("notify-keyspace-events"))["notify-keyspace-events"]
    return {*setting.replace("A", "g$lshztxed")}
