"""A stack of CloudFormation."""

import botocore.exceptions
from emulator import Emulator


class Stack:
    """A stack by its name, whether it exists or not."""

    def __init__(self, emulator: Emulator, name: str):
        self.emulator = emulator
        self.name = name
        self.cloudformation = emulator.client("cloudformation")

    def exists(self):
        try:
            return bool(self.cloudformation.describe_stacks(StackName=self.name))
        except botocore.exceptions.ClientError:
            return False

    def create(self, parameters: dict, **template):
        self._apply(self.cloudformation.create_stack, "create", parameters, **template)

    def update(self, parameters: dict, **template):
        self._apply(self.cloudformation.update_stack, "update", parameters, **template)

    def delete(self):
        self.cloudformation.delete_stack(StackName=self.name)
        self._wait("delete")

    def outputs(self):
        stack = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def resource(self, logical_id):
        """The physical id of a resource."""
        details = self.cloudformation.describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return details["StackResourceDetail"]["PhysicalResourceId"]

    def _apply(self, call, verb, parameters, **template):
        call(
            StackName=self.name,
            Parameters=[{"ParameterKey": name, "ParameterValue": str(value)} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            **template,
        )
        self._wait(verb)

    def _wait(self, verb):
        waiter = self.cloudformation.get_waiter(f"stack_{verb}_complete")
        waiter.wait(StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
