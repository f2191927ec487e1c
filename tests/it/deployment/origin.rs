//! How the AgentScope service behind an API recognizes the API: a secret, or TLS in a private
//! network.

use agentscope_tests::template::Template;
use serde_json::{Value, json};

const ORIGIN: (&str, &str) = ("OriginUrl", "https://agentscope.example.com");
const SECRET: (&str, &str) =
    ("OriginSecretArn", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:origin-AbCdEf");
const VERSION: (&str, &str) = ("OriginSecretVersion", "01234567-89ab-cdef-0123-456789abcdef");

/// The mapped headers of all integrations of the origin, by the gateway's own names, and of all
/// others.
fn mappings(gateway: &str, parameters: &[(&str, &str)]) -> (Vec<Value>, Vec<Value>) {
    let template = Template::with(&[&[("Gateway", gateway)], parameters].concat());
    let resources = template.resources();
    let integrations: Vec<Value> = if gateway == "rest" {
        let paths = resources["RestApi"]["Properties"]["DefinitionBody"]["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
        operations.map(|operation| operation["x-amazon-apigateway-integration"].clone()).collect()
    } else {
        template.of_type("AWS::ApiGatewayV2::Integration").values().map(|one| one["Properties"].clone()).collect()
    };
    let is_origins = |integration: &Value| {
        let uri = integration.get("uri").or(integration.get("IntegrationUri")).map(Value::to_string);
        uri.is_some_and(|uri| uri.contains(ORIGIN.1))
    };
    let (origins, others): (Vec<_>, Vec<_>) = integrations.into_iter().partition(is_origins);
    let mappings = |integrations: Vec<Value>| -> Vec<Value> {
        let all = integrations.into_iter();
        all.map(|one| one.get("requestParameters").or(one.get("RequestParameters")).cloned().unwrap_or_default())
            .collect()
    };
    (mappings(origins), mappings(others))
}

#[test]
fn every_request_to_the_origin_has_the_secret_and_no_other_request_has() {
    for (gateway, header, quote) in [
        ("http", "overwrite:header.x-origin-secret", ""),
        // A REST API takes a value in single quotes as it is.
        ("rest", "integration.request.header.x-origin-secret", "'"),
    ] {
        for (parameters, version) in [(vec![ORIGIN, SECRET], ""), (vec![ORIGIN, SECRET, VERSION], VERSION.1)] {
            let (origins, others) = mappings(gateway, &parameters);
            let reference = format!("{{{{resolve:secretsmanager:{}:SecretString:::{version}}}}}", SECRET.1);
            assert_eq!(origins.len(), if gateway == "rest" { 8 } else { 1 });
            for mapping in origins {
                assert_eq!(mapping[header], format!("{quote}{reference}{quote}"));
            }
            assert!(!others.is_empty() && !json!(others).to_string().contains("resolve:"));
        }
        let (origins, _) = mappings(gateway, &[ORIGIN, ("OriginVpcLinkId", "link1")]);
        assert!(origins.iter().all(|mapping| mapping.get(header).is_none()));
    }
}

#[test]
fn the_secret_is_a_reference_wherever_the_template_has_it() {
    let template = Template::with(&[ORIGIN, SECRET]);
    // Outputs and descriptions are readable by everybody who may read the stack.
    let outputs = json!(template.outputs()).to_string();
    assert!(!outputs.contains("secretsmanager"), "{outputs}");
    let parameters = template.section("Parameters");
    let holding: Vec<_> = parameters.keys().filter(|name| name.contains("Secret")).collect();
    assert_eq!(holding, ["OriginSecretArn", "OriginSecretVersion"]);
}

#[test]
fn a_listener_for_https_is_verified_by_its_name() {
    let integration = |parameters: &[_]| {
        let template = Template::with(&[&[ORIGIN, ("OriginVpcLinkId", "link1")], parameters].concat());
        template.resources()["OriginIntegration"]["Properties"].get("TlsConfig").cloned()
    };
    assert_eq!(integration(&[]), None);
    let verified = json!({ "ServerNameToVerify": "agentscope.example.com" });
    assert_eq!(integration(&[("OriginServerName", "agentscope.example.com")]), Some(verified));
}
