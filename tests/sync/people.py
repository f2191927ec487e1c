"""Users' actions, through the HTTP API of AgentScope and through its storage classes."""

import asyncio
import json
import uuid
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from agentscope.agent import ContextConfig, ReActConfig
from agentscope.app.message_bus import RedisMessageBus
from agentscope.app.storage import AgentData, AgentRecord, ChatModelConfig, RedisStorage, ScheduleData, ScheduleRecord, SessionConfig
from records import MODEL, add_member, conversation, of_schedule, team_origin, team_record
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

USERS = ("alice", "acme:alice", "acme:session:alice", "Bob the 2nd", "carol#1 100%", "Zoë", "李雷")


class People:
    """The users of a service and of its Redis, and the ids of what they have made."""

    def __init__(self, redis, service):
        self.redis, self.service = redis, service
        # Who has made them.
        self.agents, self.schedules = {}, {}

    @asynccontextmanager
    async def open(self):
        redis = {"port": self.redis.port, "password": self.redis.PASSWORD, "retry": Retry(ConstantBackoff(0.1), 20)}
        async with AsyncExitStack() as stack:
            self.client = await stack.enter_async_context(aiohttp.ClientSession())
            self.storage = await stack.enter_async_context(RedisStorage(**redis))
            self.bus = await stack.enter_async_context(RedisMessageBus(**redis))
            self.raw = self.storage.get_client()
            yield self

    async def populate(self):
        """Something of everything that all releases have."""
        for user in USERS[::2]:
            agent = await self.stored_agent(user)
            for size in (0, 5_000):
                session = await self.stored_session(user, agent, size)
            schedule = await self.schedule(user, agent)
            await self.scheduled_session(user, agent, schedule, 2_000)
        await self.team(user, agent, session)
        await self.stored_session(user, agent, 40_000)

    # By way of the service's HTTP API.

    async def api(self, method, path, user, expected=(200, 201, 204), **options):
        headers = {"x-user-id": user}
        async with self.client.request(method, self.service.url + path, headers=headers, **options) as response:
            body = await response.text()
            assert response.status in expected, f"{method} {path}: {response.status} {body}"
            return await response.json() if body else None

    async def agent(self, user, name="Agent", **fields):
        made = await self.api("POST", "/agent/", user, json={"name": name, **fields})
        self.agents[made["agent_id"]] = user
        return made["agent_id"]

    async def session(self, user, agent, **fields):
        return (await self.api("POST", "/sessions/", user, json={"agent_id": agent, **fields}))["session_id"]

    async def patch_session(self, user, agent, session, **fields):
        await self.api("PATCH", f"/sessions/{session}", user, params={"agent_id": agent}, json=fields)

    async def delete_session(self, user, agent, session):
        await self.api("DELETE", f"/sessions/{session}", user, params={"agent_id": agent})

    async def schedule(self, user, agent, **fields):
        # 2.0.11 requires a credential. It is deleted afterwards, since the keys of one user's
        # credentials may be those of another user's sessions, and sync logs each such key.
        model = await self.model_config(user)
        body = {"name": "Nightly", "cron_expression": "0 0 1 1 *", "agent_id": agent, "chat_model_config": model, **fields}
        made = await self.api("POST", "/schedule/", user, json=body)
        await self.api("DELETE", f"/credential/{model['credential_id']}", user)
        self.schedules[made["schedule_id"]] = user
        return made["schedule_id"]

    async def model_config(self, user, url="http://127.0.0.1:1"):
        """The configuration of a chat model that is served there, with a credential of its own."""
        data = {"type": MODEL["type"], "api_key": "a key", "base_url": url}
        made = await self.api("POST", "/credential/", user, json={"data": data})
        return {**MODEL, "credential_id": made["credential_id"]}

    async def chat(self, user, agent, session, *turns):
        """A message that tells the model what to do. Returns when the run has begun."""
        text = {"type": "text", "text": json.dumps(turns)}
        message = {"name": "user", "role": "user", "content": [text]}
        request = {"agent_id": agent, "session_id": session, "input": message}
        # A run whose lock is free may still have work to do, such as naming the session.
        while "detail" in await self.api("POST", "/chat/", user, expected=(200, 409), json=request):
            await asyncio.sleep(0.05)

    # By way of the storage classes.

    async def stored_agent(self, user, name="Stored", **fields):
        data = AgentData(name=name, context_config=ContextConfig(), react_config=ReActConfig())
        record = AgentRecord(user_id=user, data=data, **fields)
        self.agents[record.id] = user
        return await self.storage.upsert_agent(user, record)

    async def stored_session(self, user, agent, size=0, name="Stored", state=None, **fields):
        config = SessionConfig(workspace_id=uuid.uuid4().hex, name=name)
        record = await self.storage.upsert_session(user, agent, config, state=state or conversation(size), **fields)
        return record.id

    async def stored_schedule(self, user, agent, schedule_id=None):
        data = ScheduleData(name="Stored", cron_expression="0 0 1 1 *", chat_model_config=ChatModelConfig(**MODEL))
        record = ScheduleRecord(id=schedule_id or uuid.uuid4().hex, user_id=user, agent_id=agent, data=data)
        self.schedules[record.id] = user
        return await self.storage.upsert_schedule(user, record)

    async def scheduled_session(self, user, agent, schedule, size=0):
        return await self.stored_session(user, agent, size, **of_schedule(schedule))

    async def talk(self, user, agent, session, size):
        """A chat turn that leaves a conversation of so many bytes."""
        await self.storage.update_session_state(user, agent, session, conversation(size))

    async def team(self, user, leader, session, members=2):
        """A team that this session leads, with members of one session each: the team's id, and the agents and sessions."""
        team = team_record(user, session, leader)
        found = []
        for number in range(members):
            agent = await self.stored_agent(user, f"Member {number}", source="team")
            member_session = await self.stored_session(user, agent, 500, **team_origin())
            await self.storage.set_session_team_id(user, member_session, team.id)
            add_member(team, agent, member_session)
            found.append((agent, member_session))
        await self.storage.upsert_team(user, team)
        await self.storage.set_session_team_id(user, session, team.id)
        return team.id, found

    async def invite(self, user, team, agent, owner=None):
        """Lends an agent that may be somebody else's to a team. Its session there is the team owner's."""
        record = await self.storage.get_team(user, team)
        session = await self.stored_session(user, agent, 300, **team_origin())
        await self.storage.set_session_team_id(user, session, team)
        add_member(record, agent, session, owner, role="invited")
        await self.storage.upsert_team(user, record)
        return session
