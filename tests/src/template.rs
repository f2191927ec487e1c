//! `template.yaml`, `deploy/alb.yaml` and `sync/deploy/ecs.yaml` as CloudFormation reads them:
//! with parameters, conditions and functions resolved.

mod resolve;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use yaml_serde::Value as Yaml;

/// What a parameter of `sync/deploy/ecs.yaml` without a default is here. Its tables have the names
/// of the resources that `template.yaml` makes.
const SYNC: [(&str, &str); 10] = [
    ("Image", "registry.example.com/agentscope-sync:1"),
    ("AgentScopeRelease", "2.0.1"),
    ("Architecture", "ARM64"),
    ("SubnetIds", "subnet-a,subnet-b"),
    ("SecurityGroupIds", "sg-a"),
    ("RedisUrlSecretArn", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:redis-AbCdEf"),
    ("SessionsTableName", "SessionsTable"),
    ("AgentsTableName", "AgentsTable"),
    ("TeamsTableName", "TeamsTable"),
    ("SchedulesTableName", "SchedulesTable"),
];

/// What a parameter of `deploy/alb.yaml` without a default is here.
const ALB: [(&str, &str); 6] = [
    ("ListenerArn", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/chat/a/b"),
    ("ListSessionsArn", "arn:aws:lambda:eu-central-1:123456789012:function:list-sessions"),
    ("ListScheduleSessionsArn", "arn:aws:lambda:eu-central-1:123456789012:function:list-schedule-sessions"),
    ("Priority", "10"),
    ("SchedulePriority", "11"),
    ("SignIn", "proxy"),
];

/// A template, with values for its parameters.
#[derive(Debug, Clone)]
pub struct Template {
    body: Value,
    parameters: BTreeMap<String, Value>,
}

impl Template {
    /// `template.yaml` with these parameters and the defaults of the others. `IdentitySource` is
    /// `jwt` and `AgentScopeRelease` is `2.0.1` if they are not among them.
    ///
    /// # Panics
    ///
    /// The template is no YAML, or has no such parameter.
    pub fn with(parameters: &[(&str, &str)]) -> Self {
        Self::read(
            include_str!("../../template.yaml"),
            &[("IdentitySource", "jwt"), ("AgentScopeRelease", "2.0.1")],
            parameters,
        )
    }

    /// `sync/deploy/ecs.yaml` with these parameters, and the defaults or made-up values of the
    /// others. Its tables are `SessionsTable`, `AgentsTable`, `TeamsTable` and `SchedulesTable`,
    /// as those that `template.yaml` makes.
    ///
    /// # Panics
    ///
    /// The template is no YAML, or has no such parameter.
    pub fn sync(parameters: &[(&str, &str)]) -> Self {
        Self::read(include_str!("../../sync/deploy/ecs.yaml"), &SYNC, parameters)
    }

    /// `deploy/alb.yaml` with these parameters, and the defaults or made-up values of the others.
    ///
    /// # Panics
    ///
    /// The template is no YAML, or has no such parameter.
    pub fn alb(parameters: &[(&str, &str)]) -> Self {
        Self::read(include_str!("../../deploy/alb.yaml"), &ALB, parameters)
    }

    /// The rules that these parameters break, as the template describes them. CloudFormation then
    /// refuses to deploy it.
    pub fn refusals(&self) -> Vec<String> {
        let applies = |rule: &&Value| rule.get("RuleCondition").is_none_or(|condition| self.is_true(condition));
        let rules = self.section("Rules").values().filter(applies);
        let assertions = rules.flat_map(|rule| rule["Assertions"].as_array().unwrap());
        let broken = assertions.filter(|assertion| !self.is_true(&assertion["Assert"]));
        broken.map(|assertion| assertion["AssertDescription"].as_str().unwrap().to_owned()).collect()
    }

    /// The outputs that these parameters make, resolved.
    pub fn outputs(&self) -> BTreeMap<String, Value> {
        self.resolved("Outputs")
    }

    fn read(text: &str, required: &[(&str, &str)], parameters: &[(&str, &str)]) -> Self {
        let body = json(yaml_serde::from_str(text).unwrap());
        let mut values = BTreeMap::new();
        for (name, parameter) in body["Parameters"].as_object().unwrap() {
            if let Some(default) = parameter.get("Default") {
                let is_list = is_list(parameter);
                values.insert(name.clone(), if is_list { list(default.as_str().unwrap()) } else { default.clone() });
            }
        }
        for (name, value) in required.iter().chain(parameters) {
            let parameter = &body["Parameters"][name];
            assert!(parameter.is_object(), "there is no parameter {name}");
            values.insert((*name).to_owned(), if is_list(parameter) { list(value) } else { json!(value) });
        }
        Self { body, parameters: values }
    }

    /// A section as it is written, with functions in their long form.
    pub fn section(&self, name: &str) -> &Map<String, Value> {
        self.body[name].as_object().unwrap()
    }

    /// The resources that these parameters make, resolved: by name, with `Type`, `Properties` and
    /// whatever else they have.
    pub fn resources(&self) -> BTreeMap<String, Value> {
        self.resolved("Resources")
    }

    /// The resources of a type.
    pub fn of_type(&self, kind: &str) -> BTreeMap<String, Value> {
        self.resources().into_iter().filter(|(_, resource)| resource["Type"] == kind).collect()
    }

    /// A function with the properties that all functions share.
    pub fn function(&self, name: &str) -> Value {
        let mut properties = self.resolve(&self.body["Globals"]["Function"]).unwrap();
        let own = self.resources().remove(name).unwrap();
        assert_eq!(own["Type"], "AWS::Serverless::Function");
        for ignored in own["IgnoreGlobals"].as_array().into_iter().flatten() {
            let removed = properties.as_object_mut().unwrap().remove(ignored.as_str().unwrap());
            assert!(removed.is_some(), "{ignored} is no property that all functions share");
        }
        for (name, value) in own["Properties"].as_object().unwrap() {
            assert!(properties.get(name).is_none(), "{name} would be merged");
            properties[name] = value.clone();
        }
        properties
    }

    fn resolved(&self, section: &str) -> BTreeMap<String, Value> {
        let exists = |item: &Value| item.get("Condition").is_none_or(|name| self.condition(name.as_str().unwrap()));
        let items = self.section(section).iter().filter(|(_, item)| exists(item));
        items.map(|(name, item)| (name.clone(), self.resolve(&self.without_disabled(item)).unwrap())).collect()
    }
}

fn is_list(parameter: &Value) -> bool {
    let kind = parameter["Type"].as_str().unwrap();
    kind == "CommaDelimitedList" || kind.starts_with("List<")
}

fn list(value: &str) -> Value {
    value.split(',').collect()
}

/// YAML as JSON: `!Ref x` as `{"Ref": "x"}`, `!If […]` as `{"Fn::If": […]}`.
fn json(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Number(value) => json!(value),
        Yaml::String(value) => json!(value),
        Yaml::Sequence(items) => items.into_iter().map(json).collect(),
        Yaml::Mapping(members) => {
            members.into_iter().map(|(name, value)| (name.as_str().unwrap().to_owned(), json(value))).collect()
        }
        Yaml::Tagged(tagged) => {
            let name = match tagged.tag.to_string().trim_start_matches('!') {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ name: json(tagged.value) })
        }
    }
}
