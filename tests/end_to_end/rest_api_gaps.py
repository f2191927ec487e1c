"""What ministack lacks of REST APIs, as AWS documents it.

- Import of OpenAPI documents: methods ANY, mappings, responses, gateway responses.
- Streams: the mode STREAM of Lambda proxy integrations, and functions that stream.
- Mapped headers of HTTP proxy integrations.
- The mapping templates of mock integrations' responses.

Everything else is ministack's own: resources, authorizers, signatures, policies, stages, domains.
"""

import base64
import contextvars
import json

import airspeed
from ministack.core import lambda_runtime
from ministack.services import apigateway_v1 as rest_api

ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
# AWS's "Building a custom runtime for AWS Lambda".
STREAMS = ("Lambda-Runtime-Function-Response-Mode", "streaming")
# AWS's "Set up a Lambda proxy integration with payload response streaming in API Gateway".
DELIMITER = b"\0" * 8
STREAMING_CALL = "/response-streaming-invocations"

# The request that a stage handles, with `authorizer` and `integration` as soon as they are known.
request = contextvars.ContextVar("request")


def close():
    """Adds what is missing to ministack's modules. For the process that runs ministack."""
    _import_documents()
    _remember_requests()
    _call_streaming_functions()
    _map_headers()
    _render_mocks()


def _import_documents():
    import_document, import_operation = rest_api._import_rest_api, rest_api._import_operation
    put_integration = rest_api._put_integration

    def whole_document(document, base_data=None):
        api = import_document(document, base_data)
        for kind, response in document.get(GATEWAY_RESPONSES, {}).items():
            rest_api._put_gateway_response(api, kind, response)
        return api

    def whole_operation(api, resource, method, operation, *security):
        method = "ANY" if method == ANY.upper() else method
        import_operation(api, resource, method, operation, *security)
        integration = operation[INTEGRATION] | {"type": operation[INTEGRATION]["type"].upper()}
        put_integration(api, resource, method, integration)
        stored = rest_api._resources[api][resource]["resourceMethods"][method]["methodIntegration"]
        stored["responseTransferMode"] = integration.get("responseTransferMode", "BUFFERED")
        for response in integration.get("responses", {}).values():
            rest_api._put_integration_response(api, resource, method, response["statusCode"], response)

    rest_api._OPENAPI_HTTP_METHODS.add(ANY)
    rest_api._import_rest_api, rest_api._import_operation = whole_document, whole_operation


def _remember_requests():
    execute, authorize = rest_api._execute_in_scope, rest_api._authorize_request_v1

    async def remembered(current, *arguments):
        request.set(current)
        return await execute(current, *arguments)

    async def authorized(*arguments):
        error, request.get()["authorizer"] = await authorize(*arguments)
        return error, request.get()["authorizer"]

    rest_api._execute_in_scope, rest_api._authorize_request_v1 = remembered, authorized


def _call_streaming_functions():
    build_handler_class = lambda_runtime.ProvidedWorker._build_handler_class
    function_of, invoke = rest_api._extract_lambda_ref_from_integration_uri, rest_api._invoke_lambda_proxy_v1
    buffered_response = rest_api._lambda_proxy_response

    def streaming_handler_class(worker, *arguments):
        class Handler(build_handler_class(worker, *arguments)):
            def _read_body(self):
                body = super()._read_body()
                if self.headers.get(STREAMS[0]) != STREAMS[1]:
                    return body
                # ministack would decode the bytes as text.
                return json.dumps({"stream": base64.b64encode(body).decode()}).encode()

        return Handler

    async def invoke_in_its_mode(integration, *arguments, **others):
        request.get()["integration"] = integration
        return await invoke(integration, *arguments, **others)

    def response_in_its_mode(result):
        payload = result.get("body")
        is_stream = isinstance(payload, dict) and payload.keys() == {"stream"}
        if request.get()["integration"]["responseTransferMode"] != "STREAM":
            return (None, "a stream was not expected") if is_stream else buffered_response(result)
        if not is_stream:
            return None, f"a stream was expected: {payload}"
        metadata, delimiter, body = base64.b64decode(payload["stream"]).partition(DELIMITER)
        if not delimiter:
            return None, "a stream without a delimiter"
        return json.loads(metadata) | {"body": body}, None

    lambda_runtime.ProvidedWorker._build_handler_class = streaming_handler_class
    rest_api._extract_lambda_ref_from_integration_uri = lambda uri: function_of(uri.removesuffix(STREAMING_CALL))
    rest_api._invoke_lambda_proxy_v1 = invoke_in_its_mode
    rest_api._lambda_proxy_response = response_in_its_mode


def _map_headers():
    invoke, prefix = rest_api._invoke_http_proxy_v1, "integration.request.header."

    def value(source):
        if source.startswith("'"):
            return source.strip("'")
        value = {"context": {"authorizer": request.get()["authorizer"]}}
        for name in source.split("."):
            value = value[name]
        return value

    async def invoke_with_mapped_headers(integration, path, method, headers, *arguments):
        mappings = integration["requestParameters"].items()
        mapped = {name.removeprefix(prefix): value(source) for name, source in mappings if name.startswith(prefix)}
        others = {name: value for name, value in headers.items() if name.lower() not in mapped}
        return await invoke(integration, path, method, others | mapped, *arguments)

    rest_api._invoke_http_proxy_v1 = invoke_with_mapped_headers


class _Input:
    """`$input` of a mapping template, as far as the template uses it."""

    def params(self, name):
        return request.get()["headers"].get(name, "")


def _render_mocks():
    invoke = rest_api._invoke_mock_v1

    def rendered(integration):
        status, headers, template = invoke(integration)
        context = {"responseOverride": {"header": {}}}
        body = airspeed.Template(template.decode()).merge({"input": _Input(), "context": context})
        return status, headers | context["responseOverride"]["header"], body.encode()

    rest_api._invoke_mock_v1 = rendered
