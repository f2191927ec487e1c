"""A service whose message bus is its own memory, as in AgentScope's example since 2.0.3: Redis does not know what runs."""

import uuid

import pytest
from processes import Redis, Service, Stack, Sync
from test_chats import USER, until, views
from world import World

pytestmark = [pytest.mark.anyio, pytest.mark.newest]


async def test_nobody_can_know_what_runs(tmp_path, model, tally):
    redis, test_stack = Redis(tmp_path / "redis"), Stack()
    service, sync = Service(redis, tmp_path, bus="memory"), Sync(redis, test_stack, tmp_path)
    try:
        service.wait()
        async with World(redis, service, test_stack, sync, tally).open() as world:
            agent = await world.agent(USER)
            session = await world.session(USER, agent, chat_model_config=await world.model_config(USER, model.url))
            sync.start()
            await world.same()
            # Enough changes to show that no lock comes with them.
            for _ in range(25):
                await world.session(USER, agent)
            for _ in range(3):
                held = uuid.uuid4().hex
                await world.chat(USER, agent, session, {"hold": held})

                async def runs():
                    listed = await world.api("GET", "/sessions/", USER, params={"agent_id": agent})
                    return [one["is_running"] for one in listed["sessions"] if one["session"]["id"] == session] == [True]

                await until(runs, "a run")
                view = (await views(world, agent))[session]
                assert (view["is_running"], view["status"]) == (False, "idle")
                model.release(held)
                await until(lambda: ended(runs), "the end of a run")
                # Everything else is equal.
                await world.same()
            (complaint,) = sync.complaints()
            assert "no run lock was seen" in complaint["message"]
            assert sync.stop() == 0
    finally:
        # The service waits for its runs before it ends.
        for held in list(model.released):
            model.release(held)
        if sync.is_running():
            sync.stop()
        service.stop()
        test_stack.stop()
        redis.stop()


async def ended(runs):
    return not await runs()
