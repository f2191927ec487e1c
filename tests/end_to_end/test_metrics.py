"""Alarms and the dashboard use metrics that the functions write."""

import json

import world
from deployment import ROOT_FOLDER
from emulated_template import ALARM
from samcli.yamlhelper import yaml_parse
from written_metrics import written

OWN = "AgentScopeSessions"


def asked_for(emulator, deployment):
    name = deployment.outputs()["DashboardUrl"].rpartition("=")[2]
    body = json.loads(emulator.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    for widget in body["widgets"]:
        for namespace, metric, *rest in widget["properties"]["metrics"]:
            dimensions = [part for part in rest if not isinstance(part, dict)]
            yield namespace, metric, frozenset(zip(dimensions[::2], dimensions[1::2]))
    # The emulator has no alarms on expressions. Those of the template are about the metrics of its
    # routes.
    for resource in yaml_parse((ROOT_FOLDER / "template.yaml").read_text())["Resources"].values():
        for metric in resource["Properties"]["Metrics"] if resource["Type"] == ALARM else []:
            metric = metric.get("MetricStat", {}).get("Metric", {})
            if metric.get("Namespace") == {"Ref": "MetricsNamespace"}:
                yield OWN, metric["MetricName"], frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions", []))


def test_what_is_asked_for_is_written(emulator, by_name, pool):
    token = pool.id_token("alice")
    for route in ("sessions", "schedule"):
        path, _ = world.a_list("alice", route)
        etag = by_name.call(path, token).headers["etag"]
        by_name.call(path, token, headers={"if-none-match": etag})
        by_name.call(path, pool.id_token("mallory"))
    metrics = written(emulator, by_name)
    asked = list(asked_for(emulator, by_name))
    # A filter makes the other one of the access log, for requests that do not get to a function.
    own = {metric for metric in asked if metric[0] == OWN and metric[1] != "GatewayErrors"}
    # This stack has no authorizer function. See test_issuer.py.
    own = {metric for metric in own if ("Route", "authorizer") not in metric[2]}
    # Nothing has failed, and nothing should.
    own = {metric for metric in own if ("Outcome", "server-error") not in metric[2]}
    assert len(own) > 20 and own <= metrics, own - metrics
    # Of AWS's own metrics the dimensions are this stack's.
    resources = {by_name.api(), *by_name.tables().values()}
    resources |= {by_name.resource(name) for name in ("ListSessions", "ListScheduleSessions")}
    for namespace, metric, dimensions in asked:
        if namespace != OWN:
            ((_, value),) = dimensions
            assert value in resources, (namespace, metric, dimensions)
