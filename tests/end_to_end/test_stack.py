"""The resources of a deployment, their permissions, and what remains after its deletion."""

import botocore.exceptions
import pytest
import world
from conftest import domain, tokens_of, user_pool
from deployment import Deployment
from emulator import REGION
from inventory import inventory


def test_the_roles_policies_count(emulator, by_name, pool):
    """The emulator checks policies: without the permission of a call, there is no response."""
    iam = emulator.client("iam")
    role = by_name.resource("ListSessionsRole")
    path, _ = world.a_list("alice", "sessions")
    token = pool.id_token("alice")
    assert by_name.call(path, token).status_code == 200
    for call in ("GetItem", "BatchGetItem", "Query"):
        denied = {"Effect": "Deny", "Action": f"dynamodb:{call}", "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [denied]}
        iam.put_role_policy(RoleName=role, PolicyName="test", PolicyDocument=str(document).replace("'", '"'))
        assert by_name.call(path, token).status_code == 500, call
        iam.delete_role_policy(RoleName=role, PolicyName="test")
    assert by_name.call(path, token).status_code == 200


def test_the_logs_are_where_the_template_says(emulator, by_name, pool):
    path, _ = world.a_list("alice", "sessions")
    by_name.call(path, pool.id_token("alice"))
    logs = emulator.client("logs")
    functions, _, access = by_name.outputs()["LogGroups"].split()
    for group in logs.describe_log_groups()["logGroups"]:
        if group["logGroupName"] in (functions, access):
            assert group["retentionInDays"] == 30
    assert logs.describe_log_streams(logGroupName=functions)["logStreams"]


def test_tables_are_protected(emulator, by_name):
    dynamodb = emulator.client("dynamodb")
    for name in by_name.tables().values():
        with pytest.raises(botocore.exceptions.ClientError, match="deletion protection|DeletionProtection"):
            dynamodb.delete_table(TableName=name)


@pytest.mark.parametrize(
    "missing, added, said",
    [("JwtIssuer", {}, "needs JwtIssuer"), ("JwtAudience", {}, "needs JwtAudience"),
     (None, {"OriginUrl": "https://example.com", "IdentityClaim": "username"}, "needs the IdentityClaim sub")],
)  # fmt: skip
def test_tokens_that_nothing_checks_are_not_deployed(emulator, pool, missing, added, said):
    parameters = {name: value for name, value in tokens_of(pool).items() if name != missing}
    with pytest.raises(botocore.exceptions.ClientError, match=said):
        Deployment(emulator, "refused").deploy(**parameters | added)


def test_who_the_caller_is_has_no_default(emulator):
    with pytest.raises(botocore.exceptions.ClientError, match="IdentitySource"):
        Deployment(emulator, "of-nobody").deploy(AgentScopeRelease="2.0.1", Architecture="x86_64")


def test_the_release_has_no_default(emulator):
    with pytest.raises(botocore.exceptions.ClientError, match="AgentScopeRelease"):
        Deployment(emulator, "of-no-release").deploy(IdentitySource="header", Architecture="x86_64")


def test_the_header_counts_only_from_callers_who_sign(emulator, by_name):
    deployment = Deployment(emulator, "by-header").deploy(
        IdentitySource="header", AgentScopeRelease="2.0.1", Architecture="x86_64", **by_name.tables_as_parameters()
    )
    path, body = world.a_list("alice", "sessions")
    assert deployment.call(path, headers={"x-user-id": "alice"}).status_code == 403
    iam = emulator.client("iam")
    iam.create_user(UserName="proxy")
    pair = iam.create_access_key(UserName="proxy")["AccessKey"]
    credentials = {"AWS_ACCESS_KEY_ID": pair["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": pair["SecretAccessKey"]}

    def call():
        return deployment.call_signed(path, credentials, headers={"x-user-id": "alice"})

    assert call().status_code == 403
    allowed = f'"arn:aws:execute-api:{REGION}:*:{deployment.api()}/*"'
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":%s}]}'
    iam.put_user_policy(UserName="proxy", PolicyName="calls", PolicyDocument=document % allowed)
    response = call()
    assert (response.status_code, response.json()) == (200, body)


def test_the_header_counts_from_anyone_if_the_template_is_told_so(emulator, by_name):
    deployment = Deployment(emulator, "by-anyone").deploy(
        IdentitySource="header",
        HeaderCallers="anyone",
        AgentScopeRelease="2.0.1",
        Architecture="x86_64",
        **by_name.tables_as_parameters(),
    )
    for user in ("alice", "bob"):
        for route in ("sessions", "schedule"):
            for path, body in world.golden(user, route):
                response = deployment.call(path, headers={"x-user-id": user})
                assert (response.status_code, response.json()) == (200, body)
    assert deployment.call("/sessions/?agent_id=x").status_code == 422
    # It has made no tables, and takes none with it.
    deployment.delete()
    assert by_name.outputs()
    for name in by_name.tables().values():
        emulator.client("dynamodb").describe_table(TableName=name)


def test_deleting_the_stack_leaves_the_tables_and_nothing_else(emulator, pool, zone):
    before = inventory(emulator)
    parameters = tokens_of(pool) | {"IdentityClaim": "cognito:username"}
    deployment = Deployment(emulator, "short-lived")
    deployment.deploy_with_sam(**parameters, **domain("short-lived"), HostedZoneId=zone)
    deployment.load(world.WORLD)
    tables = deployment.tables_as_parameters()
    path, body = world.a_list("alice", "sessions")
    assert deployment.call(path, pool.id_token("alice")).json() == body
    made = {kind for kind, _ in inventory(emulator) - before}
    assert made == {"dashboard", "domain", "function", "HTTP API", "log group", "record", "role", "table"}
    deployment.delete_with_sam()
    assert inventory(emulator) - before == {("table", name) for name in tables.values()}
    # The data are still there for another stack that is given their names, with whichever gateway.
    heir = Deployment(emulator, "heir").deploy(**user_pool(pool), IdentityClaim="cognito:username", **tables)
    assert heir.call(path, pool.id_token("alice")).json() == body
    made = {kind for kind, _ in inventory(emulator) - before}
    assert made == {"dashboard", "function", "log group", "REST API", "role", "table"}
    heir.delete()
    assert inventory(emulator) - before == {("table", name) for name in tables.values()}
