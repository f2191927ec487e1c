//! The alarms and logs of `agentscope-sync` on ECS.

use std::collections::{BTreeMap, BTreeSet};

use agentscope_tests::process::container;
use agentscope_tests::template::Template;
use serde_json::{Value, json};

const ALARM: &str = "AWS::CloudWatch::Alarm";
const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:alarms";

#[test]
fn alarms_notify_the_topic_if_there_is_one() {
    for (topic, actions) in [("", None), (TOPIC, Some(json!([TOPIC])))] {
        let alarms = Template::sync(&[("AlarmTopicArn", topic), ("MetricsNamespace", "Own")]).of_type(ALARM);
        assert_eq!(alarms.len(), 5);
        for (name, alarm) in alarms {
            let properties = &alarm["Properties"];
            assert_eq!(properties.get("AlarmActions").cloned(), actions, "{name}");
            assert_eq!(properties.get("OKActions").cloned(), actions, "{name}");
            // The line with the metrics has no dimensions.
            assert_eq!(properties["Namespace"], "Own", "{name}");
            assert!(properties.get("Dimensions").is_none(), "{name}");
        }
    }
}

#[test]
fn alarms_are_about_what_the_process_writes() {
    let written =
        [include_str!("../../../sync/src/observe/counters.rs"), include_str!("../../../sync/src/observe/report.rs")]
            .concat();
    assert!(written.contains(r#""Dimensions": [[]]"#));
    for (name, alarm) in Template::sync(&[]).of_type(ALARM) {
        let metric = &alarm["Properties"]["MetricName"];
        assert!(written.contains(&metric.to_string()), "{name}: {metric}");
    }
}

#[test]
fn one_user_alone_sets_off_no_alarm() {
    let alarms = Template::sync(&[("AlarmLag", "1234")]).of_type(ALARM);
    let found: BTreeMap<_, _> = alarms
        .iter()
        .map(|(name, alarm)| {
            let properties = &alarm["Properties"];
            (name.as_str(), (properties["MetricName"].clone(), properties["Threshold"].clone()))
        })
        .collect();
    let expected = [
        // About the process as a whole.
        ("NotFollowingAlarm", (json!("Following"), json!(1))),
        ("NotReconcilingAlarm", (json!("Reconciliations"), json!(1))),
        // Numbers of users, and a lag that several users had.
        ("SkippedAlarm", (json!("SkippedUsers"), json!(3))),
        ("ErrorsAlarm", (json!("FailingUsers"), json!(3))),
        ("LagAlarm", (json!("LagOfSeveralUsers"), json!("1234"))),
    ];
    assert_eq!(found, expected.into());
}

#[test]
fn a_process_that_says_nothing_sets_off_the_alarms_that_wait_for_something() {
    let silent = |alarms: BTreeMap<String, Value>| -> BTreeSet<String> {
        let silent = alarms.into_iter().filter(|(_, alarm)| alarm["Properties"]["TreatMissingData"] == "breaching");
        silent.map(|(name, _)| name).collect()
    };
    let expected = ["NotFollowingAlarm", "NotReconcilingAlarm"].map(str::to_owned);
    assert_eq!(silent(Template::sync(&[]).of_type(ALARM)), expected.clone().into());
    // One that is meant to be silent does not.
    assert_eq!(silent(Template::sync(&[("DesiredCount", "0")]).of_type(ALARM)), BTreeSet::new());
    // Nor does one that is only about to start: the service is made when its task is healthy.
    for name in expected {
        assert_eq!(Template::sync(&[]).of_type(ALARM)[&name]["DependsOn"], "Service");
    }
}

#[test]
fn the_reconciliation_interval_is_shorter_than_the_alarm_s() {
    let template = Template::sync(&[]);
    let longest = template.section("Parameters")["ReconcileSeconds"]["MaxValue"].as_u64().unwrap();
    let period = &template.of_type(ALARM)["NotReconcilingAlarm"]["Properties"]["Period"];
    assert!(2 * longest <= period.as_u64().unwrap());
}

#[test]
fn what_the_process_writes_goes_to_its_own_log_and_never_stops_it() {
    let template = Template::sync(&[("LogRetentionDays", "7")]);
    let logs = &template.resources()["Logs"]["Properties"];
    assert_eq!(logs["RetentionInDays"], "7");
    assert_eq!(logs["LogGroupName"], "/ecs/stack");
    let configuration = container(&template)["LogConfiguration"].clone();
    assert_eq!(configuration["LogDriver"], "awslogs");
    assert_eq!(configuration["Options"]["awslogs-group"], "Logs");
    assert_eq!(configuration["Options"]["mode"], "non-blocking");
}
