"""How AgentScope recognizes the API in front of it, and an origin that everybody can connect to."""

import botocore.exceptions
import pytest
from conftest import tokens_of, user_pool
from deployment import Deployment


def test_agentscope_gets_the_secret_whatever_the_client_sends(by_subject, by_rest, pool, origin, secret):
    origin.take()
    # The REST API's stack names the version that is no longer current.
    for deployment, expected in [(by_subject, secret.current), (by_rest, secret.first)]:
        for method, path in [("GET", "/agent/"), ("POST", "/sessions/"), ("DELETE", "/schedule/x"), ("GET", "/")]:
            for headers in [{}, {"x-origin-secret": "Mallory's"}, {"X-Origin-Secret": "Mallory's"}]:
                assert deployment.call(path, pool.id_token("alice"), method, headers=headers).status_code == 200
                (seen,) = origin.take()
                assert seen["headers"]["x-origin-secret"] == expected, (deployment.name, method, path)


def test_a_client_does_not_get_the_secret(by_subject, by_rest, pool, secret):
    for deployment in (by_subject, by_rest):
        for token in (pool.id_token("alice"), None):
            response = deployment.call("/agent/", token)
            for text in (response.text, str(response.headers)):
                assert secret.current not in text and secret.first not in text


def test_the_stack_does_not_show_the_secret(emulator, by_subject, by_rest, secret):
    cloudformation = emulator.client("cloudformation")
    for deployment in (by_subject, by_rest):
        shown = [cloudformation.describe_stacks(StackName=deployment.name)["Stacks"]]
        shown.append(cloudformation.describe_stack_events(StackName=deployment.name)["StackEvents"])
        for stage in ("Original", "Processed"):
            template = cloudformation.get_template(StackName=deployment.name, TemplateStage=stage)
            shown.append(template["TemplateBody"])
        assert "resolve:secretsmanager" in str(shown[2])
        assert secret.current not in str(shown) and secret.first not in str(shown)


@pytest.mark.parametrize("parameters_of", [tokens_of, user_pool])
def test_an_origin_that_cannot_recognize_the_api_is_not_deployed(emulator, pool, parameters_of):
    reason = "OriginUrl without OriginVpcLinkId needs OriginSecretArn"
    with pytest.raises(botocore.exceptions.ClientError, match=reason):
        Deployment(emulator, "refused").deploy(**parameters_of(pool), OriginUrl="https://agentscope.example.com")
