"""Deploying template.yaml, and calling what was deployed."""

import functools
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import requests
from emulator import REGION, ROOT, Emulator
from stack import Stack

ROOT_FOLDER = Path(__file__).parents[2]
BUILT_TEMPLATE = ROOT_FOLDER / ".aws-sam" / "build" / "template.yaml"
TABLES = ("Sessions", "Agents", "Teams", "Schedules")
PAGE = "https://chat.example.com"


def sam(emulator: Emulator, *arguments):
    program = Path(sys.executable).parent / "sam"
    done = subprocess.run(
        [program, *arguments], cwd=BUILT_TEMPLATE.parents[2], env=emulator.environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, f"sam {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@functools.cache
def packaged(emulator: Emulator):
    """The URL of the built template, with the functions in S3."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "packaged.yaml"
        # `sam delete` of another stack deletes only what has no prefix.
        sam(emulator, "package", "--resolve-s3", "--s3-prefix", "packaged", "--output-template-file", str(file))
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="templates", Key="packaged.yaml", Body=file.read_bytes())
    return f"{emulator.url}/templates/packaged.yaml"


class Deployment(Stack):
    """A stack of template.yaml."""

    def __init__(self, emulator: Emulator, name: str):
        super().__init__(emulator, name)
        self.is_rest_api = False

    def deploy(self, **parameters):
        """What `sam deploy` does, also with a stack that exists. The command itself takes longer than the deployment."""
        apply = self.update if self.exists() else self.create
        apply(parameters, TemplateURL=packaged(self.emulator))
        return self._deployed(parameters)

    def deploy_with_sam(self, **parameters):
        """`sam deploy`, without the questions."""
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        sam(
            self.emulator, "deploy", "--stack-name", self.name, "--no-confirm-changeset",
            "--parameter-overrides", *overrides,
        )  # fmt: skip
        return self._deployed(parameters)

    def delete_with_sam(self):
        """`sam delete`, without the questions."""
        sam(self.emulator, "delete", "--stack-name", self.name, "--no-prompts", "--region", REGION)

    def _deployed(self, parameters):
        self.is_rest_api = parameters.get("Gateway") == "rest"
        if not self.is_rest_api:
            self._close_gaps()
        return self

    def tables_as_parameters(self):
        """The parameters of another stack that uses the same tables."""
        return {f"{kind}TableName": name for kind, name in self.tables().items()}

    def tables(self):
        """The tables' names, by kind."""
        outputs = self.outputs()
        return {kind: outputs[f"{kind}TableName"] for kind in TABLES}

    def load(self, export: Path, **credentials):
        """`agentscope-sync load`, as the account's root or with other credentials."""
        tables = [f"--{kind.lower()}-table={name}" for kind, name in self.tables().items()]
        subprocess.run(
            ["cargo", "run", "--quiet", "--locked", "--bin", "agentscope-sync", "--", "load", str(export),
             "--lease-seconds", "3600", "--endpoint-url", self.emulator.url, *tables],
            cwd=ROOT_FOLDER, env=self.emulator.environment() | credentials, check=True,
        )  # fmt: skip

    def call(self, path, token=None, method="GET", domain=None, **options):
        """A request to the API as a client sends it, but for the address. With a domain, to the API of that name."""
        headers = options.pop("headers", {})
        if token is not None:
            headers = headers | {"authorization": f"Bearer {token}"}
        if domain is not None:
            headers = headers | {"host": domain}
        url = self.url(path) if domain is None else self.emulator.url + path
        return requests.request(method, url, headers=headers, timeout=60, allow_redirects=False, **options)

    def call_signed(self, path, credentials=ROOT, headers={}):
        """A GET request with a signature, by default of the account's root."""
        request = botocore.awsrequest.AWSRequest("GET", self.url(path), headers=headers)
        keys = credentials["AWS_ACCESS_KEY_ID"], credentials["AWS_SECRET_ACCESS_KEY"]
        signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(*keys), "execute-api", REGION)
        signer.add_auth(request)
        return self.call(path, headers=dict(request.headers))

    def url(self, path):
        """The emulator's address for the API. It has an address with the API in the host's name, too, but there
        `/sessions/` loses its slash."""
        return f"{self.emulator.url}/_aws/execute-api/{self.api()}/{self.stage()}{path}"

    @functools.cache
    def api(self):
        return self.resource("RestApi" if self.is_rest_api else "Api")

    def stage(self):
        return "api" if self.is_rest_api else "$default"

    def _close_gaps(self):
        """What ministack's CloudFormation stores of an API so that its gateway does not find it: the members of
        CorsConfiguration under the template's names instead of the API's. The values are those of the deployed template."""
        cors = _cors(self.emulator.client("cloudformation").get_template(StackName=self.name, TemplateStage="Processed"))
        parameters = {
            parameter["ParameterKey"]: parameter["ParameterValue"]
            for parameter in self.emulator.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0][
                "Parameters"
            ]
        }
        if not parameters["AllowedOrigins"]:
            return
        with_origin, without_origin = cors["AllowMethods"]["Fn::If"][1:]
        self.emulator.client("apigatewayv2").update_api(
            ApiId=self.api(),
            CorsConfiguration={
                "AllowOrigins": parameters["AllowedOrigins"].split(","),
                "AllowMethods": with_origin if parameters["OriginUrl"] else without_origin,
                "AllowHeaders": cors["AllowHeaders"],
                "ExposeHeaders": cors["ExposeHeaders"],
                "MaxAge": cors["MaxAge"],
            },
        )


def ready_made(environment):
    """The parameters of an environment of samconfig.toml."""
    configuration = tomllib.loads((ROOT_FOLDER / "samconfig.toml").read_text())
    overrides = configuration[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(parameter.split("=", 1) for parameter in overrides.split(" "))


def _cors(template):
    body = template["TemplateBody"]
    body = json.loads(body) if isinstance(body, str) else body
    return body["Resources"]["Api"]["Properties"]["CorsConfiguration"]["Fn::If"][1]
