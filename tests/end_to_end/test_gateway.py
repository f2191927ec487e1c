"""The gateway in front of the functions: CORS, other routes, AgentScope behind the same address."""

import gzip
import json

import pytest
import world
from deployment import PAGE


@pytest.mark.parametrize("path", ["/sessions", "/sessions/", "/schedule/x/sessions", "/schedule/x/sessions/"])
def test_a_preflight_needs_no_identity(by_name, by_subject, origin, path):
    for deployment in (by_name, by_subject):
        headers = {
            "origin": PAGE,
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization,x-user-id,if-none-match",
        }
        response = deployment.call(path, method="OPTIONS", headers=headers)
        assert response.status_code == 204
        assert response.headers["access-control-allow-origin"] == PAGE
        assert "GET" in response.headers["access-control-allow-methods"]
        allowed = response.headers["access-control-allow-headers"].split(",")
        assert {"authorization", "x-user-id", "if-none-match"} <= set(allowed)
    assert origin.take() == []


def test_answers_and_errors_may_be_read_by_the_page_and_by_no_other(by_name, pool):
    token = pool.id_token("alice")
    path, _ = world.a_list("alice", "sessions")
    for path, status in [(path, 200), ("/sessions/?agent_id=nobody", 404), ("/sessions/", 422)]:
        response = by_name.call(path, token, headers={"origin": PAGE})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (status, PAGE)
        exposed = response.headers["access-control-expose-headers"].split(",")
        assert {"etag", "retry-after"} <= set(exposed)
        response = by_name.call(path, token, headers={"origin": "https://mallory.example.com"})
        assert "access-control-allow-origin" not in response.headers


def test_a_list_that_is_still_right_is_not_sent_again(by_name, pool):
    token = pool.id_token("alice")
    path, _ = world.a_list("alice", "sessions")
    etag = by_name.call(path, token).headers["etag"]
    response = by_name.call(path, token, headers={"if-none-match": etag})
    assert (response.status_code, response.content) == (304, b"")


def test_a_compressed_answer_arrives_as_compressed_bytes(by_name, pool):
    path, body = world.a_list("alice", "sessions")
    response = by_name.call(path, pool.id_token("alice"), headers={"accept-encoding": "gzip"}, stream=True)
    assert (response.status_code, response.headers["content-encoding"]) == (200, "gzip")
    assert json.loads(gzip.decompress(response.raw.read(decode_content=False))) == body


def test_without_an_origin_there_is_nothing_else(by_name, pool):
    token = pool.id_token("alice")
    for method, path in [("POST", "/sessions/"), ("GET", "/agent/"), ("GET", "/"), ("GET", "/sessions/x")]:
        response = by_name.call(path, token, method)
        assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"])
def test_every_other_request_goes_to_agentscope_as_the_caller(by_subject, pool, origin, method):
    origin.take()
    token = pool.id_token("bob")
    for path in ["/", "/agent/", "/chat/stream?session_id=a%20b", "/sessions/s-1", "/schedule/x/sessions/y"]:
        headers = {"x-user-id": "alice", "X-User-Id ".strip(): pool.subjects["alice"]}
        body = '{"input":"Hello"}' if method in ("PATCH", "POST", "PUT") else None
        response = by_subject.call(path, token, method, headers=headers, data=body)
        assert response.status_code == 200
        (seen,) = origin.take()
        assert (seen["method"], seen["path"].split("?")[0]) == (method, path.split("?")[0])
        assert seen["headers"]["x-user-id"] == pool.subjects["bob"]
        assert seen["headers"]["authorization"] == f"Bearer {token}"
        assert seen["body"] == (body or "")


def test_the_lists_stay_with_the_functions(by_subject, pool, origin):
    origin.take()
    path, body = world.a_list("alice", "sessions")
    assert world.ids(by_subject.call(path, pool.id_token("alice")).json()) == world.ids(body)
    assert origin.take() == []
    # Making a session is AgentScope's own, on the same path.
    assert by_subject.call("/sessions/", pool.id_token("alice"), "POST", data="{}").json() == {"answered": "by AgentScope"}
    assert [seen["method"] for seen in origin.take()] == ["POST"]
