//! Web pages of other origins: their preflights, and what they may read.

use agentscope_api::AllowedOrigins;

use super::*;

#[test]
fn pages_of_the_named_origins_may_send_requests() {
    for (key, operation) in operations(&template(&[ORIGIN, PAGES])) {
        if !key.starts_with("OPTIONS ") {
            continue;
        }
        let integration = &operation[INTEGRATION];
        assert_eq!(integration["type"], "mock", "{key}");
        let response = &integration["responses"]["default"];
        assert_eq!(response["statusCode"], "204");
        // Every header that is set is declared.
        let declared = operation["responses"]["204"]["headers"].as_object().unwrap();
        for name in response["responseParameters"].as_object().unwrap().keys() {
            assert!(declared.contains_key(name.strip_prefix("method.response.header.").unwrap()), "{key}: {name}");
        }
        let code = response["responseTemplates"]["application/json"].as_str().unwrap();
        // A template of Velocity calls methods of references only, not of literals.
        assert!(code.contains(r#"#set($allowed = ",https://a.example.com,https://b.example.com,")"#), "{code}");
        assert!(code.contains(r#"#if($allowed.contains(",$origin,") || $allowed == ",*,")"#), "{code}");
        assert!(code.contains("$context.responseOverride.header.access-control-allow-origin = $origin"), "{code}");
    }
}

#[test]
fn pages_of_the_named_origins_may_read_responses() {
    let origins = |parameters: &[_]| {
        Template::with(parameters).function("ListSessions")["Environment"]["Variables"].get("ALLOWED_ORIGINS").cloned()
    };
    assert_eq!(origins(&[REST, POOL, PAGES]), Some(json!(PAGES.1)));
    // Behind a load balancer, the HTTP API of the stack is not used.
    assert_eq!(origins(&[("IdentitySource", "header"), ("EventSource", "alb"), PAGES]), Some(json!(PAGES.1)));
    // An HTTP API adds the headers itself, and an empty setting would be invalid.
    assert_eq!(origins(&[PAGES]), None);
    assert_eq!(origins(&[REST, POOL]), None);
    assert_eq!(DeliverySettings::default().allowed_origins, AllowedOrigins::default());
}

#[test]
fn the_gateways_own_refusals_can_be_read_by_pages_and_are_not_stored() {
    let responses = |parameters: &[_]| document(&template(parameters))["x-amazon-apigateway-gateway-responses"].clone();
    for kind in ["DEFAULT_4XX", "DEFAULT_5XX"] {
        let with_pages = &responses(&[PAGES])[kind]["responseParameters"];
        assert_eq!(with_pages["gatewayresponse.header.access-control-allow-origin"], "'*'");
        assert_eq!(with_pages["gatewayresponse.header.cache-control"], "'no-store'");
        let expected = json!({
            "gatewayresponse.header.cache-control": "'no-store'",
            "gatewayresponse.header.x-content-type-options": "'nosniff'",
        });
        assert_eq!(responses(&[])[kind]["responseParameters"], expected);
    }
}
