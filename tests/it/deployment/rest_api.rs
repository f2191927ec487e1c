//! The REST API: what it streams, where requests go, and who may call it.

mod pages;

use std::collections::{BTreeMap, BTreeSet};

use agentscope_api::DeliverySettings;
use agentscope_tests::template::Template;
use serde_json::{Value, json};

const REST: (&str, &str) = ("Gateway", "rest");
const ORIGIN: (&str, &str) = ("OriginUrl", "https://agentscope.example.com");
const POOL: (&str, &str) = ("UserPoolArn", "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/p");
const PAGES: (&str, &str) = ("AllowedOrigins", "https://a.example.com,https://b.example.com");
const INTEGRATION: &str = "x-amazon-apigateway-integration";
const ANY: &str = "x-amazon-apigateway-any-method";

fn template(parameters: &[(&str, &str)]) -> Template {
    Template::with(&[&[REST, POOL], parameters].concat())
}

fn document(template: &Template) -> Value {
    template.resources()["RestApi"]["Properties"]["DefinitionBody"].clone()
}

/// The operations of a document, by method and path.
fn operations(template: &Template) -> BTreeMap<String, Value> {
    let document = document(template);
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = if method == ANY { "ANY".to_owned() } else { method.to_uppercase() };
            operations.insert(format!("{method} {path}"), operation.clone());
        }
    }
    operations
}

fn keys(template: &Template) -> BTreeSet<String> {
    operations(template).into_keys().collect()
}

fn texts(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// Where AgentScope's service has something, besides the lists.
const PATHS: [&str; 8] = [
    "/",
    "/{proxy+}",
    "/sessions",
    "/sessions/{proxy+}",
    "/schedule",
    "/schedule/{schedule_id}",
    "/schedule/{schedule_id}/sessions",
    "/schedule/{schedule_id}/{proxy+}",
];

#[test]
fn one_gateway_is_made_and_the_default_is_the_http_api() {
    let kinds = |parameters: &[_]| -> BTreeSet<String> {
        let resources = Template::with(parameters).resources();
        let kinds = resources.values().map(|one| one["Type"].as_str().unwrap().to_owned());
        kinds.filter(|kind| kind.contains("ApiGateway") || kind == "AWS::Serverless::Api").collect()
    };
    let http = ["Api", "Integration", "Route", "Stage"].map(|kind| format!("AWS::ApiGatewayV2::{kind}"));
    let mut expected = BTreeSet::from(http);
    expected.insert("AWS::ApiGatewayV2::Authorizer".to_owned());
    assert_eq!(kinds(&[]), expected);
    assert_eq!(kinds(&[("Gateway", "http")]), expected);
    assert_eq!(kinds(&[REST, POOL, ORIGIN, PAGES]), texts(&["AWS::Serverless::Api"]));
}

#[test]
fn the_lists_go_to_the_functions_and_everything_else_to_the_origin() {
    let lists = ["GET /sessions", "GET /schedule/{schedule_id}/sessions"];
    assert_eq!(keys(&template(&[])), texts(&lists));
    let mut all: BTreeSet<_> = PATHS.iter().map(|path| format!("ANY {path}")).collect();
    all.extend(texts(&lists));
    assert_eq!(keys(&template(&[ORIGIN])), all);
    // Preflights have no token, so they do not get to the authorizer of ANY.
    all.extend(PATHS.iter().map(|path| format!("OPTIONS {path}")));
    assert_eq!(keys(&template(&[ORIGIN, PAGES])), all);
}

#[test]
fn every_integration_streams_and_has_the_time_for_it() {
    for (key, operation) in operations(&template(&[ORIGIN])) {
        let integration = &operation[INTEGRATION];
        assert_eq!(integration["responseTransferMode"], "STREAM", "{key}");
        let timeout = integration["timeoutInMillis"].as_u64().unwrap();
        if key.starts_with("GET ") {
            let function = if key.contains("schedule") { "ListScheduleSessions" } else { "ListSessions" };
            assert_eq!((&integration["type"], &integration["httpMethod"]), (&json!("aws_proxy"), &json!("POST")));
            let uri = format!(
                "arn:aws:apigateway:eu-central-1:lambda:path/2021-11-15/functions/{function}.Arn/response-streaming-invocations"
            );
            assert_eq!(integration["uri"], uri);
        } else {
            assert_eq!((&integration["type"], &integration["httpMethod"]), (&json!("http_proxy"), &json!("ANY")));
            // The longest that API Gateway streams.
            assert_eq!(timeout, 15 * 60 * 1000, "{key}");
        }
    }
    let variables = &template(&[]).function("ListSessions")["Environment"]["Variables"];
    assert_eq!(variables["RESPONSE_MODE"], "streaming");
    assert_eq!(variables["MAX_LIST_BYTES"], DeliverySettings::default().max_list_bytes);
    assert_eq!(Template::with(&[]).function("ListSessions")["Environment"]["Variables"]["RESPONSE_MODE"], "buffered");
}

#[test]
fn a_path_reaches_the_origin_as_it_is() {
    for (key, operation) in operations(&template(&[ORIGIN])) {
        let Some(path) = key.strip_prefix("ANY ") else { continue };
        let parameters: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
        let names: Vec<_> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        let in_path: Vec<_> =
            path.split(['{', '}']).skip(1).step_by(2).map(|name| name.trim_end_matches('+')).collect();
        assert_eq!(names, in_path, "{key}");
        let mappings = &operation[INTEGRATION]["requestParameters"];
        for name in names {
            let mapping = format!("integration.request.path.{name}");
            assert_eq!(mappings[mapping], format!("method.request.path.{name}"), "{key}");
        }
        // AgentScope's collections end with a slash, which a resource cannot.
        let slash = if matches!(path, "/sessions" | "/schedule") { "/" } else { "" };
        assert_eq!(operation[INTEGRATION]["uri"], format!("{}{}{slash}", ORIGIN.1, path.replace('+', "")));
    }
}

#[test]
fn the_origin_gets_the_callers_subject_whatever_the_client_sends() {
    for (source, expected) in [("jwt", Some("context.authorizer.claims.sub")), ("header", None)] {
        for (key, operation) in operations(&template(&[ORIGIN, ("IdentitySource", source)])) {
            let mapping = operation[INTEGRATION]["requestParameters"].get("integration.request.header.x-user-id");
            let expected = expected.filter(|_| key.starts_with("ANY ")).map(Value::from);
            assert_eq!(mapping.cloned(), expected, "{key}");
        }
    }
}

#[test]
fn an_origin_in_a_private_network_is_reached_by_its_link() {
    let balancer = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/chat/a";
    let private = [ORIGIN, ("OriginVpcLinkId", "link1"), ("OriginLoadBalancerArn", balancer)];
    for (parameters, expected) in [
        (&private[..1], json!({ "connectionType": "INTERNET" })),
        (&private, json!({ "connectionType": "VPC_LINK", "connectionId": "link1", "integrationTarget": balancer })),
    ] {
        for (key, operation) in operations(&template(parameters)) {
            let integration = &operation[INTEGRATION];
            let found: serde_json::Map<_, _> = ["connectionType", "connectionId", "integrationTarget"]
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), integration.get(name)?.clone())))
                .collect();
            let expected = if key.starts_with("ANY ") { &expected } else { &json!({}) };
            assert_eq!(&json!(found), expected, "{key}");
        }
    }
}

#[test]
fn every_operation_but_preflights_has_the_authorizer() {
    let scopes = ("AuthorizationScopes", "chat/read,chat/write");
    for (parameters, security) in [
        (vec![], json!([{ "tokens": [] }])),
        (vec![scopes], json!([{ "tokens": ["chat/read", "chat/write"] }])),
        (vec![("IdentitySource", "header")], json!([{ "sigv4": [] }])),
        (vec![("IdentitySource", "header"), ("HeaderCallers", "anyone")], json!([])),
    ] {
        let template = template(&[&parameters[..], &[ORIGIN, PAGES]].concat());
        for (key, operation) in operations(&template) {
            let expected = (!key.starts_with("OPTIONS ")).then_some(&security);
            assert_eq!(operation.get("security"), expected, "{key}");
        }
        let schemes = document(&template)["components"]["securitySchemes"].clone();
        let used: BTreeSet<_> =
            security.as_array().unwrap().iter().flat_map(|one| one.as_object().unwrap().keys().cloned()).collect();
        assert_eq!(schemes.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), used);
    }
    let scheme = &document(&template(&[]))["components"]["securitySchemes"]["tokens"];
    assert_eq!(scheme["x-amazon-apigateway-authtype"], "cognito_user_pools");
    assert_eq!(scheme["x-amazon-apigateway-authorizer"]["providerARNs"], json!([POOL.1]));
}

#[test]
fn a_private_api_is_reached_through_its_endpoints_alone() {
    let private = [("IdentitySource", "header"), ("HeaderCallers", "anyone"), ("VpcEndpointIds", "vpce-a,vpce-b")];
    let template = template(&private);
    let api = &template.resources()["RestApi"]["Properties"];
    let endpoints = json!(["vpce-a", "vpce-b"]);
    assert_eq!(api["EndpointConfiguration"], json!({ "Type": "PRIVATE", "VPCEndpointIds": endpoints }));
    let policy = json!([{
        "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
        "Condition": { "StringEquals": { "aws:SourceVpce": endpoints } },
    }]);
    assert_eq!(api["DefinitionBody"]["x-amazon-apigateway-policy"]["Statement"], policy);
    let public = Template::with(&[REST, POOL]).resources();
    let public = &public["RestApi"]["Properties"];
    assert_eq!(public["EndpointConfiguration"], json!({ "Type": "REGIONAL" }));
    assert!(public["DefinitionBody"].get("x-amazon-apigateway-policy").is_none());
}

#[test]
fn functions_believe_the_claims_of_the_user_pool_and_nothing_else() {
    let source = |parameters: &[_]| {
        template(parameters).function("ListSessions")["Environment"]["Variables"]["EVENT_SOURCE"].clone()
    };
    assert_eq!(source(&[]), "rest-api");
    assert_eq!(source(&[("IdentitySource", "header")]), "any");
    assert_eq!(source(&[("IdentitySource", "header"), ("EventSource", "alb")]), "alb");
}

#[test]
fn the_lists_and_the_origin_are_throttled_apart() {
    let template = template(&[
        ("ThrottlingRate", "10"),
        ("ThrottlingBurst", "20"),
        ("OriginThrottlingRate", "30"),
        ("OriginThrottlingBurst", "40"),
    ]);
    let settings = |path: &str, method: &str, rate: &str, burst: &str| {
        json!({
            "ResourcePath": path, "HttpMethod": method, "ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst,
        })
    };
    // As API Gateway writes the paths of the lists: a slash, and ~1 for each of theirs.
    let lists = ["/sessions", "/schedule/{schedule_id}/sessions"].map(|path| {
        assert!(document(&template)["paths"][path]["get"].is_object());
        settings(&format!("/{}", path.replace('/', "~1")), "GET", "10", "20")
    });
    let [agent, schedule] = lists;
    let expected = json!([settings("/*", "*", "30", "40"), agent, schedule]);
    assert_eq!(template.resources()["RestApi"]["Properties"]["MethodSettings"], expected);
}

#[test]
fn the_stage_is_logged_and_deployed_each_time() {
    let template = template(&[("RestAccessLogs", "true")]);
    let api = &template.resources()["RestApi"]["Properties"];
    // The document has parameters, of which a deployment would not see the change.
    assert_eq!(api["AlwaysDeploy"], true);
    assert_eq!(api["AccessLogSetting"]["DestinationArn"], "AccessLogs.Arn");
    let format = api["AccessLogSetting"]["Format"].as_str().unwrap();
    let line: BTreeMap<String, String> = serde_json::from_str(format).unwrap();
    assert!(line["status"] == "$context.status" && !format.contains('\n'));
    for private in ["querystring", "claims", "header", "$context.path\""] {
        assert!(!format.contains(private), "{private}");
    }
    let quiet = Template::with(&[REST, POOL]).resources();
    assert!(quiet["RestApi"]["Properties"].get("AccessLogSetting").is_none() && !quiet.contains_key("AccessLogs"));
}

#[test]
fn only_this_api_may_invoke_the_functions() {
    let permissions = template(&[]).of_type("AWS::Lambda::Permission");
    let sources: BTreeMap<_, _> = permissions
        .values()
        .map(|one| {
            (one["Properties"]["FunctionName"].as_str().unwrap(), one["Properties"]["SourceArn"].as_str().unwrap())
        })
        .collect();
    let arn = "arn:aws:execute-api:eu-central-1:123456789012:RestApi/*/GET";
    let expected =
        [("ListScheduleSessions", format!("{arn}/schedule/*/sessions")), ("ListSessions", format!("{arn}/sessions"))];
    assert_eq!(sources, expected.iter().map(|(name, source)| (*name, source.as_str())).collect());
    for permission in permissions.values() {
        assert_eq!(permission["Properties"]["Principal"], "apigateway.amazonaws.com");
    }
}

#[test]
fn the_dashboard_is_about_the_gateway_that_is_made() {
    for (parameters, metric, dimension, value) in
        [(vec![], "5xx", "ApiId", "Api"), (vec![REST, POOL], "5XXError", "ApiName", "stack")]
    {
        let resources = Template::with(&parameters).resources();
        let dashboard = resources["Dashboard"]["Properties"]["DashboardBody"].as_str().unwrap();
        assert!(dashboard.contains(&format!(r#"["AWS/ApiGateway", "{metric}", "{dimension}", "{value}""#)));
    }
}
