//! Versions of the functions: how requests move to new ones, and that no setting is left behind.

use std::collections::{BTreeMap, BTreeSet};

use agentscope_tests::template::Template;
use serde_json::{Value, json};

const FUNCTIONS: [&str; 2] = ["ListSessions", "ListScheduleSessions"];
const REST: [(&str, &str); 2] =
    [("Gateway", "rest"), ("UserPoolArn", "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/p")];
const REVISION: (&str, &str) = ("Revision", "2026-11-29-1");
const CANARY: (&str, &str) = ("DeploymentType", "Canary10Percent5Minutes");

/// Texts that do not fit into the description of a version. `Revision` is for them.
const LONG: [&str; 10] = [
    "AgentsTableName",
    "AllowedOrigins",
    "BasePath",
    "IdentityClaim",
    "IdentityHeader",
    "MetricsNamespace",
    "SchedulesTableName",
    "SessionsTableName",
    "TeamsTableName",
    // It decides which authorizer of a REST API is believed.
    "UserPoolArn",
];

/// What belongs to a function, and not to a version of it.
const UNVERSIONED: [&str; 2] = ["ProvisionedConcurrency", "ReservedConcurrency"];

/// What a gateway calls for a function, wherever the template names it, and what it permits.
fn called(template: &Template, function: &str) -> BTreeSet<String> {
    let resources = template.resources();
    let mut called = BTreeSet::new();
    for resource in resources.values() {
        let properties = &resource["Properties"];
        let named = match resource["Type"].as_str().unwrap() {
            "AWS::ApiGatewayV2::Integration" => vec![properties["IntegrationUri"].clone()],
            "AWS::Lambda::Permission" => vec![properties["FunctionName"].clone()],
            "AWS::Serverless::Api" => {
                let paths = properties["DefinitionBody"]["paths"].as_object().unwrap().values();
                paths.map(|path| path["get"]["x-amazon-apigateway-integration"]["uri"].clone()).collect()
            }
            _ => vec![],
        };
        for name in named.iter().filter_map(Value::as_str) {
            let name = name.split("functions/").last().unwrap().split('/').next().unwrap();
            called.insert(name.trim_end_matches(".Arn").to_owned());
        }
    }
    called.insert(template.outputs()[&format!("{function}Arn")]["Value"].as_str().unwrap().replace(".Arn", ""));
    called.retain(|name| name.split('.').next() == Some(function));
    called
}

#[test]
fn without_a_deployment_type_gateways_call_the_functions_themselves() {
    for gateway in [&[][..], &REST] {
        let template = Template::with(gateway);
        for function in FUNCTIONS {
            assert_eq!(called(&template, function), BTreeSet::from([function.to_owned()]));
            let properties = template.function(function);
            for absent in ["DeploymentPreference", "ProvisionedConcurrencyConfig"] {
                assert!(properties.get(absent).is_none(), "{absent}");
            }
        }
        assert!(!template.resources().contains_key("DeploymentRole"));
    }
}

#[test]
fn with_versions_every_gateway_calls_the_alias_and_nothing_else() {
    for versions in [[CANARY, REVISION], [("ProvisionedConcurrency", "2"), REVISION]] {
        for gateway in [&[][..], &REST] {
            let template = Template::with(&[gateway, &versions].concat());
            assert_eq!(template.refusals().iter().filter(|text| text.contains("Revision")).count(), 0);
            for function in FUNCTIONS {
                assert_eq!(template.function(function)["AutoPublishAlias"], "live");
                assert_eq!(called(&template, function), BTreeSet::from([format!("{function}.Alias")]));
            }
        }
    }
}

#[test]
fn codedeploy_moves_the_alias_and_moves_it_back_if_the_function_fails() {
    let template = Template::with(&[CANARY, REVISION]);
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    for function in FUNCTIONS {
        let preference = &template.function(function)["DeploymentPreference"];
        let names = [format!("{function}FailuresAlarm"), format!("{function}ErrorsAlarm")];
        let expected = json!({
            "Enabled": "true", "Type": CANARY.1, "Role": "DeploymentRole.Arn", "Alarms": names,
        });
        assert_eq!(preference, &expected);
        // A tenth of the requests goes to the new version. All of them fail: that is more.
        for name in names {
            assert!(alarms[&name]["Properties"]["Threshold"].as_u64().unwrap() < 10, "{name}");
        }
    }
    let role = &template.resources()["DeploymentRole"]["Properties"];
    let trust = json!([
        { "Effect": "Allow", "Principal": { "Service": "codedeploy.amazonaws.com" }, "Action": "sts:AssumeRole" },
    ]);
    assert_eq!(role["AssumeRolePolicyDocument"]["Statement"], trust);
    let policies = json!(["arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"]);
    assert_eq!(role["ManagedPolicyArns"], policies);
}

#[test]
fn every_deployment_type_says_whether_codedeploy_is_used() {
    let template = Template::with(&[]);
    let kinds = template.section("Parameters")["DeploymentType"]["AllowedValues"].clone();
    let kinds: BTreeSet<_> = kinds.as_array().unwrap().iter().map(|kind| kind.as_str().unwrap().to_owned()).collect();
    let expected: BTreeMap<_, _> = kinds
        .iter()
        .map(|kind| (kind.clone(), json!({ "UsesCodeDeploy": if kind == "none" { "false" } else { "true" } })))
        .collect();
    assert_eq!(json!(template.section("Mappings")["DeploymentTypes"]), json!(expected));
}

#[test]
fn instances_that_are_always_ready_are_those_of_the_alias() {
    let template = Template::with(&[("ProvisionedConcurrency", "2"), REVISION]);
    for function in FUNCTIONS {
        let properties = template.function(function);
        let expected = json!({ "ProvisionedConcurrentExecutions": "2" });
        assert_eq!(properties["ProvisionedConcurrencyConfig"], expected);
        assert!(properties.get("DeploymentPreference").is_none());
    }
}

#[test]
fn versions_need_a_revision() {
    for parameters in [CANARY, ("DeploymentType", "AllAtOnce"), ("ProvisionedConcurrency", "1")] {
        let refusals = Template::with(&[&REST[..], &[parameters]].concat()).refusals();
        let expected = "DeploymentType and ProvisionedConcurrency need a Revision, which each deployment changes";
        assert_eq!(refusals, [expected], "{parameters:?}");
    }
}

/// The parameters that a part of the template refers to, conditions included.
fn parameters_of(template: &Template, part: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Array(items) => items.iter().for_each(|item| parameters_of(template, item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("Ref", Value::String(name)) if template.section("Parameters").contains_key(name) => {
                        found.insert(name.clone());
                    }
                    ("Fn::Sub", _) => {
                        for name in template.section("Parameters").keys() {
                            if value.to_string().contains(&format!("${{{name}}}")) {
                                found.insert(name.clone());
                            }
                        }
                    }
                    ("Fn::If", Value::Array(branches)) => {
                        let condition = &template.section("Conditions")[branches[0].as_str().unwrap()];
                        parameters_of(template, condition, found);
                    }
                    ("Condition", Value::String(name)) => {
                        parameters_of(template, &template.section("Conditions")[name], found);
                    }
                    _ => {}
                }
                parameters_of(template, value, found);
            }
        }
        _ => {}
    }
}

/// SAM publishes a version when the text of a property changes, not when a parameter's value does
/// (<https://github.com/aws/serverless-application-model/issues/3820>). Without a new version, the
/// alias would keep the earlier value.
#[test]
fn a_new_value_of_a_parameter_reaches_the_alias() {
    let template = Template::with(&[]);
    for function in FUNCTIONS {
        let mut properties = template.section("Resources")[function]["Properties"].clone();
        assert_eq!(
            properties["VersionDescription"], properties["Description"],
            "Lambda publishes only what has changed"
        );
        let mut described = BTreeSet::new();
        parameters_of(&template, &properties["Description"], &mut described);
        properties["DeploymentPreference"] = json!(null);
        let mut read = BTreeSet::new();
        parameters_of(&template, &properties, &mut read);
        parameters_of(&template, &template.section("Globals")["Function"], &mut read);
        let others: BTreeSet<_> = read.difference(&described).map(String::as_str).collect();
        assert_eq!(others, LONG.into_iter().chain(UNVERSIONED).collect(), "{function}");
    }
}

#[test]
fn the_description_of_a_version_fits() {
    let template = Template::with(&[]);
    let long = |name: &str| {
        let parameter = &template.section("Parameters")[name];
        let values = parameter["AllowedValues"].as_array().into_iter().flatten().map(|value| match value {
            Value::String(text) => text.clone(),
            number => number.to_string(),
        });
        let number = parameter.get("MaxValue").map(ToString::to_string);
        let longest = values.chain(number).max_by_key(String::len).unwrap_or_else(|| "r".repeat(64));
        (name.to_owned(), longest)
    };
    let mut described = BTreeSet::new();
    let description = &template.section("Resources")["ListScheduleSessions"]["Properties"]["Description"];
    parameters_of(&template, description, &mut described);
    let values: Vec<_> = described.iter().map(|name| long(name)).collect();
    let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for function in FUNCTIONS {
        let description = Template::with(&values).function(function)["VersionDescription"].clone();
        // Lambda's limit.
        assert!(description.as_str().unwrap().len() <= 256, "{description}");
    }
}

#[test]
fn the_http_api_may_call_an_alias_before_it_does() {
    let resources = Template::with(&[CANARY, REVISION]).resources();
    for function in FUNCTIONS {
        assert_eq!(resources[&format!("{function}Integration")]["DependsOn"], format!("{function}Permission"));
    }
}
