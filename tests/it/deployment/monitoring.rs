//! Alarms and the dashboard. That the functions write these metrics is tested beside their
//! binaries.

use std::collections::{BTreeMap, BTreeSet};

use agentscope_tests::template::Template;
use serde_json::{Value, json};

const ALARM: &str = "AWS::CloudWatch::Alarm";
const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:alarms";
const REST: [(&str, &str); 2] =
    [("Gateway", "rest"), ("UserPoolArn", "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/p")];
const ACCESS_LOGS: (&str, &str) = ("RestAccessLogs", "true");

/// Alarms about what one user alone can cause, with the rules that count users.
const COUNTED: [(&str, &str); 3] =
    [("FailuresAlarm", "FailuresRule"), ("LatencyAlarm", "SlowRule"), ("DynamoDbThrottlesAlarm", "ThrottledRule")];

/// The metrics of an alarm by their ids.
fn metrics(alarm: &Value) -> BTreeMap<String, Value> {
    let metrics = alarm["Properties"]["Metrics"].as_array().unwrap().iter();
    metrics.map(|metric| (metric["Id"].as_str().unwrap().to_owned(), metric.clone())).collect()
}

/// The expression that an alarm evaluates.
fn expression(alarm: &Value) -> String {
    let evaluated: Vec<_> = metrics(alarm).into_values().filter(|metric| metric.get("ReturnData").is_none()).collect();
    let [metric] = &evaluated[..] else { panic!("{alarm}") };
    metric["Expression"].as_str().unwrap().to_owned()
}

/// The names in an expression: ids are in lower case, functions in upper case.
fn ids(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|character: char| !character.is_ascii_alphabetic());
    words.filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase())).map(str::to_owned).collect()
}

#[test]
fn alarms_notify_the_topic_if_there_is_one() {
    for (topic, actions) in [("", None), (TOPIC, Some(json!([TOPIC])))] {
        let alarms = Template::with(&[("AlarmTopicArn", topic)]).of_type(ALARM);
        assert_eq!(alarms.len(), 11);
        for (name, alarm) in alarms {
            let properties = &alarm["Properties"];
            assert_eq!(properties.get("AlarmActions").cloned(), actions, "{name}");
            assert_eq!(properties.get("OKActions").cloned(), actions, "{name}");
            // No requests are no fault.
            assert_eq!(properties["TreatMissingData"], "notBreaching", "{name}");
            assert!(properties["AlarmDescription"].as_str().unwrap().len() > 10);
        }
    }
}

#[test]
fn both_functions_have_the_same_alarms() {
    let alarms = Template::with(&[]).of_type(ALARM);
    let of = |function: &str, name: &str| -> Vec<(String, Value)> {
        let own = alarms.iter().filter(|(key, _)| key.starts_with(function));
        own.map(|(key, alarm)| {
            let mut properties = alarm["Properties"].clone();
            properties["AlarmDescription"] = json!(null);
            let text = properties.to_string().replace(name, "…").replace(function, "…");
            (key.replace(function, ""), serde_json::from_str(&text).unwrap())
        })
        .collect()
    };
    assert_eq!(of("ListSessions", "list-sessions").len(), 5);
    assert_eq!(of("ListSessions", "list-sessions"), of("ListScheduleSessions", "list-schedule-sessions"));
}

#[test]
fn an_alarm_is_about_a_share_of_enough_requests() {
    for parameters in [vec![], [&REST[..], &[ACCESS_LOGS]].concat(), vec![("AlarmCallers", "0")]] {
        for (name, alarm) in Template::with(&parameters).of_type(ALARM) {
            let expression = expression(&alarm);
            let used: BTreeSet<_> = ids(&expression);
            let given: BTreeSet<_> = metrics(&alarm).into_keys().collect();
            // What is evaluated is named after its unit.
            let unit =
                BTreeSet::from([if name.ends_with("LatencyAlarm") { "milliseconds" } else { "percent" }.to_owned()]);
            assert_eq!(used, given.difference(&unit).cloned().collect(), "{name}");
            let (least, rest) = expression.strip_prefix("IF(").unwrap().split_once(" >= ").unwrap();
            assert_eq!(ids(least).len(), 1, "{name}");
            let number = rest.split(|character: char| !character.is_ascii_digit()).next().unwrap();
            assert!(number.parse::<u32>().unwrap() >= 10, "{name}");
            assert!(expression.ends_with(", 0)"), "{name}");
            assert!(name.ends_with("LatencyAlarm") || expression.contains(", 100 * "), "{name}");
        }
    }
}

#[test]
fn no_alarm_counts_failures_of_the_origin() {
    for parameters in [vec![], [&REST[..], &[ACCESS_LOGS]].concat()] {
        for (name, alarm) in Template::with(&parameters).of_type(ALARM) {
            for metric in metrics(&alarm).values().filter_map(|metric| metric.get("MetricStat")) {
                let metric = &metric["Metric"];
                assert!(["AgentScopeSessions", "AWS/Lambda"].map(Value::from).contains(&metric["Namespace"]), "{name}");
            }
        }
    }
}

#[test]
fn one_user_alone_sets_off_no_alarm_about_what_one_user_can_cause() {
    let template = Template::with(&[("AlarmCallers", "4")]);
    let rules = template.of_type("AWS::CloudWatch::InsightRule");
    for function in ["ListSessions", "ListScheduleSessions"] {
        for (alarm, rule) in COUNTED {
            let alarm = &template.of_type(ALARM)[&format!("{function}{alarm}")];
            assert!(expression(alarm).contains(" AND FILL(callers, 0) >= 4, "), "{}", expression(alarm));
            let count = format!("INSIGHT_RULE_METRIC('{rule}.RuleName', 'UniqueContributors')");
            assert_eq!(metrics(alarm)["callers"]["Expression"], count);
            let body: Value = serde_json::from_str(rules[rule]["Properties"]["RuleBody"].as_str().unwrap()).unwrap();
            assert_eq!(body["Contribution"]["Keys"], json!(["$.caller"]));
        }
    }
    // A client that reads a stream slowly ends it with an error of the function.
    for parameters in [&REST[..], &[]] {
        for (name, alarm) in Template::with(parameters).of_type(ALARM) {
            let text = alarm.to_string();
            assert!(!text.contains(r#""MetricName":"Errors""#), "{name}");
        }
    }
    // A list near the limit on its size is one user's own affair.
    assert!(!template.of_type(ALARM).keys().any(|name| name.contains("NearLimit")));
}

#[test]
fn users_are_counted_unless_a_parameter_says_otherwise() {
    let template = Template::with(&[("AlarmCallers", "0")]);
    assert!(template.of_type("AWS::CloudWatch::InsightRule").is_empty());
    for (name, alarm) in template.of_type(ALARM) {
        assert!(!metrics(&alarm).contains_key("callers") && !expression(&alarm).contains("callers"), "{name}");
    }
}

#[test]
fn the_rules_read_what_the_functions_write() {
    let written = include_str!("../../../shared/api/src/metrics.rs");
    let template = Template::with(&[("AlarmLatency", "1234")]);
    let mut filters = BTreeMap::new();
    for (name, rule) in template.of_type("AWS::CloudWatch::InsightRule") {
        let body: Value = serde_json::from_str(rule["Properties"]["RuleBody"].as_str().unwrap()).unwrap();
        assert_eq!(body["LogGroupNames"], json!(["ListSessionsLogs", "ListScheduleSessionsLogs"]));
        let [filter] = &body["Contribution"]["Filters"].as_array().unwrap()[..] else { panic!("{body}") };
        for field in [&filter["Match"], &body["Contribution"]["Keys"][0]] {
            let field = field.as_str().unwrap().strip_prefix("$.").unwrap();
            assert!(written.contains(&format!("line.value(\"{field}\"")), "{name}: {field}");
        }
        filters.insert(name, (filter["Match"].as_str().unwrap().to_owned(), filter["GreaterThan"].clone()));
    }
    let expected =
        [("FailuresRule", "$.ServerErrors", 0), ("SlowRule", "$.Latency", 1234), ("ThrottledRule", "$.Throttles", 0)];
    let expected = expected.map(|(name, field, limit)| (name.to_owned(), (field.to_owned(), json!(limit))));
    assert_eq!(filters, expected.into());
}

/// The values of the fields that a filter pattern compares.
fn compared(pattern: &str, field: &str) -> BTreeSet<String> {
    let comparison = format!("$.{field} = \"");
    pattern.split(&comparison).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn the_gateways_errors_are_those_of_the_lists() {
    let paths = ["/sessions", "/schedule/{schedule_id}/sessions"];
    let pattern = |parameters: &[_]| {
        let resources = Template::with(parameters).resources();
        let filter = &resources["GatewayErrors"]["Properties"];
        assert_eq!(filter["LogGroupName"], "AccessLogs");
        let alarm = metrics(&resources["GatewayErrorsAlarm"]);
        let transformation = &filter["MetricTransformations"][0];
        assert_eq!(alarm["errors"]["MetricStat"]["Metric"]["MetricName"], transformation["MetricName"]);
        assert_eq!(alarm["errors"]["MetricStat"]["Metric"]["Namespace"], transformation["MetricNamespace"]);
        let pattern = filter["FilterPattern"].as_str().unwrap().to_owned();
        assert!(pattern.contains(r#"$.integrationError != "-""#) && !pattern.contains('\n'), "{pattern}");
        pattern
    };
    let keys = paths.iter().flat_map(|path| [format!("GET {path}"), format!("GET {path}/")]).collect();
    assert_eq!(compared(&pattern(&[]), "routeKey"), keys);
    let rest = pattern(&[&REST[..], &[ACCESS_LOGS]].concat());
    assert_eq!(compared(&rest, "routeKey"), paths.map(str::to_owned).into());
    assert_eq!(compared(&rest, "method"), ["GET".to_owned()].into());
    // Without access logs, nothing tells a list's failure from the origin's.
    let resources = Template::with(&REST).resources();
    assert!(!resources.contains_key("GatewayErrors") && !resources.contains_key("GatewayErrorsAlarm"));
}

/// The function writes the line of a request when its response is ready, before it is sent.
#[test]
fn an_invocation_without_a_line_is_an_error() {
    let template = Template::with(&[]);
    for (function, route) in [("ListSessions", "list-sessions"), ("ListScheduleSessions", "list-schedule-sessions")] {
        let alarm = &template.of_type(ALARM)[&format!("{function}ErrorsAlarm")];
        assert!(expression(alarm).contains("100 * (invocations - FILL(requests, 0)) / invocations"));
        let metrics = metrics(alarm);
        let requests = &metrics["requests"]["MetricStat"]["Metric"];
        assert_eq!((&requests["MetricName"], &requests["Dimensions"][0]["Value"]), (&json!("Requests"), &json!(route)));
        assert_eq!(metrics["invocations"]["MetricStat"]["Metric"]["MetricName"], "Invocations");
    }
}

#[test]
fn the_dashboard_is_json_that_names_what_there_is() {
    for (callers, counts) in [("3", 3), ("0", 0)] {
        let template = Template::with(&[("MetricsNamespace", "Own"), ("AlarmCallers", callers)]);
        let body = &template.resources()["Dashboard"]["Properties"]["DashboardBody"];
        let body: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
        let widgets = body["widgets"].as_array().unwrap();
        assert!(widgets.len() > 10);
        let mut expressions = 0;
        for widget in widgets {
            assert_eq!(widget["properties"]["region"], "eu-central-1");
            let (x, width) = (widget["x"].as_u64().unwrap(), widget["width"].as_u64().unwrap());
            assert!(x + width <= 24);
            for metric in widget["properties"]["metrics"].as_array().unwrap() {
                assert!(!metric.to_string().contains('$'), "{metric}");
                if metric[0].get("expression").is_some() {
                    expressions += 1;
                    continue;
                }
                let namespace = metric[0].as_str().unwrap();
                assert!(["Own", "AWS/ApiGateway", "AWS/DynamoDB", "AWS/Lambda"].contains(&namespace), "{metric}");
            }
        }
        assert_eq!(expressions, counts);
    }
}
