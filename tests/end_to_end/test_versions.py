"""Versions of the functions, and the alias that gateways call instead of the functions."""

import botocore.exceptions
import pytest
import world
from conftest import tokens_of
from deployment import Deployment

FUNCTIONS = ("ListSessions", "ListScheduleSessions")


@pytest.fixture(scope="module")
def with_versions(emulator, pool, by_name):
    return lambda **parameters: Deployment(emulator, "with-versions").deploy(
        **tokens_of(pool), IdentityClaim="cognito:username", **by_name.tables_as_parameters(), **parameters
    )


def alias(emulator, deployment, function):
    return emulator.client("lambda").get_alias(FunctionName=deployment.resource(function), Name="live")["FunctionVersion"]


def served(emulator, deployment, function):
    """The settings that requests get: those of the version that the alias names."""
    version = alias(emulator, deployment, function)
    configuration = emulator.client("lambda").get_function_configuration(
        FunctionName=deployment.resource(function), Qualifier=version
    )
    return configuration["Environment"]["Variables"]


def test_requests_go_to_the_alias_and_new_settings_get_there(emulator, pool, with_versions):
    deployment = with_versions(DeploymentType="AllAtOnce", Revision="1")
    token = pool.id_token("alice")
    for route in ("sessions", "schedule"):
        path, body = world.a_list("alice", route)
        response = deployment.call(path, token)
        assert (response.status_code, response.json()) == (200, body)
    outputs = deployment.outputs()
    first = {}
    for function in FUNCTIONS:
        assert outputs[f"{function}Arn"].endswith(":live")
        first[function] = alias(emulator, deployment, function)
    # The permission is the alias's own.
    policy = emulator.client("lambda").get_policy(FunctionName=deployment.resource("ListSessions"), Qualifier="live")
    assert "apigateway.amazonaws.com" in policy["Policy"]

    # A short setting, and one that does not fit into the version's description.
    with_versions(DeploymentType="AllAtOnce", Revision="2", LogLevel="DEBUG", MetricsNamespace="Renamed")
    for function in FUNCTIONS:
        assert alias(emulator, deployment, function) != first[function]
        variables = served(emulator, deployment, function)
        assert (variables["AWS_LAMBDA_LOG_LEVEL"], variables["METRICS_NAMESPACE"]) == ("DEBUG", "Renamed")
    path, body = world.a_list("alice", "sessions")
    assert deployment.call(path, token).json() == body

    # Back to the functions themselves.
    with_versions(DeploymentType="none")
    assert not deployment.outputs()["ListSessionsArn"].endswith(":live")
    assert deployment.call(path, token).json() == body
    deployment.delete()


def test_a_short_setting_needs_no_new_revision(emulator, with_versions):
    deployment = with_versions(DeploymentType="AllAtOnce", Revision="1")
    before = alias(emulator, deployment, "ListSessions")
    with_versions(DeploymentType="AllAtOnce", Revision="1", LogLevel="WARN")
    assert alias(emulator, deployment, "ListSessions") != before
    assert served(emulator, deployment, "ListSessions")["AWS_LAMBDA_LOG_LEVEL"] == "WARN"
    # What is not of the function publishes nothing.
    after = alias(emulator, deployment, "ListSessions")
    with_versions(DeploymentType="AllAtOnce", Revision="1", LogLevel="WARN", LogRetentionDays=7)
    assert alias(emulator, deployment, "ListSessions") == after
    deployment.delete()


def test_versions_without_a_revision_are_not_deployed(emulator, with_versions):
    with pytest.raises(botocore.exceptions.ClientError, match="need a Revision"):
        with_versions(ProvisionedConcurrency=1)
