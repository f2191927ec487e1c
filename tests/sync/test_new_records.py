"""Records that 2.0.11 has and 2.0.1 has not."""

import json
import uuid

import pytest
from monitor import Monitor
from new_records import channel, channel_session, procedure, records_of_other_kinds, sop_session
from processes import Stack, Sync
from records import parked
from test_chats import until

pytestmark = [pytest.mark.anyio, pytest.mark.newest]
USER = "acme:alice"
# Another user, whose keys resemble those of sessions of the user `acme`.
LOOKS_LIKE_SESSIONS = "acme:session:alice"
# Whatever is in keys with these in them, no list shows it.
NEVER_READ = (
    ":mcp", ":skill", ":sop", ":knowledge_", ":channel_", ":channels", ":channel:", ":message_ids", ":messages", ":credential",
    ":inbox", ":wakeups", ":events:", ":event_checkpoint:", ":projection:", ":bg_tasks",
)  # fmt: skip


async def listed(world, agent, user=USER):
    status, body = await world.listed(user, agent)
    assert status == 200
    return json.loads(body)["sessions"]


async def test_rosters(world):
    """Members that were created, that were invited, and that belong to somebody else, which no response may contain."""
    leader = await world.agent(USER, "Leader")
    session = await world.session(USER, leader)
    team, created = await world.team(USER, leader, session)
    own = await world.agent(USER, "Own")
    strangers = await world.agent("Zoë", "Somebody else's")
    await world.invite(USER, team, own)
    invited_session = await world.invite(USER, team, strangers, owner="Zoë")
    await world.same(everybody=True)
    detail = (await listed(world, leader))[0]["team"]
    assert [member["agent"]["id"] for member in detail["members"]] == [agent for agent, _ in created] + [own]
    assert len(detail["team"]["data"]["members"]) == 4
    # Whoever owns the agent, its session here is the team owner's, and nobody lists it.
    assert (await world.listed(USER, strangers))[0] == 404
    # Another agent of the same id comes to be the user's own: it is not the one that was invited.
    await world.stored_agent(USER, "Of the same id", id=strangers)
    await world.same()
    assert invited_session in [one["session"]["id"] for one in await listed(world, strangers)]
    await world.storage.delete_agent(USER, own)
    await world.same()
    assert len((await listed(world, leader))[0]["team"]["members"]) == 2
    # A leader without a session, and one that the record does not name.
    record = await world.storage.get_team(USER, team)
    for leader_agent_id in (None, "no-such-agent"):
        record.leader_agent_id = leader_agent_id
        await world.storage.upsert_team(USER, record)
        await world.same()
    await world.storage.delete_session(USER, strangers, invited_session)
    await world.storage.delete_agent(USER, strangers)
    world.agents[strangers] = "Zoë"


async def test_where_sessions_come_from(world):
    agent = await world.agent(USER)
    await world.session(USER, agent)
    channel_id = await channel(world, USER, agent)
    await channel_session(world, USER, agent, channel_id)
    await sop_session(world, USER, agent)
    schedule = await world.schedule(USER, agent)
    await world.scheduled_session(USER, agent, schedule, 3_000)
    await world.team(USER, agent, await world.session(USER, agent))
    await world.same()
    origins = {one["session"]["origin"]["type"] for one in await listed(world, agent)}
    assert origins == {"user", "channel", "sop", "schedule"}


async def test_what_waits(world):
    agent = await world.agent(USER)
    expected = {
        await world.stored_session(USER, agent, state=parked(*states)): status
        for states, status in (
            (("pending",), "idle"), (("finished", "allowed"), "idle"), (("asking",), "awaiting_permission"),
            (("submitted",), "awaiting_external_result"), (("submitted", "asking", "finished"), "awaiting_permission"),
        )
    }  # fmt: skip
    await world.same()
    views = await listed(world, agent)
    assert {one["session"]["id"]: one["status"] for one in views} == expected
    # What is listed is trimmed, though it was found in what is taken away.
    states = [one["session"]["state"] for one in views]
    assert [(state["summary"], state["context"]) for state in states] == [("", [])] * len(states)
    session = next(iter(expected))
    async with world.bus.session_run(session):
        await world.talk(USER, agent, session, 100_000)
        await world.same()
    await world.storage.update_session_state(USER, agent, session, parked("asking"))
    await world.same()


async def test_a_procedure(world, model):
    """The service runs it, in sessions of its own."""
    agent = await world.agent(USER)
    data = procedure(agent, await world.model_config(USER, model.url))
    made = await world.api("POST", "/sop/", USER, json={"data": data})
    run = await world.api("POST", f"/sop/{made['sop_id']}/runs", USER, json={"inputs": []})

    async def is_over():
        state = (await world.storage.get_sop_run(USER, run["id"])).state
        return state.phase not in ("pending", "running")

    await until(is_over, "the end of a procedure")
    await world.same(within=20)
    views = await listed(world, agent)
    assert {one["session"]["origin"]["type"] for one in views} == {"sop"}
    await world.api("DELETE", f"/sop/{made['sop_id']}", USER)
    await world.same()


@pytest.mark.parametrize("user", [USER, LOOKS_LIKE_SESSIONS])
async def test_records_of_other_kinds(world, user):
    """They are not read, nothing is written, and nothing is said against them."""
    agent = await world.agent(user)
    session = await world.session(user, agent)
    await world.same()
    writes, complaints = world.test_stack.writes(), len(world.sync.complaints())
    with Monitor(world.redis) as monitor:
        await channel(world, user, agent)
        await records_of_other_kinds(world, user, session)
        lock = uuid.uuid4().hex
        for key in ("event_checkpoint:lock", "projection", "events"):
            await world.raw.set(f"agentscope:session:{key}:{lock}", "x", ex=2)
        for key in ("inbox:lock", "sop:lock", "sop_run:lock", "schedule:lifecycle"):
            await world.raw.set(f"agentscope:{key}:{lock}", "x", ex=2)
        await world.same()
        assert world.test_stack.writes() == writes
        # From the start, with all of them there.
        assert world.sync.stop() == 0
        world.sync.start()
        await world.same()
        assert world.sync.verify()[0] == 0
    assert world.test_stack.writes() == writes
    touched = [command for command in monitor.of_sync() if any(part in command for part in NEVER_READ)]
    assert touched == []
    said = world.sync.complaints()[complaints:]
    if user == LOOKS_LIKE_SESSIONS:
        assert said and all("passed over a key" in line["message"] for line in said), said
    else:
        assert said == []
    for key in [key async for key in world.raw.scan_iter(f"agentscope:user:{user}:*")]:
        if any(part in key for part in NEVER_READ):
            await world.raw.delete(key)


async def test_times_that_nobody_has_stored(world):
    """Blocks of older releases have none: AgentScope invents them anew at every read, and all the rest is the same. Blocks
    that have their times are compared with them."""
    agent = await world.agent(USER)
    schedule = await world.schedule(USER, agent)
    new = await world.scheduled_session(USER, agent, schedule, 3_000)
    masked = world.tally.with_invented_times
    await world.same()
    assert world.tally.with_invented_times == masked
    key = f"agentscope:user:{USER}:session:{new}"
    record = json.loads(await world.raw.get(key))
    for message in record["state"]["context"]:
        for block in message["content"]:
            del block["created_at"], block["finished_at"]
    await world.raw.set(key, json.dumps(record))
    await world.same()
    assert world.tally.with_invented_times > masked


async def test_nothing_of_it_is_refused(world, folder):
    """Into tables that were empty, named on the command line."""
    test_stack = Stack()
    try:
        copy = Sync(world.redis, test_stack, folder)
        copy.log = folder / "newest.log"
        agent = await world.agent(USER)
        await channel_session(world, USER, agent, await channel(world, USER, agent))
        await sop_session(world, USER, agent)
        await world.team(USER, agent, await world.session(USER, agent))
        status, told = copy.once("--release", copy.release, "--strict")
        assert (status, "0 skipped" in told) == (0, True), told
        assert copy.complaints() == []
        await world.compared_to(test_stack).same(world.questions(everybody=True))
    finally:
        test_stack.stop()
