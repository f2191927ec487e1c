"""Teams: leaders, members, and what is deleted with them."""

import pytest
from records import reverse_members

pytestmark = pytest.mark.anyio


@pytest.fixture
async def team(world):
    user = "acme:alice"
    leader = await world.agent(user, "Leader")
    session = await world.session(user, leader)
    await world.session(user, leader, name="Without a team")
    team, members = await world.team(user, leader, session, 6)
    await world.same()
    return user, leader, session, team, members


async def test_a_team_changes(world, team):
    user, leader, session, team, members = team
    record = await world.storage.get_team(user, team)
    record.data.name = "Renamed"
    reverse_members(record)
    await world.storage.upsert_team(user, record)
    await world.same()
    agent, member_session = members[0]
    await world.talk(user, agent, member_session, 30_000)
    # A member's newest session is the one that is named.
    await world.stored_session(user, agent, 100)
    await world.same()
    await world.storage.delete_session(user, agent, member_session)
    await world.same()
    await world.storage.set_session_team_id(user, session, None)
    await world.same()
    await world.storage.set_session_team_id(user, session, team)
    await world.same()


async def test_a_member_leaves(world, team):
    user, _, _, _, members = team
    await world.storage.delete_agent(user, members[1][0])
    await world.same()
    await world.api("DELETE", f"/agent/{members[2][0]}", user)
    await world.same()


async def test_a_team_is_dissolved(world, team):
    user, _, _, team, _ = team
    await world.storage.delete_team(user, team)
    await world.same()


async def test_the_leaders_session_takes_the_team_with_it(world, team):
    user, leader, session, _, _ = team
    await world.delete_session(user, leader, session)
    await world.same()


async def test_the_leader_takes_the_team_with_it(world, team):
    user, leader, _, _, _ = team
    await world.api("DELETE", f"/agent/{leader}", user)
    await world.same()
    await world.nothing_lost_nothing_left_over()
