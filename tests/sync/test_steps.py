"""Actions on agents, sessions and schedules: after each step the functions respond as AgentScope does."""

import asyncio
import json
import random

import pytest
from agentscope.app.storage import RedisStorage
from people import USERS
from records import conversation

pytestmark = pytest.mark.anyio


async def test_what_was_there_before(world):
    await world.same(everybody=True)
    status, body = await world.listed("alice", next(iter(world.agents)))
    assert status == 200 and json.loads(body)["total"] > 0


async def test_agents(world):
    made = {user: await world.agent(user, f"Agent of {user}", system_prompt="Say \"é\"\n") for user in USERS}
    await world.same()
    for user, agent in made.items():
        context = {"trigger_ratio": 0.5, "reserve_ratio": 0.25}
        await world.api("PATCH", f"/agent/{agent}", user, json={"name": "Renamed", "context_config": context})
    await world.same()
    for user, agent in made.items():
        await world.session(user, agent)
    await world.same()
    # With the sessions.
    for user, agent in list(made.items())[::2]:
        await world.api("DELETE", f"/agent/{agent}", user)
    await world.same()


async def test_sessions(world):
    for user in USERS:
        agent = await world.agent(user)
        made = [await world.session(user, agent, name=f"Session {number}") for number in range(3)]
        await world.patch_session(user, agent, made[0], name="Renamed: 🙂")
        await world.patch_session(user, agent, made[1], permission_mode="explore")
        await world.delete_session(user, agent, made[2])
        await world.same()


async def test_one_change_after_the_other(world):
    agent = await world.agent("alice")
    session = await world.session("alice", agent)
    await world.same()
    for fields in ({"name": "A"}, {"permission_mode": "bypass"}, {"name": "B", "permission_mode": "accept_edits"}):
        await world.patch_session("alice", agent, session, **fields)
        await world.same()
    await world.delete_session("alice", agent, session)
    await world.same()
    await world.api("DELETE", f"/agent/{agent}", "alice")
    await world.same()


async def test_schedules(world):
    for user in USERS[1:3]:
        agent = await world.agent(user)
        schedule = await world.schedule(user, agent)
        await world.same()
        sessions = [await world.scheduled_session(user, agent, schedule, size) for size in (0, 500, 50_000)]
        await world.same()
        await world.api("PATCH", f"/schedule/{schedule}", user, json={"name": "Paused", "enabled": False})
        await world.delete_session(user, agent, sessions[0])
        await world.same()
        await world.api("DELETE", f"/schedule/{schedule}", user)
        await world.same()


async def test_schedules_by_the_storage(world):
    user = "李雷"
    agent = await world.stored_agent(user)
    schedule = await world.stored_schedule(user, agent, "täglich: #1 100%")
    for _ in range(5):
        await world.scheduled_session(user, agent, schedule, 2_000)
    await world.same()
    await world.storage.delete_schedule(user, schedule)
    await world.same()
    # An agent takes its schedules with it, and their sessions.
    schedule = await world.stored_schedule(user, agent)
    await world.scheduled_session(user, agent, schedule)
    await world.same()
    await world.storage.delete_agent(user, agent)
    await world.same()


@pytest.mark.newest
async def test_ids_of_all_kinds(world):
    """The same id of three users is three sessions."""
    for user in ("acme:session:alice", "carol#1 100%", "李雷"):
        agent = await world.stored_agent(user, id=f"agent:a b#%é of {user}")
        for session in ("s:1", "s#state#1", "run#1", "%23", "会话"):
            await world.stored_session(user, agent, 300, session_id=session)
    await world.same()
    await world.storage.delete_session(user, agent, "s#state#1")
    await world.same()


@pytest.mark.parametrize("size", [1_000, 200_000, *(pytest.param(size, marks=pytest.mark.newest) for size in (20_000, 2_500_000))])
async def test_conversations(world, size):
    agent = await world.agent("Zoë")
    session = await world.session("Zoë", agent)
    await world.talk("Zoë", agent, session, size)
    await world.same()
    # Another one of that size, and one that is shorter by far: nothing of the long one is left.
    await world.talk("Zoë", agent, session, size)
    await world.same()
    await world.talk("Zoë", agent, session, 100)
    await world.same()
    await world.talk("Zoë", agent, session, size)
    await world.same()
    await world.delete_session("Zoë", agent, session)
    await world.nothing_lost_nothing_left_over()


@pytest.mark.newest
async def test_a_conversation_that_grows_fast(world):
    agent = await world.agent("alice")
    session = await world.session("alice", agent)
    state = conversation(0)
    for _ in range(150):
        state.context += conversation(3_000).context
        await world.storage.update_session_state("alice", agent, session, state)
    await world.same()


@pytest.mark.newest
async def test_everybody_at_once(world):
    """Changes of all kinds, side by side."""

    async def live(user, seed):
        dice = random.Random(seed)
        agent = await world.agent(user)
        sessions = []
        for _ in range(40):
            if not sessions or dice.random() < 0.3:
                sessions.append(await world.stored_session(user, agent, dice.choice((0, 3_000, 30_000))))
            elif dice.random() < 0.2:
                await world.storage.delete_session(user, agent, sessions.pop(dice.randrange(len(sessions))))
            else:
                await world.talk(user, agent, dice.choice(sessions), dice.choice((100, 9_000, 60_000)))

    await asyncio.gather(*(live(user, seed) for seed, user in enumerate(USERS)))
    await world.same()
    await world.nothing_lost_nothing_left_over()


@pytest.mark.newest
async def test_records_that_expire(world):
    """With `key_ttl`, Redis deletes records by itself, and their ids stay in the sets."""
    user = "acme:alice"
    async with RedisStorage(port=world.redis.port, password=world.redis.PASSWORD, key_ttl=2) as brief:
        kept, world.storage = world.storage, brief
        try:
            brief_agent = await world.stored_agent(user)
            await world.stored_session(user, brief_agent)
            lasting_agent = await world.agent(user)
            await world.stored_session(user, lasting_agent, 500)
        finally:
            world.storage = kept
    lasting = await world.session(user, lasting_agent)
    await world.same()
    await asyncio.sleep(2)
    await world.same()
    status, body = await world.listed(user, lasting_agent)
    assert [one["session"]["id"] for one in json.loads(body)["sessions"]] == [lasting]
    assert (await world.listed(user, brief_agent))[0] == 404
