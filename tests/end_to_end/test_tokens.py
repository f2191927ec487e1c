"""Alice gets her sessions; Mallory gets none, whatever she sends."""

import bad_tokens as bad
import pytest
import world


@pytest.mark.parametrize("route", ["sessions", "schedule"])
def test_alice_gets_what_the_reference_answered(by_name, pool, route):
    token = pool.id_token("alice")
    count = 0
    for path, body in world.golden("alice", route):
        response = by_name.call(path, token)
        assert (response.status_code, response.json()) == (200, body), path
        assert response.headers["content-type"] == "application/json"
        count += 1
    assert count >= 5


@pytest.mark.parametrize("route", ["sessions", "schedule"])
def test_both_spellings_of_the_slash_answer_alike(by_name, pool, route):
    token = pool.id_token("alice")
    path, body = world.a_list("alice", route)
    before, question_mark, query = path.partition("?")
    for spelling in (before.rstrip("/"), before.rstrip("/") + "/"):
        response = by_name.call(spelling + question_mark + query, token)
        assert (response.status_code, response.json()) == (200, body), spelling


@pytest.mark.parametrize("route", ["sessions", "schedule"])
def test_the_subject_is_the_user_by_default(by_subject, pool, route):
    path, body = world.a_list("alice", route)
    for token in pool.tokens("alice")["IdToken"], pool.tokens("alice")["AccessToken"]:
        response = by_subject.call(path, token)
        assert (response.status_code, world.ids(response.json())) == (200, world.ids(body))
    assert response.json()["sessions"][0].get("session", response.json()["sessions"][0])["user_id"] == pool.subjects["alice"]


def test_bob_with_alices_header_sees_bobs_sessions_only(by_name, pool):
    token = pool.id_token("bob")
    hers, _ = world.a_list("alice", "sessions")
    his, body = world.a_list("bob", "sessions")
    for name in ("x-user-id", "X-User-ID", "X-USER-ID"):
        headers = {name: "alice"}
        assert by_name.call(hers, token, headers=headers).status_code == 404
        response = by_name.call(his, token, headers=headers)
        assert (response.status_code, response.json()) == (200, body)


def test_mallory_with_a_token_of_her_own_finds_nothing_of_alices(by_name, pool):
    for route in ("sessions", "schedule"):
        for path, _ in world.golden("alice", route):
            assert by_name.call(path, pool.id_token("mallory")).status_code == 404


def test_a_token_without_the_claim_is_refused_by_the_function(by_name, pool):
    # An access token of Cognito has `username`, but no `cognito:username`. The gateway accepts it.
    path, _ = world.a_list("alice", "sessions")
    response = by_name.call(path, pool.tokens("alice")["AccessToken"], headers={"x-user-id": "alice"})
    assert (response.status_code, response.json()) == (401, {"detail": "Not authenticated"})
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("which", bad.NAMES)
def test_mallory_is_refused_with_a_bad_token(by_name, by_subject, bad_tokens, origin, which):
    origin.take()
    for path in [world.a_list("alice", route)[0] for route in ("sessions", "schedule")]:
        for deployment in (by_name, by_subject):
            response = deployment.call(path, bad_tokens[which], headers={"x-user-id": "alice"})
            assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"}), which
    # Nor does she get to the rest of AgentScope.
    for method, path in [("POST", "/sessions/"), ("GET", "/agent/"), ("DELETE", "/agent/x"), ("GET", "/")]:
        response = by_subject.call(path, bad_tokens[which], method, headers={"x-user-id": "alice"})
        assert response.status_code == 401, (which, method, path)
    assert origin.take() == []
