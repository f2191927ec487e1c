"""Fills a Redis as users of its service do: `python fill.py REDIS_PORT PASSWORD URL`, with whichever release of AgentScope is
installed. Prints who has which agents and schedules."""

import asyncio
import json
import sys
from types import SimpleNamespace

from people import People


async def main(port, password, url):
    async with People(SimpleNamespace(port=int(port), PASSWORD=password), SimpleNamespace(url=url)).open() as people:
        await people.populate()
        print(json.dumps({"agents": people.agents, "schedules": people.schedules}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
