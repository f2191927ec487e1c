"""A running AgentScope with everything beside it, and the actions of its users."""

from contextlib import AsyncExitStack, asynccontextmanager

from comparison import Comparison, schedule_sessions, sessions
from invented import InventedTimes
from people import USERS, People

# It sends the same requests as the others, and has nothing.
STRANGER = "nobody"
NO_SUCH_ID = "no-such-id"


class World(People):
    """AgentScope, its Redis, `agentscope-sync` and the functions, with the ids of everything that there has ever been."""

    def __init__(self, redis, service, test_stack, sync, tally):
        super().__init__(redis, service)
        self.test_stack, self.sync, self.tally = test_stack, sync, tally
        self.turn = 0
        self.left_over = set()

    @asynccontextmanager
    async def open(self):
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(super().open())
            self.comparison = self.compared_to(self.test_stack)
            yield self

    def compared_to(self, test_stack):
        return Comparison(test_stack.url, self.service.url, self.client, self.tally, InventedTimes(self.raw))

    async def populate(self):
        """What is there before sync starts for the first time."""
        await super().populate()
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
        """For every agent and every schedule that a test has made: a request of its owner, and now and then of another user, or else
        everybody. And for ids that there are not."""
        self.turn += 1
        callers = [*USERS, STRANGER]
        found = []
        for kind, owners in ((sessions, self.agents), (schedule_sessions, self.schedules)):
            for number, (one, owner) in enumerate([*owners.items(), (NO_SUCH_ID, STRANGER)]):
                others = {callers[(self.turn + number) % len(callers)]} if (self.turn + number) % 3 == 0 else set()
                found += [kind(user, one) for user in (callers if everybody else {owner, *others})]
        return found

    async def same(self, everybody=False, **how):
        """After a step: both services respond alike after a while."""
        await self.comparison.same(self.questions(everybody), **how)

    async def listed(self, user, agent):
        """The response of the function."""
        return await self.comparison.send(self.test_stack.url, sessions(user, agent))

    async def nothing_lost_nothing_left_over(self):
        """Every user gets the same responses, `verify` finds no difference, and no part of a state lies there that belongs to no
        session, or to an earlier version of one."""
        await self.same(everybody=True)
        status, told = self.sync.verify()
        assert status == 0, told
        dump = self.test_stack.dump()
        items = {(one["user_id"]["S"], one["item"]["S"]): one for one in dump["tables"][self.test_stack.sessions]}
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


def lock(session):
    return f"agentscope:session:lock:{session}"
