"""The times that AgentScope 2.0.6 and later generate at every read: those of blocks that older releases stored without any."""

import json


class InventedTimes:
    """Removes such times from responses. A time that is stored stays, so it has to be the same on both sides."""

    def __init__(self, raw):
        self.raw = raw

    async def without(self, *bodies):
        """The responses as JSON, without the times that no stored block has."""
        responses = [json.loads(body) for body in bodies]
        stored = {}
        for response in responses:
            for one in response["sessions"]:
                session = one.get("session", one)
                key = f"agentscope:user:{session['user_id']}:session:{session['id']}"
                if key not in stored:
                    stored[key] = json.loads(await self.raw.get(key) or "{}")
                messages = stored[key].get("state", {}).get("context", [])
                for shown, kept in zip(session["state"]["context"], messages):
                    take_away(shown["content"], kept["content"])
        return responses


def take_away(shown, kept):
    """Takes away the times of the blocks that have none where they are kept, those within a tool's result included."""
    if not isinstance(shown, list) or not isinstance(kept, list):
        return
    for block, original in zip(shown, kept):
        for name in ("created_at", "finished_at") if block["type"] == "hint" else ("created_at",):
            if name not in original:
                block.pop(name, None)
        if block["type"] == "tool_result":
            take_away(block["output"], original["output"])
