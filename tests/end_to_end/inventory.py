"""What an account has of the kinds of resources that the templates make."""

from emulator import Emulator


def inventory(emulator: Emulator) -> set[tuple[str, str]]:
    """The resources as pairs of a kind and a name. There are few enough for one page of each."""

    def client(service):
        return emulator.client(service)

    lists = {
        "alarm": (client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"], "AlarmName"),
        "dashboard": (client("cloudwatch").list_dashboards()["DashboardEntries"], "DashboardName"),
        "domain": (client("apigatewayv2").get_domain_names()["Items"], "DomainName"),
        "function": (client("lambda").list_functions()["Functions"], "FunctionName"),
        "HTTP API": (client("apigatewayv2").get_apis()["Items"], "ApiId"),
        "log group": (client("logs").describe_log_groups()["logGroups"], "logGroupName"),
        "REST API": (client("apigateway").get_rest_apis(limit=500)["items"], "id"),
        "role": (client("iam").list_roles()["Roles"], "RoleName"),
    }
    found = {(kind, item[name]) for kind, (items, name) in lists.items() for item in items}
    found |= {("table", name) for name in client("dynamodb").list_tables()["TableNames"]}
    for zone in client("route53").list_hosted_zones()["HostedZones"]:
        records = client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        found |= {("record", f"{record['Type']} {record['Name']}") for record in records}
    return found
