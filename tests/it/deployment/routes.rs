//! Paths and methods, and what the gateway adds to responses.

use std::collections::{BTreeMap, BTreeSet};

use agentscope_api::Request;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::template::Template;
use serde_json::{Value, json};

const ORIGIN: (&str, &str) = ("OriginUrl", "https://agentscope.example.com");

/// Route keys, and the functions or services that they lead to.
fn routes(template: &Template) -> BTreeMap<String, String> {
    let resources = template.resources();
    let routes = template.of_type("AWS::ApiGatewayV2::Route").into_values();
    let mut targets = BTreeMap::new();
    for route in routes {
        let properties = &route["Properties"];
        let target = properties["Target"].as_str().unwrap().strip_prefix("integrations/").unwrap();
        let integration = &resources[target]["Properties"];
        let key = properties["RouteKey"].as_str().unwrap().to_owned();
        let twin = targets.insert(key, integration["IntegrationUri"].as_str().unwrap().to_owned());
        assert_eq!(twin, None);
    }
    targets
}

fn lists() -> BTreeMap<String, String> {
    let routes = [
        ("GET /sessions", "ListSessions.Arn"),
        ("GET /sessions/", "ListSessions.Arn"),
        ("GET /schedule/{schedule_id}/sessions", "ListScheduleSessions.Arn"),
        ("GET /schedule/{schedule_id}/sessions/", "ListScheduleSessions.Arn"),
    ];
    routes.map(|(key, target)| (key.to_owned(), target.to_owned())).into()
}

#[test]
fn both_routes_are_there_in_both_spellings() {
    assert_eq!(routes(&Template::with(&[])), lists());
}

#[test]
fn functions_know_the_paths_that_lead_to_them() {
    for (key, function) in lists() {
        let path = key.strip_prefix("GET ").unwrap().replace("{schedule_id}", "s%201");
        let request = Request::from_event(&HttpRequest::get(&path, "", "alice").http_api().to_string()).unwrap();
        let schedule = (function == "ListScheduleSessions.Arn").then_some("s 1");
        assert_eq!((request.is_sessions(), request.schedule_id()), (schedule.is_none(), schedule), "{key}");
        // The parameter has the name by which the function looks for it.
        assert!(schedule.is_none() || key.contains("{schedule_id}"));
    }
}

#[test]
fn the_local_gateway_has_the_same_paths() {
    let manifest = include_str!("../../../Cargo.toml");
    let (_, router) = manifest.split_once("[workspace.metadata.lambda.watch.router]").unwrap();
    let paths: BTreeSet<_> = router.lines().filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect();
    let keys: BTreeSet<_> = lists().into_keys().map(|key| key.replace("GET ", "")).collect();
    assert_eq!(paths, keys);
}

#[test]
fn everything_else_goes_to_the_origin_but_for_preflights() {
    let mut expected = lists();
    for method in ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"] {
        for path in ["/", "/{proxy+}"] {
            expected.insert(format!("{method} {path}"), ORIGIN.1.to_owned());
        }
    }
    // No $default, ANY or OPTIONS route: it would take preflights from API Gateway, which
    // responses them itself.
    assert_eq!(routes(&Template::with(&[ORIGIN])), expected);
}

#[test]
fn an_origin_in_a_private_network_is_reached_by_its_link() {
    let integration =
        |parameters: &[_]| Template::with(parameters).resources()["OriginIntegration"]["Properties"].clone();
    let public = integration(&[ORIGIN]);
    assert_eq!((&public["ConnectionType"], public.get("ConnectionId")), (&json!("INTERNET"), None));
    let listener = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/b/c";
    let private = integration(&[("OriginUrl", listener), ("OriginVpcLinkId", "link1")]);
    assert_eq!((&private["ConnectionType"], &private["ConnectionId"]), (&json!("VPC_LINK"), &json!("link1")));
    assert_eq!(private["IntegrationUri"], listener);
    for integration in [public, private] {
        assert_eq!(integration["IntegrationType"], "HTTP_PROXY");
        assert_eq!(integration["RequestParameters"]["overwrite:path"], "$request.path");
    }
}

#[test]
fn pages_of_the_named_origins_may_read_responses() {
    let cors = |parameters: &[_]| {
        Template::with(parameters).resources()["Api"]["Properties"].get("CorsConfiguration").cloned()
    };
    assert_eq!(cors(&[]), None);
    let pages = ("AllowedOrigins", "https://a.example.com,https://b.example.com");
    for (parameters, methods) in
        [(vec![pages], json!(["GET"])), (vec![pages, ORIGIN], json!(["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]))]
    {
        let cors = cors(&parameters).unwrap();
        assert_eq!(cors["AllowOrigins"], json!(["https://a.example.com", "https://b.example.com"]));
        assert_eq!(cors["AllowMethods"], methods);
        let has = |member: &str, names: &[&str]| {
            names.iter().all(|name| cors[member].as_array().unwrap().contains(&Value::from(*name)))
        };
        assert!(has("AllowHeaders", &["authorization", "x-user-id", "if-none-match", "content-type"]));
        assert!(has("ExposeHeaders", &["etag", "retry-after", "www-authenticate"]));
        assert!(cors.get("AllowCredentials").is_none());
    }
}

#[test]
fn the_stage_is_the_default_one_and_logged_as_json() {
    let template = Template::with(&[]);
    let stage = &template.resources()["Stage"]["Properties"];
    assert_eq!((&stage["StageName"], &stage["AutoDeploy"]), (&json!("$default"), &json!(true)));
    assert_eq!(stage["AccessLogSettings"]["DestinationArn"], "AccessLogs.Arn");
    let format = stage["AccessLogSettings"]["Format"].as_str().unwrap();
    let line: BTreeMap<String, String> = serde_json::from_str(format).unwrap();
    assert!(line["status"] == "$context.status" && !format.contains('\n'));
    for private in ["querystring", "claims", "header", "$context.path"] {
        assert!(!format.contains(private), "{private}");
    }
}

#[test]
fn the_lists_and_the_origin_are_throttled_apart() {
    let template = Template::with(&[
        ORIGIN,
        ("ThrottlingRate", "10"),
        ("ThrottlingBurst", "20"),
        ("OriginThrottlingRate", "30"),
        ("OriginThrottlingBurst", "40"),
    ]);
    let resources = template.resources();
    let stage = &resources["Stage"];
    let settings = |rate: &str, burst: &str| json!({ "ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst });
    assert_eq!(stage["Properties"]["DefaultRouteSettings"], settings("30", "40"));
    let expected: BTreeMap<_, _> = lists().into_keys().map(|key| (key, settings("10", "20"))).collect();
    assert_eq!(stage["Properties"]["RouteSettings"], json!(expected));
    // API Gateway refuses settings of a route that does not exist.
    let before: BTreeSet<_> =
        stage["DependsOn"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let routes = resources.iter().filter(|(_, one)| one["Type"] == "AWS::ApiGatewayV2::Route");
    let lists = routes.filter(|(_, route)| lists().contains_key(route["Properties"]["RouteKey"].as_str().unwrap()));
    assert_eq!(before, lists.map(|(name, _)| name.as_str()).collect());
}
