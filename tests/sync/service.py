"""AgentScope's own agent service over Redis, run by uvicorn: `python service.py PORT REDIS_PORT PASSWORD FOLDER [BUS]`, where
BUS is `redis` or `memory`. It runs with whichever release of AgentScope is installed."""

import sys

import uvicorn
from agentscope.app import create_app, message_bus
from agentscope.app.deps import get_current_user_id
from agentscope.app.storage import RedisStorage
from agentscope.app.workspace_manager import LocalWorkspaceManager
from fastapi import Header


async def user_id_in_utf_8(x_user_id: str = Header()) -> str:
    """The header as it is sent. Starlette reads it as latin-1, so a user id with other letters could send no request."""
    return await get_current_user_id(x_user_id.encode("latin-1").decode())


def main(port, redis_port, password, folder, bus="redis"):
    redis = {"port": int(redis_port), "password": password}
    app = create_app(
        storage=RedisStorage(**redis),
        # Of the releases that are tested, 2.0.1 has no other bus than Redis.
        message_bus=message_bus.RedisMessageBus(**redis) if bus == "redis" else message_bus.InMemoryMessageBus(),
        workspace_manager=LocalWorkspaceManager(folder),
    )
    app.dependency_overrides[get_current_user_id] = user_id_in_utf_8
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
