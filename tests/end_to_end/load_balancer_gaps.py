"""What ministack lacks of load balancers, as AWS documents it.

- CloudFormation registers the targets of a target group, and keeps how a rule signs users in.
- Events have path and query as the client sent them, encoded. AWS's "Use Lambda functions as targets of an
  Application Load Balancer".
- Events with headers of several values have no others.
"""

from ministack.services import alb, lambda_svc
from ministack.services.cloudformation import provisioners


def close():
    """Adds what is missing to ministack's modules. For the process that runs ministack."""
    _register_targets()
    _sign_in()
    _leave_encoded()
    _leave_out_single_values()


def _register_targets():
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ElasticLoadBalancingV2::TargetGroup"]
    create = handlers["create"]

    def create_with_targets(logical_id, properties, *arguments):
        arn, attributes = create(logical_id, properties, *arguments)
        alb._targets[arn] = [{"Id": target["Id"]} for target in properties.get("Targets", [])]
        return arn, attributes

    handlers["create"] = create_with_targets


def _sign_in():
    actions_of = provisioners._elbv2_listener_actions

    def actions_with_sign_in(properties, *arguments, **options):
        actions = actions_of(properties, *arguments, **options)
        for action, written in zip(actions, properties.get(options.get("prop", "DefaultActions")) or []):
            if "AuthenticateOidcConfig" in written:
                action["AuthenticateOidcConfig"] = written["AuthenticateOidcConfig"]
        return actions

    provisioners._elbv2_listener_actions = actions_with_sign_in


def _leave_encoded():
    forward = alb._forward_to_tg

    async def forward_encoded(group, method, path, headers, body, query, raw_query=None, raw_path=None):
        query = {}
        for pair in (raw_query or "").split("&"):
            name, _, value = pair.partition("=")
            if pair:
                query.setdefault(name, []).append(value)
        return await forward(group, method, raw_path or path, headers, body, query, raw_query, raw_path)

    alb._forward_to_tg = forward_encoded


def _leave_out_single_values():
    execute = lambda_svc._execute_function_with_config_scope

    def execute_with_lists(function, event):
        if "elb" in event.get("requestContext", {}) and "multiValueHeaders" in event:
            event = {name: value for name, value in event.items() if name not in ("headers", "queryStringParameters")}
        return execute(function, event)

    lambda_svc._execute_function_with_config_scope = execute_with_lists
