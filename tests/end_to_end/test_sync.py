"""The stack of agentscope-sync: the permissions of its role on the tables of another stack."""

import botocore.exceptions
import pytest
import world
from deployment import ROOT_FOLDER, TABLES
from emulator import REGION
from stack import Stack

TEMPLATE = ROOT_FOLDER / "sync" / "deploy" / "ecs.yaml"
# The emulator reads the parameter's number as a text, and fails. Without Docker, it could start no
# task.
DESIRED_COUNT = ("DesiredCount: !Ref DesiredCount", "DesiredCount: 0")
KEY = {"user_id": {"S": "nobody"}, "id": {"S": "none"}}
SESSION_KEY = {"user_id": {"S": "nobody"}, "item": {"S": "none"}}
OF_NOBODY = {"KeyConditionExpression": "user_id = :u", "ExpressionAttributeValues": {":u": {"S": "nobody"}}}


@pytest.fixture(scope="module")
def stack(emulator, by_name):
    """The outputs of the stack, over the tables of another."""
    parameters = {
        "Image": "registry.example.com/agentscope-sync:1",
        "AgentScopeRelease": "2.0.1",
        "Architecture": "X86_64",
        "SubnetIds": "subnet-a,subnet-b",
        "SecurityGroupIds": "sg-a",
        "RedisUrlSecretArn": f"arn:aws:secretsmanager:{REGION}:000000000000:secret:redis-AbCdEf",
        **{f"{kind}TableName": name for kind, name in by_name.tables().items()},
    }
    template = TEMPLATE.read_text()
    assert DESIRED_COUNT[0] in template
    stack = Stack(emulator, "sync")
    stack.create(parameters, TemplateBody=template.replace(*DESIRED_COUNT))
    yield stack.outputs()
    stack.delete()


@pytest.fixture(scope="module")
def credentials(emulator, stack):
    """What ECS would give the process."""
    iam, name = emulator.client("iam"), stack["TaskRole"].rpartition("/")[2]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    assert [statement["Principal"] for statement in trust["Statement"]] == [{"Service": "ecs-tasks.amazonaws.com"}]
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        assume(emulator, stack["TaskRole"])
    everybody = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}'
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=everybody)
    given = assume(emulator, stack["TaskRole"])
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def assume(emulator, role):
    return emulator.client("sts").assume_role(RoleArn=role, RoleSessionName="agentscope-sync")["Credentials"]


def test_the_role_is_enough_to_write_every_kind_of_record(emulator, by_name, credentials, folder):
    export = world.renamed(folder, {"alice": "alice-by-role", "bob": "bob-by-role"})
    by_name.load(export, **credentials)
    dynamodb = emulator.client("dynamodb")
    values = {":u": {"S": "alice-by-role"}}
    for kind, name in by_name.tables().items():
        found = dynamodb.query(TableName=name, KeyConditionExpression="user_id = :u", ExpressionAttributeValues=values)
        assert found["Count"] > 0, kind


def test_the_role_is_enough_for_the_calls_that_it_names(emulator, by_name, credentials):
    dynamodb = emulator.client("dynamodb", credentials)
    for kind, name in by_name.tables().items():
        key = SESSION_KEY if kind == "Sessions" else KEY
        dynamodb.put_item(TableName=name, Item=key)
        assert dynamodb.get_item(TableName=name, Key=key)["Item"] == key
        assert dynamodb.batch_get_item(RequestItems={name: {"Keys": [key]}})["Responses"][name] == [key]
        assert dynamodb.scan(TableName=name)["Count"] > 0
        dynamodb.delete_item(TableName=name, Key=key)
    sessions = by_name.tables()["Sessions"]
    dynamodb.scan(TableName=sessions, IndexName="user_id-index")
    dynamodb.update_item(TableName=sessions, Key=SESSION_KEY)
    dynamodb.batch_write_item(RequestItems={sessions: [{"DeleteRequest": {"Key": SESSION_KEY}}]})
    assert dynamodb.query(TableName=sessions, **OF_NOBODY)["Count"] == 0


def test_the_role_does_nothing_else(emulator, by_name, credentials):
    dynamodb, tables = emulator.client("dynamodb", credentials), by_name.tables()
    refused = [
        lambda: dynamodb.scan(TableName=tables["Sessions"], IndexName="agent_id-index"),
        lambda: dynamodb.query(TableName=tables["Sessions"], IndexName="user_id-index", **OF_NOBODY),
        lambda: dynamodb.scan(TableName="another"),
        lambda: dynamodb.create_table(
            TableName="own", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ),  # fmt: skip
    ]
    refused.append(emulator.client("ecs", credentials).list_clusters)
    for kind in TABLES:
        name = tables[kind]
        refused.append(lambda name=name: dynamodb.delete_table(TableName=name))
        if kind != "Sessions":
            refused.append(lambda name=name: dynamodb.update_item(TableName=name, Key=KEY))
            refused.append(lambda name=name: dynamodb.query(TableName=name, **OF_NOBODY))
    for number, call in enumerate(refused):
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            call()
            pytest.fail(f"call {number} was let through")
