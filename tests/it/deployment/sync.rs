//! `agentscope-sync` where it runs for ever: what it is given and what it may do.

use std::collections::BTreeSet;

use agentscope_tests::policy::{allowed, statements, texts};
use agentscope_tests::process::{checks, container, instruction, setting, starts};
use agentscope_tests::template::Template;
use serde_json::{Value, json};

const SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:agentscope/redis-Ab1Cd2";
const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/k";
const REPOSITORY: &str = "arn:aws:ecr:eu-central-1:123456789012:repository/agentscope-sync";
const TABLES: [(&str, &str); 4] = [
    ("SessionsTableName", "sessions"),
    ("AgentsTableName", "agents"),
    ("TeamsTableName", "teams"),
    ("SchedulesTableName", "schedules"),
];

fn names(value: &Value, of: &str) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|item| item[of].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_process_is_started_alike_everywhere() {
    let template = Template::sync(&[]);
    for (by, arguments) in starts(&template) {
        assert_eq!(arguments[..3], ["redis", "--listen", "127.0.0.1:8080"], "{by}");
    }
    for (by, arguments) in checks(&template) {
        assert_eq!(arguments, ["health", "127.0.0.1:8080"], "{by}");
    }
}

#[test]
fn ecs_hands_on_what_the_parameters_say() {
    let template = Template::sync(&[("ReconcileSeconds", "60"), ("MetricsNamespace", "Own"), ("Memory", "1024")]);
    let command = &container(&template)["Command"];
    let expected =
        "redis --listen 127.0.0.1:8080 --memory-limit-mb 1024 --reconcile-seconds 60 --metrics-namespace Own";
    let expected: Vec<_> = expected.split(' ').collect();
    assert_eq!(command, &json!(expected));
    let template = Template::sync(&[("FurtherArguments", "--db,1,--strict")]);
    let command = container(&template)["Command"].as_array().unwrap().clone();
    assert_eq!(command[command.len() - 3..], ["--db", "1", "--strict"]);
    assert_eq!(command.len(), expected.len() + 3);
}

#[test]
fn its_tables_are_what_the_session_lists_put_out() {
    let outputs = Template::with(&[]).section("Outputs").clone();
    for (parameter, _) in TABLES {
        assert!(outputs.contains_key(parameter), "{parameter}");
        assert!(Template::sync(&[]).section("Parameters")[parameter].get("Default").is_none());
    }
    let parameters = [&TABLES[..], &[("AgentScopeRelease", "2.0.11")]].concat();
    let variables = container(&Template::sync(&parameters))["Environment"].clone();
    let expected = json!([
        { "Name": "AWS_REGION", "Value": "eu-central-1" },
        { "Name": "SESSIONS_TABLE", "Value": "sessions" },
        { "Name": "AGENTS_TABLE", "Value": "agents" },
        { "Name": "TEAMS_TABLE", "Value": "teams" },
        { "Name": "SCHEDULES_TABLE", "Value": "schedules" },
        { "Name": "AGENTSCOPE_RELEASE", "Value": "2.0.11" },
    ]);
    assert_eq!(variables, expected);
}

#[test]
fn the_url_of_redis_is_a_secret_that_only_ecs_reads() {
    let template = Template::sync(&[("RedisUrlSecretArn", SECRET)]);
    let container = container(&template);
    assert_eq!(container["Secrets"], json!([{ "Name": "REDIS_URL", "ValueFrom": SECRET }]));
    assert!(!names(&container["Environment"], "Name").contains("REDIS_URL"));
    // No parameter takes a URL, which would be in plain text for all who may look at the stack.
    let parameters = template.section("Parameters");
    let of_redis: Vec<_> = parameters.keys().filter(|name| name.to_lowercase().contains("redis")).collect();
    assert_eq!(of_redis, ["RedisUrlSecretArn"]);
    let pattern = parameters["RedisUrlSecretArn"]["AllowedPattern"].as_str().unwrap();
    assert!(pattern.starts_with("^arn:[a-z-]+:secretsmanager:") && pattern.ends_with('$'));
    assert!(!serde_json::to_string(&statements(&template, "TaskRole")).unwrap().contains("secret"));
    assert_eq!(setting("EnvironmentFile"), "/etc/agentscope-sync.env");
}

#[test]
fn the_task_role_names_operations_tables_and_an_index_and_nothing_else() {
    let template = Template::sync(&TABLES);
    let tables = allowed(&template, "TaskRole");
    let resources: BTreeSet<_> = tables.iter().map(|(_, resource)| resource.as_str()).collect();
    let expected = [
        "table/agents",
        "table/schedules",
        "table/sessions",
        "table/sessions/index/agent_id-index",
        "table/sessions/index/source_schedule_id-index",
        "table/sessions/index/user_id-index",
        "table/teams",
    ];
    assert_eq!(resources.into_iter().collect::<Vec<_>>(), expected);
    for key in ["", KEY] {
        let template = Template::sync(&[("KmsKeyArn", key)]);
        let mut others = Vec::new();
        for statement in statements(&template, "TaskRole") {
            assert!(!statement.to_string().contains('*'), "{statement}");
            if texts(&statement["Action"]).iter().all(|action| action.starts_with("dynamodb:")) {
                let members: Vec<_> = statement.as_object().unwrap().keys().cloned().collect();
                assert_eq!(members, ["Action", "Effect", "Resource"]);
            } else {
                others.push(statement);
            }
        }
        let expected = json!([{
            "Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY,
            "Condition": { "StringEquals": { "kms:ViaService": "dynamodb.eu-central-1.amazonaws.com" } },
        }]);
        assert_eq!(json!(others), if key.is_empty() { json!([]) } else { expected });
    }
}

#[test]
fn the_documentation_says_what_the_task_role_allows() {
    let text = include_str!("../../../docs/OPERATIONS.md");
    let table = text.split_once("### What it may do\n").unwrap().1.split_once("| on | allow |\n").unwrap().1;
    let mut documented = BTreeSet::new();
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let [_, on, allow, _] = row.split('|').map(str::trim).collect::<Vec<_>>()[..] else { panic!("{row}") };
        let resources = match on {
            "---" | "the tables' KMS key, if it is yours" => vec![],
            "the four tables" => TABLES.map(|(_, name)| format!("table/{name}")).to_vec(),
            "the table of sessions" => vec!["table/sessions".to_owned()],
            "its index `user_id-index`" => vec!["table/sessions/index/user_id-index".to_owned()],
            "its indexes `agent_id-index` and `source_schedule_id-index`" => {
                ["agent_id", "source_schedule_id"].map(|name| format!("table/sessions/index/{name}-index")).to_vec()
            }
            other => panic!("unexpected {other}"),
        };
        for action in allow.split(", ") {
            let operation = action.trim_matches('`').trim_start_matches("dynamodb:");
            documented.extend(resources.iter().map(|resource| (operation.to_owned(), resource.clone())));
        }
    }
    assert_eq!(documented, allowed(&Template::sync(&TABLES), "TaskRole"));
}

#[test]
fn the_execution_role_starts_the_task_and_does_nothing_else() {
    for (repository, key) in [("", ""), (REPOSITORY, ""), ("", KEY), (REPOSITORY, KEY)] {
        let parameters = [("RedisUrlSecretArn", SECRET), ("RepositoryArn", repository), ("SecretKmsKeyArn", key)];
        let mut expected = vec![
            json!({ "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "Logs.Arn" }),
            json!({ "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET }),
        ];
        if !key.is_empty() {
            expected.push(json!({
                "Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY,
                "Condition": { "StringEquals": { "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com" } },
            }));
        }
        if !repository.is_empty() {
            let actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
            expected.push(json!({ "Effect": "Allow", "Action": actions, "Resource": REPOSITORY }));
            expected.push(json!({ "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*" }));
        }
        assert_eq!(statements(&Template::sync(&parameters), "ExecutionRole"), expected);
    }
}

#[test]
fn only_tasks_of_this_account_take_the_roles_and_nothing_else_grants_anything() {
    let template = Template::sync(&[]);
    let granting = |kind: &str| kind.contains("IAM") || kind.contains("Permission") || kind.contains("Policy");
    let resources = template.resources();
    let grants: Vec<_> = resources.iter().filter(|(_, one)| granting(one["Type"].as_str().unwrap())).collect();
    assert_eq!(grants.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["ExecutionRole", "TaskRole"]);
    for (name, role) in grants {
        let expected = json!([{
            "Effect": "Allow", "Principal": { "Service": "ecs-tasks.amazonaws.com" }, "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": { "aws:SourceAccount": "123456789012" },
                "ArnLike": { "aws:SourceArn": "arn:aws:ecs:eu-central-1:123456789012:*" },
            },
        }]);
        assert_eq!(role["Properties"]["AssumeRolePolicyDocument"]["Statement"], expected, "{name}");
        assert_eq!(resources["Task"]["Properties"][format!("{name}Arn")], format!("{name}.Arn"));
    }
}

#[test]
fn the_process_is_nobody_writes_no_file_and_offers_no_port() {
    let container = container(&Template::sync(&[]));
    assert_eq!(container["User"], "65532:65532");
    assert_eq!(container["User"], instruction("USER"));
    assert_eq!(container["ReadonlyRootFilesystem"], true);
    assert_eq!(container["LinuxParameters"], json!({ "Capabilities": { "Drop": ["ALL"] } }));
    for absent in ["Privileged", "PortMappings", "MountPoints", "EntryPoint"] {
        assert!(container.get(absent).is_none(), "{absent}");
    }
    let service = Template::sync(&[]).resources().remove("Service").unwrap();
    assert!(service["Properties"].get("EnableExecuteCommand").is_none());
    let network = &service["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"];
    let expected =
        json!({ "Subnets": ["subnet-a", "subnet-b"], "SecurityGroups": ["sg-a"], "AssignPublicIp": "DISABLED" });
    assert_eq!(network, &expected);
    for (name, expected) in [("DynamicUser", "yes"), ("NoNewPrivileges", "yes"), ("ProtectSystem", "strict")] {
        assert_eq!(setting(name), expected, "{name}");
    }
}

#[test]
fn every_supervisor_sends_the_same_stop_signal_with_the_same_time_limit() {
    assert_eq!(container(&Template::sync(&[]))["StopTimeout"].to_string(), setting("TimeoutStopSec"));
    assert_eq!((instruction("STOPSIGNAL").as_str(), setting("KillSignal")), ("SIGTERM", "SIGTERM"));
    assert_eq!((setting("Restart"), setting("StartLimitIntervalSec")), ("always", "0"));
}

#[test]
fn one_task_runs_and_a_second_only_during_a_deployment() {
    let service = Template::sync(&[]).resources().remove("Service").unwrap();
    assert_eq!(service["Properties"]["DesiredCount"], 1);
    assert_eq!(
        service["Properties"]["DeploymentConfiguration"],
        json!({
            "MinimumHealthyPercent": 100, "MaximumPercent": 200,
            "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true },
        })
    );
    for architecture in ["ARM64", "X86_64"] {
        let task = Template::sync(&[("Architecture", architecture)]).resources().remove("Task").unwrap();
        let expected = json!({ "OperatingSystemFamily": "LINUX", "CpuArchitecture": architecture });
        assert_eq!(task["Properties"]["RuntimePlatform"], expected);
    }
    for (name, made) in [("", true), ("theirs", false)] {
        let resources = Template::sync(&[("ClusterName", name)]).resources();
        assert_eq!(resources.contains_key("Cluster"), made);
        assert_eq!(resources["Service"]["Properties"]["Cluster"], if made { "Cluster" } else { name });
    }
}
