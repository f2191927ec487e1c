//! What the functions are given: settings, time, and a role with nothing too much.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use agentscope_tests::policy::{statements, texts};
use agentscope_tests::template::Template;
use serde_json::{Value, json};

const FUNCTIONS: [(&str, &str); 2] =
    [("ListSessions", "list-sessions"), ("ListScheduleSessions", "list-schedule-sessions")];

/// Variables in the code that a deployment does not set: Lambda does, or Cargo when it builds, or
/// developers on their machines, or those who put another gateway or a network's proxy around the
/// functions.
pub const OTHERS: &[&str] = &[
    "ALL_PROXY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_REGION",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "BASE_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "HTTPS_PROXY",
    "HTTP_PROXY",
];

/// The texts in a source that look like names of environment variables.
fn variables_in(source: &str, found: &mut BTreeSet<String>) {
    // What comes after that are tests.
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    for text in source.split('"').skip(1).step_by(2) {
        let is_name = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if is_name && text.contains('_') && !text.starts_with('_') {
            found.insert(text.to_owned());
        }
    }
}

/// The same in all sources of a folder.
pub fn sources(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            variables_in(&fs::read_to_string(&path).unwrap(), found);
        }
    }
}

#[test]
fn functions_get_the_variables_that_they_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (name, crate_name) in FUNCTIONS {
        let mut read = BTreeSet::new();
        sources(&root.join("shared"), &mut read);
        sources(&root.join("functions").join(crate_name).join("src"), &mut read);
        for other in OTHERS {
            read.remove(*other);
        }
        // Only a REST API leaves CORS to the functions.
        let parameters = [("Gateway", "rest"), ("AllowedOrigins", "https://chat.example.com")];
        let function = Template::with(&parameters).function(name);
        let given = function["Environment"]["Variables"].as_object().unwrap();
        assert_eq!(given.keys().cloned().collect::<BTreeSet<_>>(), read, "{name}");
    }
}

#[test]
fn functions_are_built_and_run_as_what_they_are() {
    for (name, crate_name) in FUNCTIONS {
        for architecture in ["arm64", "x86_64"] {
            let template = Template::with(&[("Architecture", architecture), ("MemorySize", "256")]);
            let function = template.function(name);
            assert_eq!(function["Runtime"], "provided.al2023");
            assert_eq!(function["Architectures"], json!([architecture]));
            assert_eq!(function["MemorySize"], "256");
            assert_eq!(function["Handler"], "bootstrap");
            assert!(function.get("ReservedConcurrentExecutions").is_none());
            let resource = &template.resources()[name];
            assert_eq!(resource["Metadata"]["BuildMethod"], "rust-cargolambda");
            assert_eq!(resource["Metadata"]["BuildProperties"]["Binary"], crate_name);
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(function["CodeUri"].as_str().unwrap());
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            assert!(manifest.contains(&format!("name = \"{crate_name}\"")), "{folder:?}");
        }
        let function = Template::with(&[("ReservedConcurrency", "7")]).function(name);
        assert_eq!(function["ReservedConcurrentExecutions"], "7");
    }
}

#[test]
fn a_function_has_the_time_that_its_budget_takes_and_no_more_than_the_gateway_waits() {
    // shared/api/src/budget.rs: at most 25 seconds for a request, and half a second for its
    // response.
    let timeout = Template::with(&[]).function("ListSessions")["Timeout"].as_u64().unwrap();
    assert!((26..=29).contains(&timeout));
    // Lambda streams 2 MB a second, and at most 200 MB. A stream is cut off 5 seconds before the
    // end.
    let template = Template::with(&[("Gateway", "rest")]);
    let timeout = template.function("ListSessions")["Timeout"].as_u64().unwrap();
    assert!(timeout >= 25 + 200 / 2 + 5, "{timeout}");
    let document = &template.resources()["RestApi"]["Properties"]["DefinitionBody"];
    for path in ["/sessions", "/schedule/{schedule_id}/sessions"] {
        let integration = &document["paths"][path]["get"]["x-amazon-apigateway-integration"];
        assert!(integration["timeoutInMillis"].as_u64().unwrap() > timeout * 1000, "{path}");
    }
}

#[test]
fn a_role_is_the_functions_own_and_allows_only_the_listed_calls() {
    let key = "arn:aws:kms:eu-central-1:123456789012:key/k";
    for (name, _) in FUNCTIONS {
        let role = format!("{name}Role");
        assert_eq!(Template::with(&[]).function(name)["Role"], format!("{role}.Arn"));
        assert_eq!(Template::with(&[]).function(name)["LoggingConfig"], json!({ "LogGroup": format!("{name}Logs") }));
        let trust = &Template::with(&[]).resources()[&role]["Properties"]["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(
            trust,
            &json!([{ "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }])
        );
        for tracing in [false, true] {
            for has_key in [false, true] {
                let parameters = [
                    ("Tracing", if tracing { "true" } else { "false" }),
                    ("KmsKeyArn", if has_key { key } else { "" }),
                ];
                let template = Template::with(&parameters);
                assert_eq!(template.function(name)["Tracing"], if tracing { "Active" } else { "PassThrough" });
                let others: Vec<Value> = statements(&template, &role)
                    .into_iter()
                    .filter(|statement| !texts(&statement["Action"])[0].starts_with("dynamodb:"))
                    .collect();
                let mut expected = vec![json!({
                    "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": format!("{name}Logs.Arn"),
                })];
                if tracing {
                    expected.push(json!({
                        "Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*",
                    }));
                }
                if has_key {
                    expected.push(json!({
                        "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key,
                        "Condition": { "StringEquals": { "kms:ViaService": "dynamodb.eu-central-1.amazonaws.com" } },
                    }));
                }
                assert_eq!(others, expected);
            }
        }
    }
}

#[test]
fn no_other_resource_gives_anybody_anything() {
    let kinds: BTreeSet<_> =
        Template::with(&[]).resources().values().map(|one| one["Type"].as_str().unwrap().to_owned()).collect();
    let granting: Vec<_> = kinds.iter().filter(|kind| kind.contains("IAM") || kind.contains("Permission")).collect();
    assert_eq!(granting, ["AWS::IAM::Role", "AWS::Lambda::Permission"]);
    for (name, permission) in Template::with(&[]).of_type("AWS::Lambda::Permission") {
        assert_eq!(permission["Properties"]["Principal"], "apigateway.amazonaws.com");
        let source = permission["Properties"]["SourceArn"].as_str().unwrap();
        assert!(source.starts_with("arn:aws:execute-api:eu-central-1:123456789012:Api/*/GET/s"), "{name}: {source}");
    }
}

#[test]
fn every_log_is_kept_as_long_as_the_parameter_says() {
    let groups = Template::with(&[("LogRetentionDays", "7")]).of_type("AWS::Logs::LogGroup");
    assert_eq!(groups.len(), 3);
    for group in groups.values() {
        assert_eq!(group["Properties"]["RetentionInDays"], "7");
    }
}

#[test]
fn every_role_has_the_permissions_boundary() {
    let boundary = "arn:aws:iam::123456789012:policy/boundary";
    let versions = [("DeploymentType", "AllAtOnce"), ("Revision", "1")];
    for (value, expected) in [("", None), (boundary, Some(&json!(boundary)))] {
        let parameter = ("PermissionsBoundaryArn", value);
        let roles = Template::with(&[&versions[..], &[parameter]].concat()).of_type("AWS::IAM::Role");
        assert!(roles.contains_key("ListSessionsRole") && roles.contains_key("DeploymentRole"));
        for (name, role) in roles.into_iter().chain(Template::sync(&[parameter]).of_type("AWS::IAM::Role")) {
            assert_eq!(role["Properties"].get("PermissionsBoundary"), expected, "{name}");
        }
    }
}
