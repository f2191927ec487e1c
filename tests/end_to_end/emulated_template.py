"""Removes from the built template what ministack's CloudFormation does not have: alarms on expressions. Sets AlarmCallers to
0, since it has no rules of Contributor Insights either. `.ci/run end_to_end` calls this after `sam build`."""

import sys
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

ALARM = "AWS::CloudWatch::Alarm"


def main():
    path = Path(sys.argv[1])
    template = yaml_parse(path.read_text())
    resources = template["Resources"]
    for name in [name for name, resource in resources.items() if resource["Type"] == ALARM]:
        assert "Metrics" in resources[name]["Properties"], f"{name} is not on an expression"
        del resources[name]
    template["Parameters"]["AlarmCallers"]["Default"] = 0
    path.write_text(yaml_dump(template))


if __name__ == "__main__":
    main()
