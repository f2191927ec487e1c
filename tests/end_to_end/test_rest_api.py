"""The REST API with a Cognito user pool: lists by streaming functions, the rest of AgentScope, CORS."""

import gzip
import json

import bad_tokens as bad
import pytest
import world
from deployment import PAGE

OTHERS = "https://mallory.example.com"


@pytest.mark.parametrize("route", ["sessions", "schedule"])
def test_alice_gets_what_the_reference_answered(by_rest, pool, route):
    token = pool.id_token("alice")
    count = 0
    for path, body in world.golden("alice", route):
        response = by_rest.call(path, token)
        assert (response.status_code, response.json()) == (200, world.with_names(body, pool.subjects)), path
        assert response.headers["content-type"] == "application/json"
        count += 1
    assert count >= 5


@pytest.mark.parametrize("route", ["sessions", "schedule"])
def test_a_path_may_end_with_a_slash(by_rest, pool, route):
    path, body = world.a_list("alice", route)
    before, question_mark, query = path.partition("?")
    for spelling in (before.rstrip("/"), before.rstrip("/") + "/"):
        response = by_rest.call(spelling + question_mark + query, pool.id_token("alice"))
        assert (response.status_code, world.ids(response.json())) == (200, world.ids(body)), spelling


def test_an_access_token_is_as_good_without_scopes(by_rest, pool):
    path, body = world.a_list("alice", "sessions")
    response = by_rest.call(path, pool.tokens("alice")["AccessToken"])
    assert (response.status_code, world.ids(response.json())) == (200, world.ids(body))


def test_the_functions_stream(emulator, by_rest):
    for name in ("ListSessions", "ListScheduleSessions"):
        function = emulator.client("lambda").get_function_configuration(FunctionName=by_rest.resource(name))
        assert function["Environment"]["Variables"]["RESPONSE_MODE"] == "streaming"
    client = emulator.client("apigateway")
    resources = client.get_resources(restApiId=by_rest.api(), embed=["methods"], limit=100)["items"]
    methods = [method for one in resources for method in one.get("resourceMethods", {}).values()]
    integrations = [method["methodIntegration"] for method in methods]
    calls = {one["uri"].rpartition("/")[2] for one in integrations if one["type"] == "AWS_PROXY"}
    assert calls == {"response-streaming-invocations"}


def test_a_stream_is_compressed_byte_for_byte(by_rest, pool):
    path, body = world.a_list("alice", "sessions")
    response = by_rest.call(path, pool.id_token("alice"), headers={"accept-encoding": "gzip"}, stream=True)
    assert (response.status_code, response.headers["content-encoding"]) == (200, "gzip")
    text = gzip.decompress(response.raw.read(decode_content=False))
    assert json.loads(text) == world.with_names(body, pool.subjects)


def test_a_list_that_is_still_right_is_not_sent_again(by_rest, pool):
    token = pool.id_token("alice")
    path, _ = world.a_list("alice", "sessions")
    etag = by_rest.call(path, token).headers["etag"]
    response = by_rest.call(path, token, headers={"if-none-match": etag})
    assert (response.status_code, response.content) == (304, b"")


def test_errors_are_streamed_too(by_rest, pool):
    token = pool.id_token("alice")
    response = by_rest.call("/sessions/?agent_id=nobody", token)
    assert (response.status_code, response.json()) == (404, {"detail": "Agent 'nobody' not found."})
    assert by_rest.call("/sessions/", token).status_code == 422


def test_bob_with_alices_header_sees_bobs_sessions_only(by_rest, pool):
    token = pool.id_token("bob")
    hers, _ = world.a_list("alice", "sessions")
    his, body = world.a_list("bob", "sessions")
    for name in ("x-user-id", "X-User-ID", "X-USER-ID"):
        headers = {name: pool.subjects["alice"]}
        assert by_rest.call(hers, token, headers=headers).status_code == 404
        response = by_rest.call(his, token, headers=headers)
        assert (response.status_code, world.ids(response.json())) == (200, world.ids(body))


def test_mallory_with_a_token_of_her_own_finds_nothing_of_alices(by_rest, pool):
    for route in ("sessions", "schedule"):
        for path, _ in world.golden("alice", route):
            assert by_rest.call(path, pool.id_token("mallory")).status_code == 404


# A user pool's authorizer accepts the tokens of all its app clients.
@pytest.mark.parametrize("which", [name for name in bad.NAMES if name != bad.OF_ANOTHER_AUDIENCE])
def test_mallory_is_refused_with_a_bad_token(by_rest, pool, bad_tokens, origin, which):
    origin.take()
    lists = [("GET", world.a_list("alice", route)[0]) for route in ("sessions", "schedule")]
    others = [("POST", "/sessions/"), ("GET", "/agent/"), ("DELETE", "/agent/x"), ("GET", "/"), ("PUT", "/schedule/x")]
    for method, path in lists + others:
        headers = {"x-user-id": pool.subjects["alice"], "origin": PAGE}
        response = by_rest.call(path, bad_tokens[which], method, headers=headers)
        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"}), (which, method, path)
        # The page that sent the request may read why, and nothing stores it.
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["cache-control"] == "no-store"
    assert origin.take() == []


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"])
def test_every_other_request_goes_to_agentscope_as_the_caller(by_rest, pool, origin, method):
    origin.take()
    token = pool.id_token("bob")
    paths = ["/", "/agent/", "/chat/stream?session_id=a%20b", "/sessions/s-1", "/sessions/s-1/stream", "/schedule/x",
             "/schedule/x/sessions/y"]  # fmt: skip
    if method != "GET":
        paths += ["/sessions/", "/schedule/x/sessions"]
    for path in paths:
        body = '{"input":"Hello"}' if method in ("PATCH", "POST", "PUT") else None
        for name in ("x-user-id", "X-User-ID"):
            response = by_rest.call(path, token, method, headers={name: pool.subjects["alice"]}, data=body)
            assert response.status_code == 200, path
            (seen,) = origin.take()
            # The emulator drops a slash at the end, except where the template has it.
            arrived, sent = (one.split("?")[0].rstrip("/") for one in (seen["path"], path))
            assert (seen["method"], arrived) == (method, sent)
            assert seen["headers"]["x-user-id"] == pool.subjects["bob"]
            assert seen["body"] == (body or "")


def test_the_lists_stay_with_the_functions(by_rest, pool, origin):
    origin.take()
    path, body = world.a_list("alice", "sessions")
    assert world.ids(by_rest.call(path, pool.id_token("alice")).json()) == world.ids(body)
    assert origin.take() == []
    # Making a session is AgentScope's own, on the same path.
    response = by_rest.call("/sessions/", pool.id_token("alice"), "POST", data="{}")
    assert response.json() == {"answered": "by AgentScope"}
    (seen,) = origin.take()
    assert (seen["method"], seen["path"]) == ("POST", "/sessions/")


@pytest.mark.parametrize(
    "path",
    ["/", "/agent/x", "/sessions", "/sessions/x", "/schedule", "/schedule/x", "/schedule/x/sessions", "/schedule/x/y"],
)
def test_a_preflight_needs_no_identity(by_rest, origin, path):
    origin.take()
    for page, allowed in [(PAGE, PAGE), (OTHERS, None), (PAGE[:-1], None)]:
        headers = {"origin": page, "access-control-request-method": "PUT"}
        response = by_rest.call(path, method="OPTIONS", headers=headers)
        assert response.status_code == 204
        assert response.headers.get("access-control-allow-origin") == allowed
        assert "PUT" in response.headers["access-control-allow-methods"].split(",")
        names = response.headers["access-control-allow-headers"].split(",")
        assert {"authorization", "x-user-id", "if-none-match"} <= set(names)
        assert response.headers["vary"] == "origin"
    assert origin.take() == []


def test_responses_and_errors_may_be_read_by_the_page_and_by_no_other(by_rest, pool):
    token = pool.id_token("alice")
    path, _ = world.a_list("alice", "sessions")
    for path, status in [(path, 200), ("/sessions/?agent_id=nobody", 404), ("/sessions/", 422)]:
        response = by_rest.call(path, token, headers={"origin": PAGE})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (status, PAGE)
        exposed = response.headers["access-control-expose-headers"].replace(" ", "").split(",")
        assert {"etag", "retry-after"} <= set(exposed)
        response = by_rest.call(path, token, headers={"origin": OTHERS})
        assert "access-control-allow-origin" not in response.headers
