"""No credential, no message and no password leaves Redis."""

import json
import urllib.request

import pytest
from agentscope.message import Msg, TextBlock
from monitor import Monitor
from people import USERS
from processes import Redis

pytestmark = pytest.mark.anyio
KEY = "sk-the-key-of-a-user"
# In a session's own list of messages, which is not its state.
MESSAGE = "only-in-the-list-of-messages"
STATE = "in-the-state-of-a-session"


async def test_no_secret_leaves_redis(world):
    assert world.sync.stop() == 0
    with Monitor(world.redis) as monitor:
        world.sync.start()
        for user in USERS:
            data = {"type": "openai_credential", "api_key": f"{KEY} of {user}"}
            made = await world.api("POST", "/credential/", user, json={"data": data})
            agent = await world.agent(user)
            model = {**data, "credential_id": made["credential_id"], "model": "m", "parameters": {}}
            del model["api_key"]
            session = await world.session(user, agent, chat_model_config=model)
            message = Msg(name="user", role="user", content=[TextBlock(text=MESSAGE)])
            await world.storage.upsert_message(user, session, message)
            state = (await world.storage.get_session(user, agent, session)).state
            text = STATE * 10_000
            state.context.append(Msg(name="user", role="user", content=[TextBlock(text=text)]))
            await world.storage.update_session_state(user, agent, session, state)
            await world.same()
            await world.storage.upsert_message(user, session, Msg(name="a", role="assistant", content=[TextBlock(text=MESSAGE)]))
            await world.api("PATCH", f"/credential/{made['credential_id']}", user, json={"data": data | {"api_key": f"{KEY} 2"}})
        await world.same()
        assert world.sync.verify()[0] == 0
        # From the start, with all of them there.
        assert world.sync.stop() == 0
        world.sync.start()
        assert world.sync.once("--rewrite")[0] == 0
        await world.same()
    commands = monitor.of_sync()
    assert any(command.startswith(("GET ", "MGET ")) for command in commands), commands[:20]
    touched = [command for command in commands if ":credential" in command or ":messages" in command]
    assert touched == []
    # It has not even tried what its user may not do.
    assert [entry for entry in await world.raw.acl_log() if entry["username"] == "sync"] == []

    # Where it is looked for, it would be found.
    dump = world.test_stack.dump()
    texts = [json.dumps(dump["tables"], ensure_ascii=False), *dump["texts"]]
    assert any(STATE in text for text in texts)
    redis_holds = [await world.raw.get(key) async for key in world.raw.scan_iter("*:credential:*")]
    assert any(KEY in held for held in redis_holds)
    places = {f"DynamoDB, text {number}": text for number, text in enumerate(texts)}
    for page in ("healthz", "metrics"):
        with urllib.request.urlopen(f"http://{world.sync.address}/{page}", timeout=10) as response:
            places[page] = response.read().decode()
    logs = list(world.sync.log.parent.glob("*.log"))
    places |= {str(log): log.read_text() for log in logs if log.name != "service.log"}
    assert len(places["metrics"]) > 100 and any("sync.log" in place for place in places)
    for place, text in places.items():
        for secret in (KEY, MESSAGE, Redis.PASSWORD, Redis.SYNC_PASSWORD):
            assert secret not in text, f"{secret} in {place}"
    # Nor a conversation in a log.
    assert [log for log in logs if log.name != "service.log" and STATE in log.read_text()] == []
