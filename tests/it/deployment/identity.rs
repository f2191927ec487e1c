//! Who the caller is, on every route.

use agentscope_model::Release;
use agentscope_tests::template::Template;
use serde_json::json;

const ORIGIN: (&str, &str) = ("OriginUrl", "https://agentscope.example.com");

#[test]
fn somebody_has_to_say_who_the_caller_is_and_which_release_runs() {
    let template = Template::with(&[]);
    let parameter = &template.section("Parameters")["IdentitySource"];
    assert_eq!(parameter["AllowedValues"], json!(["jwt", "header"]));
    assert!(parameter.get("Default").is_none());
    // Nothing else has to be said.
    let all = template.section("Parameters");
    let required: Vec<_> = all.iter().filter(|(_, one)| one.get("Default").is_none()).map(|(name, _)| name).collect();
    assert_eq!(required, ["AgentScopeRelease", "IdentitySource"]);
    for template in [template, Template::sync(&[])] {
        let parameter = &template.section("Parameters")["AgentScopeRelease"];
        let releases: Vec<_> = Release::ALL.iter().map(|release| release.as_str()).collect();
        assert_eq!(parameter["AllowedValues"], json!(releases));
        assert!(parameter.get("Default").is_none());
    }
}

#[test]
fn with_jwt_every_route_has_the_authorizer() {
    for parameters in [vec![], vec![ORIGIN]] {
        let mut parameters = parameters;
        parameters.extend([("JwtIssuer", "https://issuer.example.com/"), ("JwtAudience", "a,b")]);
        let template = Template::with(&parameters);
        let routes = template.of_type("AWS::ApiGatewayV2::Route");
        assert!(routes.len() >= 4);
        for (name, route) in routes {
            let properties = &route["Properties"];
            assert_eq!(properties["AuthorizationType"], "JWT", "{name}");
            assert_eq!(properties["AuthorizerId"], "Authorizer", "{name}");
        }
        let authorizer = &template.resources()["Authorizer"]["Properties"];
        assert_eq!(authorizer["AuthorizerType"], "JWT");
        assert_eq!(authorizer["IdentitySource"], json!(["$request.header.Authorization"]));
        let expected = json!({ "Issuer": "https://issuer.example.com/", "Audience": ["a", "b"] });
        assert_eq!(authorizer["JwtConfiguration"], expected);
    }
}

#[test]
fn with_the_header_callers_sign_unless_a_parameter_says_otherwise() {
    for (callers, authorization) in [(None, "AWS_IAM"), (Some("iam"), "AWS_IAM"), (Some("anyone"), "NONE")] {
        let mut parameters = vec![("IdentitySource", "header"), ORIGIN];
        parameters.extend(callers.map(|callers| ("HeaderCallers", callers)));
        let template = Template::with(&parameters);
        assert!(!template.resources().contains_key("Authorizer"));
        for (name, route) in template.of_type("AWS::ApiGatewayV2::Route") {
            let properties = &route["Properties"];
            assert_eq!(properties["AuthorizationType"], authorization, "{name}");
            assert!(properties.get("AuthorizerId").is_none(), "{name}");
        }
    }
    // With tokens it says nothing.
    let template = Template::with(&[("HeaderCallers", "anyone")]);
    let route = &template.resources()["ListSessionsRoute"]["Properties"];
    assert_eq!(route["AuthorizationType"], "JWT");
}

#[test]
fn the_template_says_what_the_header_is_for() {
    let text = include_str!("../../../template.yaml").split_whitespace().collect::<Vec<_>>().join(" ");
    let (description, parameters) = text.split_once("Parameters:").unwrap();
    for text in [description, parameters.split_once("JwtIssuer:").unwrap().0] {
        assert!(text.contains("private networks behind an authenticating proxy only"), "{text}");
    }
}

#[test]
fn the_origin_gets_the_callers_subject_whatever_the_client_sends() {
    let mapping = |parameters: &[_]| {
        let resources = Template::with(parameters).resources();
        resources["OriginIntegration"]["Properties"]["RequestParameters"].get("overwrite:header.x-user-id").cloned()
    };
    assert_eq!(mapping(&[ORIGIN]), Some(json!("$context.authorizer.claims.sub")));
    // The proxy in front has set it.
    assert_eq!(mapping(&[ORIGIN, ("IdentitySource", "header")]), None);
}

#[test]
fn functions_get_the_identity_source() {
    for (source, claim) in [("jwt", "sub"), ("jwt", "cognito:username"), ("header", "sub")] {
        let template = Template::with(&[("IdentitySource", source), ("IdentityClaim", claim)]);
        let variables = &template.function("ListSessions")["Environment"]["Variables"];
        assert_eq!((&variables["IDENTITY_SOURCE"], &variables["IDENTITY_CLAIM"]), (&json!(source), &json!(claim)));
        // Any header and any event, as before these could be chosen.
        assert_eq!((&variables["IDENTITY_HEADER"], &variables["EVENT_SOURCE"]), (&json!("x-user-id"), &json!("any")));
    }
    let parameters = [("IdentityHeader", "x-amzn-oidc-identity"), ("EventSource", "alb")];
    let variables = &Template::with(&parameters).function("ListSessions")["Environment"]["Variables"];
    assert_eq!(
        (&variables["IDENTITY_HEADER"], &variables["EVENT_SOURCE"]),
        (&json!("x-amzn-oidc-identity"), &json!("alb"))
    );
}
