//! The authorizer function of a REST API: when it is made, and what it decides.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use agentscope_tests::policy::statements;
use agentscope_tests::template::Template;
use serde_json::{Value, json};

use crate::deployment::environment::{OTHERS, sources};

const REST: (&str, &str) = ("Gateway", "rest");
const ISSUER: [(&str, &str); 2] = [("JwtIssuer", "https://issuer.example.com/"), ("JwtAudience", "chat,mobile")];
const POOL: (&str, &str) = ("UserPoolArn", "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/p");
const ORIGIN: (&str, &str) = ("OriginUrl", "https://agentscope.example.com");

/// A REST API for the tokens of an issuer.
fn template(parameters: &[(&str, &str)]) -> Template {
    Template::with(&[&[REST], &ISSUER[..], parameters].concat())
}

fn document(template: &Template) -> Value {
    template.resources()["RestApi"]["Properties"]["DefinitionBody"].clone()
}

/// The operations of the REST API that are no preflights.
fn operations(template: &Template) -> Vec<Value> {
    let document = document(template);
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().iter());
    operations.filter(|(method, _)| *method != "options").map(|(_, operation)| operation.clone()).collect()
}

#[test]
fn it_is_made_for_a_rest_api_with_tokens_of_an_issuer_and_for_no_other() {
    let made = |parameters: &[_]| -> Vec<String> {
        let resources = Template::with(parameters).resources();
        resources.into_keys().filter(|name| name.starts_with("TokenAuthorizer")).collect()
    };
    let all = ["", "FailuresAlarm", "Logs", "Permission", "Role"].map(|part| format!("TokenAuthorizer{part}"));
    assert_eq!(made(&[REST, ISSUER[0], ISSUER[1]]), all);
    for others in [
        vec![],
        ISSUER.to_vec(),
        vec![REST, POOL],
        vec![REST, ("IdentitySource", "header")],
        vec![("IdentitySource", "header"), ISSUER[0], ISSUER[1]],
    ] {
        assert_eq!(made(&others), Vec::<String>::new(), "{others:?}");
    }
}

#[test]
fn every_operation_has_it_and_api_gateway_remembers_its_result() {
    for (parameters, ttl) in [(vec![], json!(300)), (vec![("AuthorizerTtlSeconds", "0")], json!("0"))] {
        let template = template(&[&parameters[..], &[ORIGIN]].concat());
        let operations = operations(&template);
        assert!(operations.len() >= 10);
        for operation in operations {
            assert_eq!(operation["security"], json!([{ "tokens": [] }]), "{operation}");
        }
        let scheme = &document(&template)["components"]["securitySchemes"]["tokens"];
        assert_eq!((&scheme["in"], &scheme["name"]), (&json!("header"), &json!("Authorization")));
        assert_eq!(scheme["x-amazon-apigateway-authtype"], "custom");
        let authorizer = &scheme["x-amazon-apigateway-authorizer"];
        assert_eq!(authorizer["type"], "token");
        let uri = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/TokenAuthorizer.Arn/invocations";
        assert_eq!((&authorizer["authorizerUri"], &authorizer["authorizerResultTtlInSeconds"]), (&json!(uri), &ttl));
        let expression = authorizer["identityValidationExpression"].as_str().unwrap();
        assert_eq!(expression, r"^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$");
    }
}

/// API Gateway checks scopes with Cognito authorizers alone.
#[test]
fn scopes_are_checked_by_the_function() {
    let template = template(&[("AuthorizationScopes", "chat/read,chat/write"), ORIGIN]);
    let variables = &template.function("TokenAuthorizer")["Environment"]["Variables"];
    assert_eq!(variables["TOKEN_SCOPES"], "chat/read,chat/write");
    for operation in operations(&template) {
        assert_eq!(operation["security"], json!([{ "tokens": [] }]));
    }
}

#[test]
fn the_origin_gets_the_verified_user_whatever_the_client_sends() {
    let operations = operations(&template(&[ORIGIN, ("IdentityClaim", "email")]));
    let mut count = 0;
    for operation in operations {
        let integration = &operation["x-amazon-apigateway-integration"];
        if integration["type"] == "http_proxy" {
            let mapping = &integration["requestParameters"]["integration.request.header.x-user-id"];
            assert_eq!(mapping, "context.authorizer.user_id");
            count += 1;
        }
    }
    assert_eq!(count, 8);
}

#[test]
fn the_functions_believe_its_result_and_nothing_else() {
    let variables = |template: Template| {
        let variables = &template.function("ListSessions")["Environment"]["Variables"];
        ["EVENT_SOURCE", "REST_AUTHORIZER"].map(|name| variables[name].as_str().unwrap().to_owned())
    };
    assert_eq!(variables(template(&[])), ["rest-api", "function"]);
    assert_eq!(variables(Template::with(&[REST, POOL])), ["rest-api", "cognito"]);
    assert_eq!(variables(Template::with(&ISSUER)), ["any", "cognito"]);
}

#[test]
fn it_gets_the_variables_that_it_reads() {
    let mut read = BTreeSet::from(["AWS_LAMBDA_LOG_LEVEL".to_owned()]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    sources(&root.join("functions/authorizer/src"), &mut read);
    for other in OTHERS {
        read.remove(*other);
    }
    let all = template(&[("AuthorizationScopes", "chat"), ("TokenUse", "access"), ("IdentityClaim", "email")]);
    let function = all.function("TokenAuthorizer");
    let given = function["Environment"]["Variables"].as_object().unwrap();
    assert_eq!(given.keys().cloned().collect::<BTreeSet<_>>(), read);
    assert_eq!((&given["TOKEN_ISSUER"], &given["TOKEN_AUDIENCE"]), (&json!(ISSUER[0].1), &json!(ISSUER[1].1)));
    assert_eq!((&given["TOKEN_USE"], &given["IDENTITY_CLAIM"]), (&json!("access"), &json!("email")));
    // An empty setting would be invalid.
    let function = template(&[]).function("TokenAuthorizer");
    for name in ["TOKEN_SCOPES", "TOKEN_USE"] {
        assert!(function["Environment"]["Variables"].get(name).is_none(), "{name}");
    }
}

#[test]
fn it_is_built_and_run_as_what_it_is() {
    let template = template(&[("Architecture", "x86_64")]);
    let function = template.function("TokenAuthorizer");
    assert_eq!((&function["Runtime"], &function["Architectures"]), (&json!("provided.al2023"), &json!(["x86_64"])));
    assert_eq!(template.resources()["TokenAuthorizer"]["Metadata"]["BuildProperties"]["Binary"], "authorizer");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(function["CodeUri"].as_str().unwrap());
    assert!(fs::read_to_string(folder.join("Cargo.toml")).unwrap().contains("name = \"authorizer\""));
    // The issuer has 5 seconds (functions/authorizer/src/issuer.rs), and API Gateway waits for 29.
    assert!((6..=29).contains(&function["Timeout"].as_u64().unwrap()));
}

#[test]
fn its_role_allows_log_lines_and_nothing_else() {
    for (tracing, expected) in [("false", 1), ("true", 2)] {
        let template = template(&[("Tracing", tracing), ("KmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:key/k")]);
        assert_eq!(template.function("TokenAuthorizer")["Role"], "TokenAuthorizerRole.Arn");
        let statements = statements(&template, "TokenAuthorizerRole");
        assert_eq!(statements.len(), expected);
        let logs = json!({
            "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "TokenAuthorizerLogs.Arn",
        });
        assert_eq!(statements[0], logs);
        if let Some(statement) = statements.get(1) {
            assert_eq!(statement["Action"], json!(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]));
        }
        let trust = &template.resources()["TokenAuthorizerRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"];
        let lambda = json!({ "Service": "lambda.amazonaws.com" });
        assert_eq!(trust, &json!([{ "Effect": "Allow", "Principal": lambda, "Action": "sts:AssumeRole" }]));
    }
}

#[test]
fn only_this_api_may_invoke_it_and_only_as_an_authorizer() {
    let permission = template(&[]).resources()["TokenAuthorizerPermission"]["Properties"].clone();
    let expected = json!({
        "FunctionName": "TokenAuthorizer", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
        "SourceArn": "arn:aws:execute-api:eu-central-1:123456789012:RestApi/authorizers/*",
    });
    assert_eq!(permission, expected);
}

#[test]
fn a_401_says_how_to_sign_in_and_can_be_read_by_pages() {
    let response = |parameters: &[_]| {
        let document = document(&Template::with(parameters));
        document["x-amazon-apigateway-gateway-responses"].get("UNAUTHORIZED").cloned()
    };
    let pages = ("AllowedOrigins", "https://a.example.com");
    for parameters in [vec![REST, POOL, pages], vec![REST, ISSUER[0], ISSUER[1], pages]] {
        let response = response(&parameters).unwrap();
        assert_eq!(response["statusCode"], "401");
        let mut headers = response["responseParameters"].clone();
        let scheme = headers.as_object_mut().unwrap().remove("gatewayresponse.header.www-authenticate");
        assert_eq!(scheme, Some(json!("'Bearer'")));
        let document = document(&Template::with(&parameters));
        let default = &document["x-amazon-apigateway-gateway-responses"]["DEFAULT_4XX"];
        assert_eq!(headers, default["responseParameters"]);
    }
    assert_eq!(response(&[REST, ("IdentitySource", "header")]), None);
}

#[test]
fn the_access_log_has_the_pseudonym_and_an_alarm_says_when_tokens_cannot_be_checked() {
    let template = template(&[("RestAccessLogs", "true"), ("MetricsNamespace", "Own")]);
    let format = template.resources()["RestApi"]["Properties"]["AccessLogSetting"]["Format"].clone();
    let line: Value = serde_json::from_str(format.as_str().unwrap()).unwrap();
    assert_eq!(line["caller"], "$context.authorizer.caller");
    assert!(!format.as_str().unwrap().contains("user_id") && !format.as_str().unwrap().contains("principalId"));
    // Each refused token is an error of the function, so the alarm does not read Lambda's metric of
    // those. An invocation without a line of the function has failed as well.
    let alarm = &template.resources()["TokenAuthorizerFailuresAlarm"]["Properties"];
    let [percent, invocations, failures, requests] = &alarm["Metrics"].as_array().unwrap()[..] else {
        panic!("{alarm}")
    };
    let share = "100 * (invocations - FILL(requests, 0) + FILL(failures, 0)) / invocations";
    assert_eq!(percent["Expression"], format!("IF(invocations >= 10, {share}, 0)"));
    for (metric, name) in [(failures, "ServerErrors"), (requests, "Requests")] {
        let dimensions = json!([{ "Name": "Route", "Value": "authorizer" }]);
        let expected = json!({ "Namespace": "Own", "MetricName": name, "Dimensions": dimensions });
        assert_eq!(metric["MetricStat"]["Metric"], expected);
    }
    let dimensions = json!([{ "Name": "FunctionName", "Value": "TokenAuthorizer" }]);
    let expected = json!({ "Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions });
    assert_eq!(invocations["MetricStat"]["Metric"], expected);
    assert_eq!((&alarm["TreatMissingData"], &alarm["Threshold"]), (&json!("notBreaching"), &json!(5)));
    let logs = template.outputs()["LogGroups"]["Value"].clone();
    assert_eq!(logs, "ListSessionsLogs ListScheduleSessionsLogs TokenAuthorizerLogs AccessLogs");
}
