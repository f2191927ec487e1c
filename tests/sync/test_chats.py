"""Chat turns that the service runs by itself, with a scripted model."""

import asyncio
import json
import uuid

import pytest
from records import HAS_ORIGINS

pytestmark = pytest.mark.anyio
USER = "acme:alice"
# A command that no agent may run without permission.
ASKS_FOR_PERMISSION = {"call": "Bash", "input": {"command": "rm -rf /nowhere/at/all", "description": "Cleans up"}}


@pytest.fixture
async def chatting(world, model):
    """An agent, and a session whose agent has a model."""
    agent = await world.agent(USER, "Leader")
    session = await world.session(USER, agent, chat_model_config=await world.model_config(USER, model.url))
    await world.same()
    return agent, session


async def views(world, agent):
    """The sessions of an agent as the function lists them, by their ids."""
    status, body = await world.listed(USER, agent)
    assert status == 200
    return {one["session"]["id"]: one for one in json.loads(body)["sessions"]}


async def until(condition, what):
    """Waits for something that the service does in the background."""
    for _ in range(400):
        found = await condition()
        if found:
            return found
        await asyncio.sleep(0.025)
    raise AssertionError(f"{what}: not within ten seconds")


async def ended(world, agent, session):
    """Waits until a session's run has ended as AgentScope sees it."""

    async def has_ended():
        listed = await world.api("GET", "/sessions/", USER, params={"agent_id": agent})
        return [one for one in listed["sessions"] if one["session"]["id"] == session and not one["is_running"]]

    return (await until(has_ended, "the end of a run"))[0]


async def test_a_turn(world, model, chatting):
    agent, session = chatting
    held = uuid.uuid4().hex
    await world.chat(USER, agent, session, {"hold": held}, {"say": "Done."})
    await until(lambda: world.raw.exists(f"agentscope:session:lock:{session}"), "a run")
    await world.same()
    view = (await views(world, agent))[session]
    assert view["is_running"]
    assert view.get("status") == ("running" if HAS_ORIGINS else None)
    model.release(held)
    await ended(world, agent, session)
    await world.same()
    assert not (await views(world, agent))[session]["is_running"]
    await world.nothing_lost_nothing_left_over()


async def test_a_turn_that_waits_for_a_permission(world, chatting):
    agent, session = chatting
    await world.chat(USER, agent, session, ASKS_FOR_PERMISSION)

    async def asks():
        context = (await world.storage.get_session(USER, agent, session)).state.context
        return context and [block.state for block in context[-1].content if block.type == "tool_call"] == ["asking"]

    await until(asks, "a question")
    await ended(world, agent, session)
    await world.same()
    if HAS_ORIGINS:
        assert (await views(world, agent))[session]["status"] == "awaiting_permission"


async def test_a_team_by_the_tools(world, model, chatting):
    """Made by TeamCreate and AgentCreate, with somebody who is invited where that is possible, and dissolved by TeamDelete."""
    agent, session = chatting
    turns = [
        {"call": "TeamCreate", "input": {"name": "Three", "description": "Those who …"}},
        {"call": "AgentCreate", "input": {"name": "Helper", "description": "Helps", "prompt": json.dumps([ASKS_FOR_PERMISSION])}},
    ]
    if HAS_ORIGINS:
        invited = await world.agent(
            USER, "Monday", chat_config={"invite_config": {"invitable": True, "invite_description": "Knows Mondays"}}
        )
        # An invited agent has the model of its own sessions.
        await world.session(USER, invited, chat_model_config=await world.model_config(USER, model.url))
        turns.append({"call": "AgentInvite", "input": {"target": f"Monday@{invited[:8]}", "prompt": "Hello"}})
    await world.chat(USER, agent, session, *turns)

    async def is_complete():
        for team in await world.storage.list_teams(USER):
            members = team.data.members if HAS_ORIGINS else team.data.member_ids
            if team.session_id == session and len(members) == len(turns) - 1:
                return team
        return None

    team = await until(is_complete, "a team")
    helper = team.data.member_ids[0]
    world.agents[helper] = USER
    await ended(world, agent, session)
    await world.same()
    view = (await views(world, agent))[session]
    assert len(view["team"]["members"]) == len(turns) - 1
    if HAS_ORIGINS:
        assert [member.role for member in team.data.members] == ["created", "invited"]
        assert {one["session"]["origin"]["type"] for one in (await views(world, helper)).values()} == {"team"}

        async def waits():
            return {one["status"] for one in (await views(world, helper)).values()} == {"awaiting_permission"}

        await until(waits, "a member that waits for a permission")
        await world.same()
        sessions_of_the_invited = len(await views(world, invited))
    await world.chat(USER, agent, session, {"call": "TeamDelete", "input": {}})

    async def is_gone():
        return await world.storage.get_team(USER, team.id) is None

    await until(is_gone, "the end of a team")
    await ended(world, agent, session)
    await world.same()
    assert (await world.listed(USER, helper))[0] == 404
    if HAS_ORIGINS:
        # The invited agent goes home.
        assert len(await views(world, invited)) == sessions_of_the_invited - 1
    await world.nothing_lost_nothing_left_over()
