"""Metrics of the lines in CloudWatch's embedded metric format in the logs of a deployment."""

import json


def written(emulator, deployment):
    """The metrics with their namespaces and dimensions."""
    logs = emulator.client("logs")
    found = set()
    for group in deployment.outputs()["LogGroups"].split():
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                for line in event["message"].splitlines():
                    if not line.startswith("{") or '"_aws"' not in line:
                        continue
                    line = json.loads(line)
                    for directive in line["_aws"]["CloudWatchMetrics"]:
                        for dimensions in directive["Dimensions"]:
                            values = frozenset((name, line[name]) for name in dimensions)
                            found |= {(directive["Namespace"], metric["Name"], values) for metric in directive["Metrics"]}
    return found
