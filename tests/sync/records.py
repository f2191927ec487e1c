"""Records of the installed release of AgentScope, which is 2.0.1 or 2.0.11: what these two write differently."""

import base64
import random
import uuid
from importlib.metadata import version

from agentscope.app import storage
from agentscope.message import Msg, TextBlock, ToolCallBlock
from agentscope.state import AgentState

RELEASE = version("agentscope")
# 2.0.8 and later say in `origin` what older releases say in `source`; 2.0.4 and later have rosters.
HAS_ORIGINS = hasattr(storage, "ScheduleOrigin")
MODEL = {"type": "openai_credential", "credential_id": "", "model": "gpt-4o", "parameters": {"temperature": 0.0, "max_tokens": 100}}


def of_schedule(schedule):
    """What the storage is told about a session that a schedule opens."""
    if HAS_ORIGINS:
        return {"origin": storage.ScheduleOrigin(schedule_id=schedule)}
    return {"source": storage.SessionSource.SCHEDULE, "source_schedule_id": schedule}


def team_origin():
    """What the storage is told about a session that a team opens. 2.0.1 does not tell them from others."""
    return {"origin": storage.TeamOrigin()} if HAS_ORIGINS else {}


def team_record(user, session, leader):
    data = storage.TeamData(name="Team", description="All \u2028 of us")
    fields = {"leader_agent_id": leader} if HAS_ORIGINS else {}
    return storage.TeamRecord(user_id=user, session_id=session, data=data, **fields)


def add_member(team, agent, session, owner=None, role="created"):
    """Puts somebody on a team's roster, as the tools of the service do."""
    if role == "created":
        team.data.member_ids.append(agent)
    if HAS_ORIGINS:
        member = storage.TeamMember(owner_id=owner or team.user_id, agent_id=agent, session_id=session, role=role)
        team.data.members.append(member)


def reverse_members(team):
    team.data.member_ids.reverse()
    if HAS_ORIGINS:
        team.data.members.reverse()


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


def parked(*states):
    """The state of a session whose last message has tool calls in these states."""
    state = conversation(200)
    calls = [ToolCallBlock(id=uuid.uuid4().hex, name="run", input="{}", state=one) for one in states]
    state.context.append(Msg(name="agent", role="assistant", content=[TextBlock(text="May I?"), *calls]))
    return state
