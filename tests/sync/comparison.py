"""Sends the same requests to both services until the responses agree or the time is up."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from urllib.parse import quote

import aiohttp
import yarl
from invented import InventedTimes

# How long after a change the responses may differ.
SECONDS = 10.0
AT_ONCE = 8


@dataclass
class Tally:
    """What has been compared."""

    comparisons: int = 0
    agreements: int = 0
    byte_for_byte: int = 0
    with_invented_times: int = 0
    steps: int = 0
    slowest: float = 0.0
    responses: dict = field(default_factory=dict)

    def agree(self, status, is_byte_for_byte, seconds):
        self.agreements += 1
        self.byte_for_byte += is_byte_for_byte
        self.responses[status] = self.responses.get(status, 0) + 1
        self.slowest = max(self.slowest, seconds)


def sessions(user, agent):
    return user, f"/sessions/?agent_id={quote(agent, safe='')}"


def schedule_sessions(user, schedule):
    return user, f"/schedule/{quote(schedule, safe='')}/sessions"


class Comparison:
    """Two services that have to give the same responses."""

    def __init__(self, ours: str, reference: str, client: aiohttp.ClientSession, tally: Tally, invented: InventedTimes):
        self.ours, self.reference, self.client, self.tally, self.invented = ours, reference, client, tally, invented
        self.turn = asyncio.Semaphore(AT_ONCE)

    async def same(self, questions, within=SECONDS):
        """Both sides respond alike to every request, within so many seconds."""
        self.tally.steps += 1
        begun = time.monotonic()
        told = await asyncio.gather(*(self._settle(question, begun, within) for question in questions))
        assert not any(told), "\n".join(filter(None, told))

    async def _settle(self, question, begun, within):
        """Repeats a request until both responses are equal. Returns their difference if the time is up before."""
        found = None
        while True:
            async with self.turn:
                seconds = time.monotonic() - begun
                if found and seconds > within:
                    return found
                reference, ours = await asyncio.gather(
                    self.send(self.reference, question), self.send(self.ours, question), return_exceptions=True
                )
            self.tally.comparisons += 1
            for response in (reference, ours):
                # A service whose Redis has just been restarted may close connections.
                if isinstance(response, BaseException) and not isinstance(response, aiohttp.ClientError):
                    raise response
            if is_the_same(reference, ours) or await self._is_but_for_invented_times(reference, ours):
                self.tally.agree(ours[0], reference == ours, seconds if found and within == SECONDS else 0)
                return None
            found = difference(question, ours, reference, seconds)
            await asyncio.sleep(0.02)

    async def _is_but_for_invented_times(self, *responses):
        """Whether two responses are equal without the times that AgentScope invents at every read."""
        if any(isinstance(response, BaseException) or response[0] != 200 for response in responses):
            return False
        one, other = await self.invented.without(*(body for _, body in responses))
        if is_the_same(*((200, json.dumps(response)) for response in (one, other))):
            self.tally.with_invented_times += 1
            return True
        return False

    async def send(self, service, question):
        user, path = question
        url = yarl.URL(service + path, encoded=True)
        headers = {"x-user-id": user, "accept-encoding": "identity"}
        async with self.client.get(url, headers=headers) as response:
            return response.status, await response.read()


def is_the_same(one, other):
    """The same status, and the same JSON: numbers of the same kind, lists in the same order."""
    if isinstance(one, BaseException) or isinstance(other, BaseException) or one[0] != other[0]:
        return False
    if one == other:
        return True
    try:
        first, second = (json.dumps(json.loads(body), sort_keys=True) for _, body in (one, other))
    except ValueError:
        return False
    return first == second


def difference(question, ours, reference, seconds):
    told = [f"{question}: the responses differ after {seconds:.2f} s"]
    if not isinstance(ours, BaseException) and not isinstance(reference, BaseException) and ours[0] == reference[0] == 200:
        told += where(json.loads(reference[1]), json.loads(ours[1]))
    told += [f"  {name}: {str(response)[:300]}" for name, response in (("AgentScope", reference), ("here", ours))]
    return "\n".join(told)


def where(expected, found, path=""):
    """The places where two values differ."""
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        return [line for key in expected for line in where(expected[key], found[key], f"{path}.{key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [line for n in range(len(expected)) for line in where(expected[n], found[n], f"{path}[{n}]")]
    if json.dumps(expected) == json.dumps(found):
        return []
    return [f"  {path or 'all'}: AgentScope {short(expected)}, here {short(found)}"]


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        ids = [one.get("session", one).get("id") for one in value if isinstance(one, dict)]
        text = f"{len(value)} of {ids}"
    return text if len(text) < 200 else f"{text[:200]}… ({len(text)})"
