"""Domain names of one's own, and base paths behind them."""

import pytest
import world


@pytest.fixture(params=["by_subject", "by_rest"])
def deployment(request):
    return request.getfixturevalue(request.param)


def name_of(deployment):
    return "rest.example.com" if deployment.is_rest_api else "http.example.com"


def test_paths_behind_the_domain_have_no_prefix(deployment, pool, origin):
    origin.take()
    name, token = name_of(deployment), pool.id_token("alice")
    for route in ("sessions", "schedule"):
        path, body = world.a_list("alice", route)
        response = deployment.call(path, token, domain=name)
        assert (response.status_code, world.ids(response.json())) == (200, world.ids(body))
        assert deployment.call(path, domain=name).status_code == 401
    assert origin.take() == []
    assert deployment.call("/agent/x", token, domain=name).json() == {"answered": "by AgentScope"}
    (seen,) = origin.take()
    assert (seen["path"], seen["headers"]["x-user-id"]) == ("/agent/x", pool.subjects["alice"])


def test_a_mapping_key_is_a_base_path(emulator, deployment, pool, origin):
    name, token = name_of(deployment), pool.id_token("alice")
    client = emulator.client("apigatewayv2")
    stage = deployment.stage()
    mapping = client.create_api_mapping(DomainName=name, ApiId=deployment.api(), Stage=stage, ApiMappingKey="agents")
    for route in ("sessions", "schedule"):
        path, body = world.a_list("alice", route)
        response = deployment.call(f"/agents{path}", token, domain=name)
        assert (response.status_code, world.ids(response.json())) == (200, world.ids(body))
    client.delete_api_mapping(DomainName=name, ApiMappingId=mapping["ApiMappingId"])


def test_outputs_name_the_domain_and_what_its_record_points_to(deployment):
    outputs = deployment.outputs()
    assert outputs["ApiUrl"] == f"https://{name_of(deployment)}"
    assert outputs["DomainTarget"]


def test_the_zone_gets_a_record(emulator, by_rest, zone):
    records = emulator.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (record,) = [record for record in records if record["Type"] == "A"]
    assert record["Name"].rstrip(".") == name_of(by_rest)
    assert record["AliasTarget"]["DNSName"].rstrip(".") == by_rest.outputs()["DomainTarget"]
