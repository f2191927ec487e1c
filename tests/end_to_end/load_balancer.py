"""A load balancer in front of AgentScope, and the stacks of rules that deploy/alb.yaml adds to its listener."""

import urllib.parse

import requests
from deployment import ROOT_FOLDER, Deployment
from emulator import Emulator
from issuer import Issuer
from origin import Origin
from stack import Stack

TEMPLATE = ROOT_FOLDER / "deploy" / "alb.yaml"
HOST = "chat.alb.localhost"


class LoadBalancer:
    """Everything goes to AgentScope, as long as there are no rules."""

    def __init__(self, emulator: Emulator, origin: Origin):
        self.emulator = emulator
        self.client = emulator.client("elbv2")
        made = self.client.create_load_balancer(Name="chat", Subnets=["subnet-a", "subnet-b"])["LoadBalancers"]
        group = self.client.create_target_group(
            Name="agentscope", Protocol="HTTP", Port=origin.port, TargetType="ip", VpcId="vpc-a"
        )["TargetGroups"][0]["TargetGroupArn"]
        self.client.register_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": origin.port}])
        self.to_agentscope = {"Type": "forward", "TargetGroupArn": group, "Order": 2}
        self.listener = self.client.create_listener(
            LoadBalancerArn=made[0]["LoadBalancerArn"], Protocol="HTTP", Port=80,
            DefaultActions=[self.to_agentscope],
        )["Listeners"][0]["ListenerArn"]  # fmt: skip

    def call(self, path, method="GET", headers={}, **options):
        url, headers = self.emulator.url + path, {"host": HOST} | headers
        return requests.request(method, url, headers=headers, timeout=60, allow_redirects=False, **options)

    def sign_in_by(self, issuer: Issuer, client_id: str, client_secret: str):
        """Adds a rule as those of AgentScope, which sends users without a cookie to the issuer."""
        made = self.client.create_rule(
            ListenerArn=self.listener, Priority=1000,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
            Actions=[
                {
                    "Type": "authenticate-oidc",
                    "Order": 1,
                    "AuthenticateOidcConfig": {
                        "Issuer": issuer.url, "AuthorizationEndpoint": f"{issuer.url}/authorize",
                        "TokenEndpoint": f"{issuer.url}/token", "UserInfoEndpoint": f"{issuer.url}/userinfo",
                        "ClientId": client_id, "ClientSecret": client_secret,
                    },
                },
                self.to_agentscope,
            ],
        )  # fmt: skip
        return made["Rules"][0]["RuleArn"]

    def cookies(self, code):
        """The cookies of a user that the issuer has just signed in, with this code."""
        redirect = self.call("/")
        (state,) = urllib.parse.parse_qs(urllib.parse.urlsplit(redirect.headers["location"]).query)["state"]
        response = self.call("/oauth2/idpresponse", params={"code": code, "state": state})
        assert response.status_code == 302
        return response.cookies.get_dict()

    def rules(self):
        """The priorities of the rules, but for the default action."""
        rules = self.client.describe_rules(ListenerArn=self.listener)["Rules"]
        return sorted(int(rule["Priority"]) for rule in rules if rule["Priority"] != "default")

    def target_groups(self):
        return sorted(group["TargetGroupName"] for group in self.client.describe_target_groups()["TargetGroups"])


class Rules(Stack):
    """A stack of deploy/alb.yaml."""

    def __init__(self, balancer: LoadBalancer, functions: Deployment, name: str, **parameters):
        super().__init__(balancer.emulator, name)
        outputs = functions.outputs()
        arns = {name: outputs[name] for name in ("ListSessionsArn", "ListScheduleSessionsArn")}
        self.create(parameters | arns | {"ListenerArn": balancer.listener}, TemplateBody=TEMPLATE.read_text())
