"""A running AgentScope with everything beside it, and what people do with it."""

import base64
import random
import uuid
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from agentscope.agent import ContextConfig, ReActConfig
from agentscope.app.message_bus import RedisMessageBus
from agentscope.app.storage import (
    AgentData, AgentRecord, ChatModelConfig, RedisStorage, ScheduleData, ScheduleRecord, SessionConfig, SessionSource,
    TeamData, TeamRecord,
)  # fmt: skip
from agentscope.message import Msg, TextBlock, ToolCallBlock
from agentscope.state import AgentState
from comparison import Comparison, schedule_sessions, sessions
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

USERS = ("alice", "acme:alice", "acme:session:alice", "Bob the 2nd", "carol#1 100%", "Zoë", "李雷")
# It asks as the others do, and has nothing.
STRANGER = "nobody"
NO_SUCH_ID = "no-such-id"
MODEL = {"type": "openai_credential", "credential_id": "", "model": "m", "parameters": {"temperature": 0.0, "n": 1}}


class World:
    """AgentScope, its Redis, `agentscope-sync` and the functions, with the ids of everything that there has ever been."""

    def __init__(self, redis, service, stand, sync, tally):
        self.redis, self.service, self.stand, self.sync, self.tally = redis, service, stand, sync, tally
        # Who has made them.
        self.agents, self.schedules = {}, {}
        self.turn = 0
        self.left_over = set()

    @asynccontextmanager
    async def open(self):
        redis = {"port": self.redis.port, "password": self.redis.PASSWORD, "retry": Retry(ConstantBackoff(0.1), 20)}
        async with AsyncExitStack() as stack:
            self.client = await stack.enter_async_context(aiohttp.ClientSession())
            self.storage = await stack.enter_async_context(RedisStorage(**redis))
            self.bus = await stack.enter_async_context(RedisMessageBus(**redis))
            self.raw = self.storage.get_client()
            self.comparison = self.compared_to(self.stand)
            yield self

    def compared_to(self, stand):
        return Comparison(stand.url, self.service.url, self.client, self.tally)

    async def populate(self):
        """What is there before sync starts for the first time."""
        for user in USERS[::2]:
            agent = await self.stored_agent(user)
            for size in (0, 5_000):
                session = await self.stored_session(user, agent, size)
            schedule = await self.schedule(user, agent)
            await self.scheduled_session(user, agent, schedule)
        await self.team(user, agent, session)
        await self.stored_session(user, agent, 40_000)
        self.lasting = set(self.agents)

    async def clean_up(self):
        """Deletes what has come since, with all that belongs to it."""
        for agent in self.agents.keys() - self.lasting:
            await self.storage.delete_agent(self.agents[agent], agent)
        await self.same()
        self.agents = {agent: user for agent, user in self.agents.items() if agent in self.lasting}
        for schedule, user in list(self.schedules.items()):
            if await self.storage.get_schedule(user, schedule) is None:
                del self.schedules[schedule]

    # Asking.

    def questions(self, everybody=False):
        """For every agent and every schedule that a test has made: its owner asks, and now and then somebody else, or else
        everybody. And for ids that there are not."""
        self.turn += 1
        askers = [*USERS, STRANGER]
        found = []
        for kind, owners in ((sessions, self.agents), (schedule_sessions, self.schedules)):
            for number, (one, owner) in enumerate([*owners.items(), (NO_SUCH_ID, STRANGER)]):
                others = {askers[(self.turn + number) % len(askers)]} if (self.turn + number) % 3 == 0 else set()
                found += [kind(user, one) for user in (askers if everybody else {owner, *others})]
        return found

    async def same(self, everybody=False, **how):
        """After a step: both services answer alike, within two seconds."""
        await self.comparison.same(self.questions(everybody), **how)

    async def listed(self, user, agent):
        """What the function answers."""
        return await self.comparison.ask(self.stand.url, sessions(user, agent))

    async def nothing_lost_nothing_left_over(self):
        """Everybody gets the same answers, `verify` finds no difference, and no part of a state lies there that belongs to no
        session, or to an earlier version of one."""
        await self.same(everybody=True)
        status, told = self.sync.verify()
        assert status == 0, told
        dump = self.stand.dump()
        items = {(one["user_id"]["S"], one["item"]["S"]): one for one in dump["tables"][self.stand.sessions]}
        heads = {key: one["version"]["S"] for key, one in items.items() if "listing" in one}
        left_over = set()
        for user, key in items:
            head, _, part = key.partition("#state#")
            if part and heads.get((user, head)) != part.partition("#")[0]:
                left_over.add((user, key))
        # A claim of a writer that has died ends by itself, and nobody sees it until then.
        left_over |= {key for key, one in items.items() if key not in heads and "#state#" not in key[1] and "expires_at" not in one}
        # What has been left over once is told once.
        fresh, self.left_over = left_over - self.left_over, left_over
        assert not fresh, sorted(fresh)
        assert dump["damaged"] == []

    # By way of the service's HTTP API.

    async def api(self, method, path, user, expected=(200, 201, 204), **options):
        headers = {"x-user-id": user}
        async with self.client.request(method, self.service.url + path, headers=headers, **options) as answer:
            body = await answer.text()
            assert answer.status in expected, f"{method} {path}: {answer.status} {body}"
            return await answer.json() if body else None

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
        body = {"name": "Nightly", "cron_expression": "0 0 1 1 *", "agent_id": agent, "chat_model_config": MODEL, **fields}
        made = await self.api("POST", "/schedule/", user, json=body)
        self.schedules[made["schedule_id"]] = user
        return made["schedule_id"]

    # By way of the storage classes.

    async def stored_agent(self, user, name="Stored", **fields):
        data = AgentData(name=name, context_config=ContextConfig(), react_config=ReActConfig())
        record = AgentRecord(user_id=user, data=data, **fields)
        self.agents[record.id] = user
        return await self.storage.upsert_agent(user, record)

    async def stored_session(self, user, agent, size=0, name="Stored", **fields):
        config = SessionConfig(workspace_id=uuid.uuid4().hex, name=name)
        record = await self.storage.upsert_session(user, agent, config, state=conversation(size), **fields)
        return record.id

    async def stored_schedule(self, user, agent, schedule_id=None):
        data = ScheduleData(name="Stored", cron_expression="0 0 1 1 *", chat_model_config=ChatModelConfig(**MODEL))
        record = ScheduleRecord(id=schedule_id or uuid.uuid4().hex, user_id=user, agent_id=agent, data=data)
        self.schedules[record.id] = user
        return await self.storage.upsert_schedule(user, record)

    async def scheduled_session(self, user, agent, schedule, size=0):
        return await self.stored_session(
            user, agent, size, source=SessionSource.SCHEDULE, source_schedule_id=schedule
        )

    async def talk(self, user, agent, session, size):
        """A chat turn that leaves a conversation of so many bytes."""
        await self.storage.update_session_state(user, agent, session, conversation(size))

    async def team(self, user, leader, session, members=2):
        """A team that this session leads, with members of one session each: the team's id, and the agents and sessions."""
        team = TeamRecord(user_id=user, session_id=session, data=TeamData(name="Team", description="All \u2028 of us"))
        found = []
        for number in range(members):
            agent = await self.stored_agent(user, f"Member {number}", source="team")
            member_session = await self.stored_session(user, agent, 500)
            await self.storage.set_session_team_id(user, member_session, team.id)
            team.data.member_ids.append(agent)
            found.append((agent, member_session))
        await self.storage.upsert_team(user, team)
        await self.storage.set_session_team_id(user, session, team.id)
        return team.id, found


def conversation(size):
    """A state with a conversation of about so many bytes, which hardly get fewer when they are compressed."""
    state = AgentState(cur_iter=3, summary="Something, 概要 and \"more\"\\ of \u0001 it")
    while size > 0:
        text = base64.b64encode(random.randbytes(min(size, 40_000) * 3 // 4)).decode()
        calls = [ToolCallBlock(id=uuid.uuid4().hex, name="run", input='{"n": 1.0}')]
        state.context.append(Msg(name="user", role="user", content=[TextBlock(text=f"Überlege 🙂: {text}")]))
        state.context.append(Msg(name="agent", role="assistant", content=[TextBlock(text="Done."), *calls]))
        size -= 40_000
    return state


def lock(session):
    return f"agentscope:session:lock:{session}"
