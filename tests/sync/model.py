"""A chat model with OpenAI's API that says what the user's message tells it to: without it no agent of the service would
call a tool, lead a team or wait for a permission.

A message may hold a JSON list of turns: `{"say": text}`, `{"call": tool, "input": {…}}`, and `{"hold": name}`, which does not
end until the test releases it.
"""

import asyncio
import json
import re
import time
import uuid
from contextlib import asynccontextmanager

from aiohttp import web

TURNS = re.compile(r"\[\{.*\}\]", re.DOTALL)


class Model:
    """The model, while its server runs."""

    def __init__(self):
        self.released = {}

    @asynccontextmanager
    async def serve(self):
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        try:
            yield self
        finally:
            for held in self.released.values():
                held.set()
            await runner.cleanup()

    def release(self, name):
        self._held(name).set()

    def _held(self, name):
        return self.released.setdefault(name, asyncio.Event())

    async def _complete(self, request):
        body = await request.json()
        turn = next_turn(body["messages"])
        if "hold" in turn:
            await self._held(turn["hold"]).wait()
        message = {"role": "assistant", "content": turn.get("say", "Done.")}
        if "call" in turn:
            function = {"name": turn["call"], "arguments": json.dumps(turn["input"])}
            message["tool_calls"] = [{"index": 0, "id": uuid.uuid4().hex, "type": "function", "function": function}]
        common = {"id": uuid.uuid4().hex, "created": int(time.time()), "model": body["model"]}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        reason = "tool_calls" if "call" in turn else "stop"
        if not body.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            return web.json_response({**common, "object": "chat.completion", "choices": [choice], "usage": usage})
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        chunk = {**common, "object": "chat.completion.chunk"}
        for part in (
            {"choices": [{"index": 0, "delta": message, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
            {"choices": [], "usage": usage},
        ):
            await response.write(f"data: {json.dumps(chunk | part)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response


def next_turn(messages):
    """The turn after those that the agent has taken since the newest message with turns."""
    taken = 0
    for message in reversed(messages):
        if message["role"] == "assistant":
            taken += 1
        found = TURNS.search(text_of(message)) if message["role"] == "user" else None
        if found:
            turns = json.loads(found.group())
            return turns[taken] if taken < len(turns) else {}
    return {}


def text_of(message):
    content = message["content"] or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
