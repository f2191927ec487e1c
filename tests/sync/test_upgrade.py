"""A Redis that AgentScope 2.0.1 has filled, and what follows it, go over to 2.0.11."""

import asyncio
import json
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from comparison import where
from processes import Redis, Service, Stack, Sync, http, wait_until
from records import RELEASE, conversation
from world import World

pytestmark = [pytest.mark.anyio, pytest.mark.newest]
OLDER = "2.0.1"


@pytest.fixture
async def older(request, tmp_path, tally, anyio_backend):
    """The service of 2.0.1 with all that its users have made, and the tables that follow it."""
    python = request.config.getoption("older")
    with ExitStack() as stack:
        redis = Redis(tmp_path / "redis")
        stack.callback(redis.stop)
        service = Service(redis, tmp_path, python)
        test_stack = Stack(OLDER)
        stack.callback(test_stack.stop)
        sync = Sync(redis, test_stack, tmp_path, OLDER)
        async with World(redis, service, test_stack, sync, tally).open() as world:
            # It may have changed by then.
            stack.callback(lambda: world.service.stop())
            service.wait()
            fill = [python, "-B", Path(__file__).with_name("fill.py"), str(redis.port), redis.PASSWORD, service.url]
            made = json.loads(subprocess.run(fill, stdout=subprocess.PIPE, check=True, timeout=60).stdout)
            world.agents, world.schedules = made["agents"], made["schedules"]
            sync.start()
            yield world
            if sync.is_running():
                sync.stop()


async def team_records(world):
    """What Redis holds of teams."""
    return {key: json.loads(await world.raw.get(key)) async for key in world.raw.scan_iter("agentscope:user:*:team:*")}


async def without_times(world, body):
    """A list without what AgentScope invents as it reads: times of blocks, and when a team came by its roster."""
    (response,) = await world.comparison.invented.without(body)
    for one in response["sessions"]:
        if one.get("team"):
            del one["team"]["team"]["updated_at"]
    return response


async def goes_over(world):
    """Ends the older service and starts the newer one over the same Redis. It has had no request yet."""
    world.service.stop()
    world.service = Service(world.redis, world.sync.log.parent)
    world.service.wait()
    world.comparison = world.compared_to(world.test_stack)


async def test_all_lists_stay_and_teams_migrate(older):
    world = older
    await world.same(everybody=True)
    await world.nothing_lost_nothing_left_over()
    assert world.sync.stop() == 0

    world.sync.release = RELEASE
    world.test_stack.set_release(RELEASE)
    world.sync.start()
    assert world.sync.verify()[0] == 0
    # Before the first request to AgentScope, which rewrites a team when it reads it.
    teams = await team_records(world)
    assert teams and not any("members" in team["data"] for team in teams.values())
    questions = world.questions(everybody=True)
    before = {question: await world.comparison.send(world.test_stack.url, question) for question in questions}
    assert await team_records(world) == teams

    await goes_over(world)
    for question, ours in before.items():
        reference = await world.comparison.send(world.service.url, question)
        assert ours[0] == reference[0], question
        if ours[0] == 200:
            differences = where(await without_times(world, reference[1]), await without_times(world, ours[1]))
            assert not differences, "\n".join([f"{question}:", *differences])
    # AgentScope has written rosters, and the tables have followed.
    assert all(len(team["data"]["members"]) == 2 for team in (await team_records(world)).values())
    await world.same(everybody=True)
    await world.nothing_lost_nothing_left_over()
    assert world.sync.complaints() == []

    # What is changed from now on is as 2.0.11 writes it.
    for agent, user in list(world.agents.items()):
        for session in await world.storage.list_sessions(user, agent):
            await world.patch_session(user, agent, session.id, name="Renamed")
            session.state.context += conversation(100).context
            await world.storage.update_session_state(user, agent, session.id, session.state)
        await world.session(user, agent)
    await world.same()
    for agent, user in list(world.agents.items()):
        await world.storage.delete_agent(user, agent)
    await world.same()
    await world.nothing_lost_nothing_left_over()


async def test_agentscope_goes_over_and_sync_does_not(older):
    """It says so once, says that it is not well, and leaves the lists as they are, until it is told the release."""
    world = older
    await world.same()
    await goes_over(world)
    questions = world.questions(everybody=True)
    before = {question: await world.comparison.send(world.test_stack.url, question) for question in questions}
    user = next(iter(world.agents.values()))
    agent = await world.agent(user, "Of the newer release")
    wait_until(lambda: about_releases(world.sync), "a complaint", world.sync.process)
    for _ in range(3):
        await world.session(user, agent)
        await world.api("PATCH", f"/agent/{agent}", user, json={"name": "Renamed"})
    await asyncio.sleep(1)
    assert len(about_releases(world.sync)) == 1
    status, health = http(f"http://{world.sync.address}/healthz")
    assert status == 503 and "--release" in json.loads(health)["problem"], health
    assert http(f"http://{world.sync.address}/livez")[0] == 200
    for question, response in before.items():
        assert await world.comparison.send(world.test_stack.url, question) == response

    assert world.sync.stop() == 0
    # By its exit status, a script can tell what to do.
    assert world.sync.once()[0] == world.sync.verify()[0] == 3
    for question, response in before.items():
        assert await world.comparison.send(world.test_stack.url, question) == response
    world.sync.release = RELEASE
    world.test_stack.set_release(RELEASE)
    world.sync.start()
    for question in questions:
        # One after the other: several at once would each rewrite the same team.
        await world.comparison.send(world.service.url, question)
    await world.same(everybody=True)
    await world.nothing_lost_nothing_left_over()


def about_releases(sync):
    """The errors that tell what to do."""
    return [line for line in sync.complaints() if "--release" in line["message"]]
