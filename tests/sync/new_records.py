"""What 2.0.11 has and 2.0.1 has not: sessions of channels and procedures, and records that are on no list of sessions."""

from agentscope.app.storage import (
    ChannelBinding, ChannelOrigin, ChannelRecord, ChunkerConfig, EmbeddingModelConfig, KnowledgeBaseData, KnowledgeBaseRecord,
    KnowledgeDocumentData, KnowledgeDocumentRecord, MCPRecord, RoutingConfig, SessionSettings, SkillRecord, SOPOrigin,
)  # fmt: skip
from agentscope.mcp import MCPClient, StdioMCPConfig
from agentscope.message import Msg, TextBlock
from records import MODEL


async def channel(people, user, agent):
    """A channel without credentials, which therefore never connects."""
    record = ChannelRecord(
        channel_type="feishu", user_id=user, enabled=False,
        routing=RoutingConfig(bindings=[ChannelBinding(agent_id=agent)]), session=SessionSettings(chat_model_config=MODEL),
    )  # fmt: skip
    await people.storage.upsert_channel(record, "bot-of-" + user)
    return record.id


async def channel_session(people, user, agent, channel_id, size=300):
    names = {"chat_name": "Team room: 会议", "channel_user_id": "ou_1"}
    origin = ChannelOrigin(channel_id=channel_id, chat_id="oc:1", **names)
    return await people.stored_session(user, agent, size, origin=origin)


async def sop_session(people, user, agent, run="run:1", size=300):
    return await people.stored_session(user, agent, size, origin=SOPOrigin(sop_run_id=run, session_key="write#1"))


def procedure(agent, model):
    """A procedure of two steps, the second of which somebody else judges."""
    who = {"agent_id": agent, "session_key": "writer"}
    step = {"subject": "Write", "description": "Write it."}
    steps = [
        {**step, "executor": who},
        {**step, "executor": {**who, "session_key": "editor"}, "verifier": {"type": "human", "question": "Good?"}},
    ]
    settings = {"chat_model_config": model}
    return {"name": "Report", "description": "", "steps": steps, "session_settings": {"writer": settings, "editor": settings}}


async def records_of_other_kinds(people, user, session):
    """One of each kind that no list of sessions shows, whose keys lie beside those of agents and sessions."""
    storage = people.storage
    mcp = MCPClient(name="files", is_stateful=True, mcp_config=StdioMCPConfig(command="true"))
    await storage.upsert_mcp(user, MCPRecord(user_id=user, client=mcp))
    await storage.upsert_skill(user, SkillRecord(user_id=user, name="count", description="Counts", markdown="# Count"))
    embedding = EmbeddingModelConfig(type="openai_credential", credential_id="", model="m", dimensions=8)
    base = KnowledgeBaseRecord(
        user_id=user,
        data=KnowledgeBaseData(
            name="Handbook", description="", embedding_model_config=embedding, chunker_config=ChunkerConfig(type="approx_token"),
            collection_name="handbook",
        ),
    )  # fmt: skip
    await storage.upsert_knowledge_base(user, base)
    data = KnowledgeDocumentData(filename="a.txt", size=1, blob_uri="file:///nowhere/a.txt")
    await storage.upsert_knowledge_document(
        user, KnowledgeDocumentRecord(user_id=user, knowledge_base_id=base.id, status="ready", data=data)
    )
    for role in ("user", "assistant"):
        await storage.upsert_message(user, session, Msg(name=role, role=role, content=[TextBlock(text="Hello")]))
