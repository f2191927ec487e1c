"""Two rules of a load balancer send the lists to the functions, and everything else stays with AgentScope."""

import json

import botocore.exceptions
import pytest
import world
from deployment import ROOT_FOLDER, Deployment, ready_made
from load_balancer import LoadBalancer, Rules
from origin import Origin

IDENTITY = "x-amzn-oidc-identity"


@pytest.fixture(scope="module")
def service():
    """AgentScope behind the load balancer."""
    service = Origin()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def functions(emulator, by_name):
    parameters = ready_made("alb") | {"AgentScopeRelease": "2.0.1", "Architecture": "x86_64"}
    return Deployment(emulator, "for-rules").deploy(**parameters, **by_name.tables_as_parameters())


@pytest.fixture(scope="module")
def balancer(emulator, service, functions):
    balancer = LoadBalancer(emulator, service)
    path, _ = world.a_list("alice", "sessions")
    assert balancer.call(path).json() == {"answered": "by AgentScope"}
    assert [seen["path"] for seen in service.take()] == [path]
    return balancer


@pytest.fixture(scope="module")
def rules(balancer, functions):
    rules = Rules(balancer, functions, "rules", Priority=10, SchedulePriority=11, SignIn="proxy")
    assert balancer.rules() == [10, 11]
    yield rules
    rules.delete()
    assert balancer.rules() == []


@pytest.mark.parametrize("user", ["alice", "bob"])
@pytest.mark.parametrize("route", ["sessions", "schedule"])
def test_the_signed_in_user_gets_what_the_reference_answered(balancer, rules, service, user, route):
    count = 0
    for path, body in world.golden(user, route):
        response = balancer.call(path, headers={IDENTITY: user})
        assert (response.status_code, response.json()) == (200, body), path
        count += 1
    assert count > 0 and service.take() == []


@pytest.mark.parametrize("route", ["sessions", "schedule"])
def test_a_path_may_end_with_a_slash(balancer, rules, route):
    path, body = world.a_list("alice", route)
    before, question_mark, query = path.partition("?")
    for spelling in (before.rstrip("/"), before.rstrip("/") + "/"):
        response = balancer.call(spelling + question_mark + query, headers={IDENTITY: "alice"})
        assert (response.status_code, response.json()) == (200, body), spelling


def test_an_id_arrives_encoded_as_the_client_sent_it(balancer, rules):
    # A load balancer does not decode, and the function does so once.
    for sent, read in [("%6Eobody%2562", "nobody%62"), ("no+body", "no body"), ("nobod%C3%A9", "nobodé")]:
        response = balancer.call(f"/sessions/?agent_id={sent}", headers={IDENTITY: "alice"})
        assert (response.status_code, response.json()) == (404, {"detail": f"Agent '{read}' not found."})


def test_another_user_finds_nothing_of_alices(balancer, rules):
    for route in ("sessions", "schedule"):
        for path, _ in world.golden("alice", route):
            assert balancer.call(path, headers={IDENTITY: "mallory"}).status_code == 404
            # Only the header that the load balancer sets counts.
            headers = {IDENTITY: "mallory", "x-user-id": "alice"}
            assert balancer.call(path, headers=headers).status_code == 404


def test_without_the_header_there_is_no_list(balancer, rules):
    path, _ = world.a_list("alice", "sessions")
    for headers in [{}, {"x-user-id": "alice"}]:
        response = balancer.call(path, headers=headers)
        assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["header", IDENTITY])
    response = balancer.call(path, headers={IDENTITY: ""})
    assert (response.status_code, response.json()) == (401, {"detail": f"{IDENTITY} header is required."})


def test_everything_else_goes_to_agentscope(balancer, rules, service):
    service.take()
    requests = [(method, path) for method in ("DELETE", "PATCH", "POST", "PUT") for path in
                ("/sessions/", "/sessions", "/schedule/x/sessions")]  # fmt: skip
    requests += [("GET", path) for path in ("/", "/agent/", "/sessions/s-1", "/sessions/s-1/stream", "/schedule/",
                                            "/schedule/x", "/chat?a=%20b")]  # fmt: skip
    requests += [("HEAD", "/sessions/"), ("OPTIONS", "/sessions/")]
    for method, path in requests:
        body = '{"input":"Hello"}' if method == "POST" else None
        response = balancer.call(path, method, headers={"x-user-id": "alice"}, data=body)
        assert response.status_code == 200
        (seen,) = service.take()
        assert (seen["method"], seen["path"], seen["body"]) == (method, path, body or "")
        assert seen["headers"]["x-user-id"] == "alice"


def test_only_events_of_a_load_balancer_name_a_user(emulator, rules, functions):
    path, body = world.a_list("alice", "sessions")
    # With a signature, the stack's own API calls the function.
    headers = {"x-user-id": "alice", IDENTITY: "alice"}
    assert functions.call(path, headers=headers).status_code == 403
    response = functions.call_signed(path, headers=headers)
    assert (response.status_code, response.json()) == (401, {"detail": "Not authenticated"})
    # So does whoever may invoke it.
    client, function = emulator.client("lambda"), functions.resource("ListSessions")
    for name in ("list-sessions", "list-sessions-rest-api", "list-sessions-function-url"):
        event = json.loads((ROOT_FOLDER / "events" / f"{name}.json").read_text())
        event["headers"][IDENTITY] = "alice"
        payload = client.invoke(FunctionName=function, Payload=json.dumps(event))["Payload"]
        assert json.load(payload)["statusCode"] == 401, name


def test_under_a_base_path_and_a_host_name(emulator, balancer, functions, service):
    client = emulator.client("lambda")
    for name in ("ListSessions", "ListScheduleSessions"):
        function = functions.resource(name)
        variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        variables["BASE_PATH"] = "/chat"
        client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    rules = Rules(
        balancer, functions, "rules-under-a-path", Priority=20, SchedulePriority=21, SignIn="proxy", BasePath="/chat",
        HostName="chat.alb.localhost", NamePrefix="under-a-path",
    )  # fmt: skip
    path, body = world.a_list("alice", "schedule")
    response = balancer.call(f"/chat{path}", headers={IDENTITY: "alice"})
    assert (response.status_code, response.json()) == (200, body)
    service.take()
    assert balancer.call("/chat/agent/").json() == {"answered": "by AgentScope"}
    (seen,) = service.take()
    assert seen["path"] == "/chat/agent/"

    # The way back.
    before = balancer.rules()
    assert {"under-a-path-sessions", "under-a-path-schedule"} <= set(balancer.target_groups())
    rules.delete()
    assert set(before) - set(balancer.rules()) == {20, 21}
    assert not [name for name in balancer.target_groups() if name.startswith("under-a-path")]
    assert balancer.call(f"/chat{path}", headers={IDENTITY: "alice"}).json() == {"answered": "by AgentScope"}
    policy = json.loads(client.get_policy(FunctionName=functions.resource("ListSessions"))["Policy"])
    assert "under-a-path" not in json.dumps(policy)


@pytest.fixture
def signing_rules(balancer, functions, issuer, secret):
    """Rules of a load balancer that signs users in by an issuer, in AgentScope's rules and before the lists."""
    signing = balancer.sign_in_by(issuer, "chat", secret.current)
    rules = Rules(
        balancer, functions, "signing-rules", Priority=5, SchedulePriority=6, NamePrefix="signing", SignIn="oidc",
        OidcIssuer=issuer.url, OidcClientId="chat", OidcClientSecretArn=secret.arn,
        OidcAuthorizationEndpoint=f"{issuer.url}/authorize", OidcTokenEndpoint=f"{issuer.url}/token",
        OidcUserInfoEndpoint=f"{issuer.url}/userinfo",
    )  # fmt: skip
    yield rules
    rules.delete()
    balancer.client.delete_rule(RuleArn=signing)


@pytest.mark.parametrize("route", ["sessions", "schedule"])
def test_the_load_balancer_signs_users_in(balancer, signing_rules, service, route):
    path, body = world.a_list("alice", route)
    # A script cannot follow a redirect, and the client's own header counts for nothing.
    for headers in [{}, {IDENTITY: "alice"}, {"x-user-id": "alice"}]:
        assert balancer.call(path, headers=headers).status_code == 401
    service.take()
    cookies = balancer.cookies("alice")
    # The cookie of AgentScope's rules serves the lists.
    for headers in [{}, {IDENTITY: "mallory"}]:
        response = balancer.call(path, headers=headers, cookies=cookies)
        assert (response.status_code, response.json()) == (200, body)
    assert balancer.call(path, headers={IDENTITY: "alice"}, cookies=balancer.cookies("mallory")).status_code == 404
    assert service.take() == []
    balancer.call("/agent/", cookies=cookies)
    (seen,) = service.take()
    assert seen["headers"][IDENTITY] == "alice"


@pytest.mark.parametrize("sign_in, needed", [("cognito", "UserPoolArn"), ("oidc", "OidcIssuer")])
def test_rules_that_sign_nobody_in_are_not_deployed(balancer, functions, sign_in, needed):
    with pytest.raises(botocore.exceptions.ClientError, match=f"SignIn {sign_in} needs {needed}"):
        Rules(balancer, functions, "refused", Priority=30, SchedulePriority=31, SignIn=sign_in)
