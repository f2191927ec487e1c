//! Alarms and the dashboard. That the functions write these metrics is tested beside their
//! binaries.

use agentscope_tests::template::Template;
use serde_json::{Value, json};

const ALARM: &str = "AWS::CloudWatch::Alarm";
const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:alarms";

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
    assert_eq!(of("ListSessions", "list-sessions"), of("ListScheduleSessions", "list-schedule-sessions"));
}

#[test]
fn the_dashboard_is_json_that_names_what_there_is() {
    let template = Template::with(&[("MetricsNamespace", "Own")]);
    let body = &template.resources()["Dashboard"]["Properties"]["DashboardBody"];
    let body: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    assert!(widgets.len() > 10);
    for widget in widgets {
        assert_eq!(widget["properties"]["region"], "eu-central-1");
        let (x, width) = (widget["x"].as_u64().unwrap(), widget["width"].as_u64().unwrap());
        assert!(x + width <= 24);
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            let namespace = metric[0].as_str().unwrap();
            assert!(["Own", "AWS/ApiGateway", "AWS/DynamoDB", "AWS/Lambda"].contains(&namespace), "{metric}");
            assert!(!metric.to_string().contains('$'), "{metric}");
        }
    }
}
