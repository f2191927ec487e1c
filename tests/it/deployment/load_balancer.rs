//! The rules that `deploy/alb.yaml` adds to a load balancer.

use agentscope_api::Request;
use agentscope_tests::events::HttpRequest;
use agentscope_tests::template::Template;
use serde_json::{Value, json};

const FUNCTIONS: [(&str, &str, &str); 2] = [
    ("ListSessions", "agentscope-sessions", "/sessions"),
    ("ListScheduleSessions", "agentscope-schedule", "/schedule/*/sessions"),
];

fn conditions(template: &Template, function: &str) -> Vec<Value> {
    template.resources()[&format!("{function}Rule")]["Properties"]["Conditions"].as_array().unwrap().clone()
}

#[test]
fn the_rules_take_get_requests_for_the_lists_and_nothing_else() {
    for (parameters, base_path) in [(vec![], ""), (vec![("BasePath", "/chat")], "/chat")] {
        let template = Template::alb(&parameters);
        for (function, _, path) in FUNCTIONS {
            let path = format!("{base_path}{path}");
            let expected = [
                json!({ "Field": "http-request-method", "HttpRequestMethodConfig": { "Values": ["GET"] } }),
                json!({ "Field": "path-pattern", "PathPatternConfig": { "Values": [path, format!("{path}/")] } }),
            ];
            assert_eq!(conditions(&template, function), expected, "{function}");
        }
    }
    let template = Template::alb(&[("HostName", "chat.example.com")]);
    for (function, ..) in FUNCTIONS {
        let host = json!({ "Field": "host-header", "HostHeaderConfig": { "Values": ["chat.example.com"] } });
        assert_eq!(conditions(&template, function)[2], host);
    }
}

#[test]
fn functions_know_the_paths_that_the_rules_send_them() {
    for (function, _, path) in FUNCTIONS {
        for slash in ["", "/"] {
            let path = format!("{}{slash}", path.replace('*', "s%201"));
            let event = HttpRequest::get(&path, "", "alice").load_balancer_multi_value();
            let request = Request::from_event(&event.to_string()).unwrap();
            let schedule = (function == "ListScheduleSessions").then_some("s 1");
            assert_eq!((request.is_sessions(), request.schedule_id()), (schedule.is_none(), schedule), "{path}");
        }
    }
}

#[test]
fn each_rule_forwards_to_its_function_and_only_its_targets_may_invoke_it() {
    let template = Template::alb(&[]);
    let resources = template.resources();
    for (function, group, _) in FUNCTIONS {
        let arn = &resources[&format!("{function}Permission")]["Properties"]["FunctionName"];
        assert!(arn.as_str().unwrap().contains(":function:list-"), "{arn}");
        let targets = &resources[&format!("{function}Targets")];
        assert_eq!(targets["DependsOn"], format!("{function}Permission"));
        let expected = json!({
            "Name": group, "TargetType": "lambda", "HealthCheckEnabled": false, "Targets": [{ "Id": arn }],
            "TargetGroupAttributes": [{ "Key": "lambda.multi_value_headers.enabled", "Value": "true" }],
        });
        assert_eq!(targets["Properties"], expected);
        let permission = json!({
            "FunctionName": arn, "Action": "lambda:InvokeFunction", "Principal": "elasticloadbalancing.amazonaws.com",
            "SourceAccount": "123456789012",
            "SourceArn": format!("arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/{group}/*"),
        });
        assert_eq!(resources[&format!("{function}Permission")]["Properties"], permission);
        let rule = &resources[&format!("{function}Rule")]["Properties"];
        let forward = json!({ "Type": "forward", "Order": 2, "TargetGroupArn": format!("{function}Targets") });
        assert_eq!(rule["Actions"], json!([forward]));
        assert_eq!(rule["ListenerArn"], "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/chat/a/b");
    }
    assert_eq!(resources.len(), 6);
}

#[test]
fn a_load_balancer_that_signs_users_in_refuses_who_has_not() {
    let secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:oidc-AbCdEf";
    let pool = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/p";
    let cognito = [("SignIn", "cognito"), ("UserPoolArn", pool), ("UserPoolClientId", "c"), ("UserPoolDomain", "d")];
    let oidc = [("SignIn", "oidc"), ("OidcIssuer", "https://i.example.com"), ("OidcClientSecretArn", secret)];
    for (parameters, kind, member) in [
        (&cognito[..], "authenticate-cognito", "AuthenticateCognitoConfig"),
        (&oidc, "authenticate-oidc", "AuthenticateOidcConfig"),
    ] {
        let resources = Template::alb(parameters).resources();
        for (function, ..) in FUNCTIONS {
            let actions = resources[&format!("{function}Rule")]["Properties"]["Actions"].as_array().unwrap().clone();
            assert_eq!(actions.len(), 2);
            assert_eq!((&actions[0]["Type"], &actions[0]["Order"]), (&json!(kind), &json!(1)));
            assert_eq!(actions[0][member]["OnUnauthenticatedRequest"], "deny");
            assert_eq!(actions[1]["Type"], "forward");
        }
        // The secret is in no template and no parameter.
        let text = serde_json::to_string(&resources).unwrap();
        let reference = format!("{{{{resolve:secretsmanager:{secret}:SecretString}}}}");
        assert_eq!(text.contains(&reference), kind == "authenticate-oidc");
    }
}

#[test]
fn the_functions_stack_says_which_functions_to_use() {
    let outputs = Template::with(&[]).outputs();
    let parameters = Template::alb(&[]);
    for name in ["ListSessionsArn", "ListScheduleSessionsArn"] {
        assert_eq!(outputs[name]["Value"], name.replace("Arn", ".Arn"));
        let description = parameters.section("Parameters")[name]["Description"].as_str().unwrap().to_owned();
        assert!(description.contains(&format!("output {name}")), "{description}");
    }
}
