"""`agentscope-sync redis --once` and `agentscope-sync verify`, into tables of their own."""

import json

import pytest
from comparison import sessions
from processes import Redis, Stack, Sync

pytestmark = [pytest.mark.anyio, pytest.mark.newest]
USER = "acme:alice"


@pytest.fixture(scope="module")
async def copy(everything, folder):
    """What `--once` makes of everything that is in Redis, in tables that were empty."""
    test_stack = Stack()
    sync = Sync(everything.redis, test_stack, folder)
    sync.log = folder / "copy.log"
    yield sync
    test_stack.stop()


@pytest.fixture(scope="module")
async def planted(everything, copy):
    """The names of the records that are to differ."""
    agent = await everything.agent(USER, "Whose items are changed")
    session = await everything.stored_session(USER, agent, 1_000)
    large = await everything.stored_session(USER, agent, 1_500_000)
    schedule = await everything.schedule(USER, agent)
    await everything.scheduled_session(USER, agent, schedule)
    team, _ = await everything.team(USER, agent, await everything.session(USER, agent))
    lasting, everything.lasting = everything.lasting, {*everything.lasting, *everything.agents}
    yield {"agent": agent, "session": session, "large": large, "schedule": schedule, "team": team}
    everything.lasting = lasting


async def test_once_from_empty(world, copy, planted):
    status, told = copy.once()
    assert status == 0 and " written" in told
    await world.compared_to(copy.test_stack).same(world.questions(everybody=True))
    status, told = copy.verify()
    assert status == 0 and "no difference" in told
    # Again, there is nothing to write.
    writes = copy.test_stack.writes()
    assert copy.once()[0] == 0
    assert copy.test_stack.writes() == writes


def places(test_stack, planted):
    """By the name of a record: its table, and the key of its item."""

    def key(sort, value):
        return {"user_id": {"S": USER}, sort: {"S": value}}

    return {
        planted["agent"]: (test_stack.agents, key("id", planted["agent"])),
        planted["team"]: (test_stack.teams, key("id", planted["team"])),
        planted["schedule"]: (test_stack.schedules, key("id", planted["schedule"])),
        planted["session"]: (test_stack.sessions, key("item", f"session#{planted['session']}")),
        planted["large"]: (test_stack.sessions, key("item", f"session#{planted['large']}")),
    }


def item(test_stack, table, key):
    return test_stack.call("GetItem", TableName=table, Key=key, ConsistentRead=True)["Item"]


def finds(sync, **expected):
    """`verify` has a line for each of these records, by what it says of them, and no other line but the last."""
    expected = {what.replace("_", " "): names for what, names in expected.items()}
    status, told = sync.verify()
    *lines, last = told.strip().splitlines()
    assert status == 1 and len(lines) == sum(map(len, expected.values())), told
    for what, names in expected.items():
        for name in names:
            assert any(line.startswith(f"{what}: ") and name in line for line in lines), f"{name}: {told}"
        assert f"{len(names)} {what}" in last
    return lines


async def repaired(world, copy, *options):
    """After another `--once` there is no difference."""
    assert copy.once(*options)[0] == 0
    status, told = copy.verify()
    assert status == 0, told
    await world.compared_to(copy.test_stack).same(world.questions())


async def test_missing_and_extra_items(world, copy, planted):
    extras = []
    for number, (table, key) in enumerate(places(copy.test_stack, planted).values()):
        extra = item(copy.test_stack, table, key)
        name = f"extra-{number}"
        extra |= {"id": {"S": name}} | ({"item": {"S": f"session#{name}"}} if "item" in extra else {})
        if "listing" in extra:
            extra["listing"] = {"S": extra["listing"]["S"].rpartition("#")[0] + f"#{name}"}
        copy.test_stack.call("PutItem", TableName=table, Item=extra)
        copy.test_stack.call("DeleteItem", TableName=table, Key=key)
        extras.append(name)
    # Of the long state the parts are there still.
    finds(copy, missing=planted.values(), extra=extras, left_over=[planted["large"]])
    await repaired(world, copy)


async def test_items_and_records_that_have_changed(world, copy, planted):
    """What has changed the items has not changed the hashes of their content: `--rewrite` writes them all the same."""
    for table, key in places(copy.test_stack, planted).values():
        if key.get("item") == {"S": f"session#{planted['large']}"}:
            # The first part of the state is the second.
            parts = [one for one in copy.test_stack.dump()["tables"][table] if one["item"]["S"].startswith(f"{key['item']['S']}#")]
            first, second = sorted(parts, key=lambda one: one["item"]["S"])[:2]
            changed = {**first, "data": second["data"]}
        else:
            changed = item(copy.test_stack, table, key) | {"updated_at": {"S": "2020-01-01T00:00:00"}}
        copy.test_stack.call("PutItem", TableName=table, Item=changed)
    renamed = await world.session(USER, planted["agent"])
    assert copy.once()[0] == 0
    await world.patch_session(USER, planted["agent"], renamed, name="Another name")
    lines = finds(copy, changed=[*planted.values(), renamed])
    assert sum("updated_at" in line for line in lines if renamed not in line) == 4
    # The text of the record is one attribute.
    assert any("json" in line for line in lines if renamed in line)
    await repaired(world, copy, "--rewrite")
    await world.same()


async def test_stale_and_missing_leases(world, copy, planted):
    async with world.bus.session_run(planted["session"]):
        await repaired(world, copy)
    async with world.bus.session_run(planted["large"]):
        finds(copy, stale_lease=[planted["session"]], missing_lease=[planted["large"]])
        await repaired(world, copy)
    await world.same()


async def test_records_that_fit_no_model(world, copy, planted):
    """They are named and skipped; what was good before stays."""
    agent, session = planted["agent"], planted["session"]
    key, foreign = f"agentscope:user:{USER}:session:{session}", "agentscope:user:mallory:agent:of-somebody-else"
    good = await world.raw.get(key)
    await world.raw.set(foreign, await world.raw.get(f"agentscope:user:{USER}:agent:{agent}"))
    for bad in ("no JSON", "[]", json.dumps({**json.loads(good), "state": {"context": [{"role": "nobody"}]}})):
        await world.raw.set(key, bad)
        written = len(copy.log.read_text())
        status, told = copy.once()
        assert status == 1 and "2 skipped" in told
        assert session in copy.log.read_text()[written:] and "of-somebody-else" in copy.log.read_text()[written:]
        assert copy.once("--strict")[0] == 1
        for test_stack in (copy.test_stack, world.test_stack):
            status, body = await world.comparison.send(test_stack.url, sessions(USER, agent))
            assert status == 200 and session in [one["session"]["id"] for one in json.loads(body)["sessions"]]
    finds(copy, invalid=[session, "of-somebody-else"])
    await world.raw.set(key, good)
    await world.raw.delete(foreign)
    await repaired(world, copy)
    await world.same()
    assert world.sync.verify()[0] == 0


async def test_an_empty_redis_is_not_believed(world, copy, planted, folder):
    """Somebody who names the wrong Redis does not lose the tables."""
    empty = Redis(folder / "empty")
    try:
        sync = Sync(empty, copy.test_stack, folder)
        assert sync.once()[0] == 1
        await world.compared_to(copy.test_stack).same(world.questions())
        assert sync.once("--allow-empty")[0] == 0
        # Change marks end by themselves.
        items = [item for table in copy.test_stack.dump()["tables"].values() for item in table]
        assert [item for item in items if not item.get("item", {"S": ""})["S"].startswith("changed#")] == []
    finally:
        empty.stop()
    # `verify` has trouble, which is no difference.
    assert sync.verify()[0] == 2
    await repaired(world, copy)
