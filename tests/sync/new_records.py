"""Records that 2.0.11 has and 2.0.1 has not: sessions of channels and procedures, and records that are on no list of sessions."""

from agentscope.app import storage
from agentscope.mcp import MCPClient, StdioMCPConfig
from agentscope.message import Msg, TextBlock
from records import MODEL


async def channel(people, user, agent):
    """A channel without credentials, which therefore never connects."""
    record = storage.ChannelRecord(
        channel_type="feishu", user_id=user, enabled=False,
        routing=storage.RoutingConfig(bindings=[storage.ChannelBinding(agent_id=agent)]),
        session=storage.SessionSettings(chat_model_config=MODEL),
    )  # fmt: skip
    await people.storage.upsert_channel(record, "bot-of-" + user)
    return record.id


async def channel_session(people, user, agent, channel_id, size=300):
    names = {"chat_name": "Team room: 会议", "channel_user_id": "ou_1"}
    origin = storage.ChannelOrigin(channel_id=channel_id, chat_id="oc:1", **names)
    return await people.stored_session(user, agent, size, origin=origin)


async def sop_session(people, user, agent, run="run:1", size=300):
    return await people.stored_session(user, agent, size, origin=storage.SOPOrigin(sop_run_id=run, session_key="write#1"))


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
    kept = people.storage
    mcp = MCPClient(name="files", is_stateful=True, mcp_config=StdioMCPConfig(command="true"))
    await kept.upsert_mcp(user, storage.MCPRecord(user_id=user, client=mcp))
    await kept.upsert_skill(user, storage.SkillRecord(user_id=user, name="count", description="Counts", markdown="# Count"))
    embedding = storage.EmbeddingModelConfig(type="openai_credential", credential_id="", model="m", dimensions=8)
    base = storage.KnowledgeBaseRecord(
        user_id=user,
        data=storage.KnowledgeBaseData(
            name="Handbook", description="", embedding_model_config=embedding, collection_name="handbook",
            chunker_config=storage.ChunkerConfig(type="approx_token"),
        ),
    )  # fmt: skip
    await kept.upsert_knowledge_base(user, base)
    data = storage.KnowledgeDocumentData(filename="a.txt", size=1, blob_uri="file:///nowhere/a.txt")
    await kept.upsert_knowledge_document(
        user, storage.KnowledgeDocumentRecord(user_id=user, knowledge_base_id=base.id, status="ready", data=data)
    )
    for role in ("user", "assistant"):
        await kept.upsert_message(user, session, Msg(name=role, role=role, content=[TextBlock(text="Hello")]))
