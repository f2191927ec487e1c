//! The functions and conditions of CloudFormation, for the parameters of a template.

use serde_json::{Map, Value, json};

use super::Template;

impl Template {
    /// A resource without a deployment preference that is not enabled: SAM then does not read the
    /// rest of it.
    pub(super) fn without_disabled(&self, item: &Value) -> Value {
        let mut item = item.clone();
        let enabled =
            item.pointer("/Properties/DeploymentPreference/Enabled").and_then(|enabled| self.resolve(enabled));
        if enabled.is_some_and(|enabled| enabled == "false")
            && let Some(Value::Object(properties)) = item.get_mut("Properties")
        {
            properties.remove("DeploymentPreference");
        }
        item
    }

    pub(super) fn condition(&self, name: &str) -> bool {
        let condition = &self.body["Conditions"][name];
        assert!(condition.is_object(), "there is no condition {name}");
        self.is_true(condition)
    }

    pub(super) fn is_true(&self, condition: &Value) -> bool {
        let (function, argument) = only_member(condition).unwrap_or_else(|| panic!("no condition: {condition}"));
        let arguments = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match function {
            "Condition" => self.condition(argument.as_str().unwrap()),
            "Fn::Equals" => self.resolve(&arguments[0]) == self.resolve(&arguments[1]),
            "Fn::EachMemberEquals" => {
                let Some(Value::Array(members)) = self.resolve(&arguments[0]) else { panic!("{condition}") };
                members.iter().all(|member| *member == arguments[1])
            }
            "Fn::Not" => !self.is_true(&arguments[0]),
            "Fn::And" => arguments.iter().all(|condition| self.is_true(condition)),
            "Fn::Or" => arguments.iter().any(|condition| self.is_true(condition)),
            other => panic!("unexpected {other}"),
        }
    }

    /// The value of a part of the template; `None` if it is `AWS::NoValue`.
    pub(super) fn resolve(&self, part: &Value) -> Option<Value> {
        if let Some((function, argument)) = only_member(part) {
            match function {
                "Ref" => return self.reference(argument.as_str().unwrap()),
                "Fn::GetAtt" => {
                    self.check_made(argument.as_str().unwrap());
                    return Some(argument.clone());
                }
                "Fn::Sub" => return Some(self.substitute(argument)),
                "Fn::If" => {
                    let [condition, yes, no] = &argument.as_array().unwrap()[..] else { panic!("{argument}") };
                    return self.resolve(if self.condition(condition.as_str().unwrap()) { yes } else { no });
                }
                "Fn::FindInMap" => {
                    let keys = argument.as_array().unwrap().iter().map(|key| self.resolve(key).unwrap());
                    let found = keys.fold(&self.body["Mappings"], |map, key| &map[key.as_str().unwrap()]);
                    assert!(!found.is_null(), "{argument}");
                    return Some(found.clone());
                }
                "Fn::Join" => {
                    let separator = argument[0].as_str().unwrap();
                    let Some(Value::Array(items)) = self.resolve(&argument[1]) else { panic!("{argument}") };
                    let items: Vec<_> = items.iter().map(|item| item.as_str().unwrap()).collect();
                    return Some(json!(items.join(separator)));
                }
                "Fn::Select" => {
                    let items = self.resolve(&argument[1]).unwrap();
                    return Some(items[argument[0].as_u64().unwrap() as usize].clone());
                }
                "Fn::Split" => {
                    let separator = argument[0].as_str().unwrap();
                    let text = self.resolve(&argument[1]).unwrap();
                    return Some(text.as_str().unwrap().split(separator).collect());
                }
                other => assert!(!other.starts_with("Fn::"), "unexpected {other}"),
            }
        }
        Some(match part {
            Value::Array(items) => items.iter().filter_map(|item| self.resolve(item)).collect(),
            Value::Object(members) => {
                let members = members.iter().filter_map(|(name, value)| Some((name.clone(), self.resolve(value)?)));
                Value::Object(members.collect())
            }
            other => other.clone(),
        })
    }

    fn reference(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.parameters.get(name) {
            return Some(value.clone());
        }
        // SAM resolves `Api.Stage` to the stage that it makes for an API, and `Function.Alias` to
        // the alias of a function.
        let resource = name.strip_suffix(".Stage").or(name.strip_suffix(".Alias")).unwrap_or(name);
        let is_resource = self.body["Resources"].get(resource).is_some();
        if is_resource {
            self.check_made(name);
        }
        Some(json!(match name {
            "AWS::NoValue" => return None,
            "AWS::Partition" => "aws",
            "AWS::Region" => "eu-central-1",
            "AWS::AccountId" => "123456789012",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => "stack",
            // A resource's name is its logical id.
            name if is_resource => name,
            other => panic!("there is no {other}"),
        }))
    }

    /// Asserts that these parameters make the resource of a reference such as `Role.Arn`.
    fn check_made(&self, reference: &str) {
        let name = reference.split('.').next().unwrap_or_default();
        let resource = &self.body["Resources"][name];
        assert!(resource.is_object(), "there is no {reference}");
        let is_made = resource.get("Condition").is_none_or(|condition| self.condition(condition.as_str().unwrap()));
        assert!(is_made, "{reference} is not made");
    }

    fn substitute(&self, argument: &Value) -> Value {
        let (text, own) = match argument {
            Value::Array(items) => (&items[0], items[1].as_object().unwrap().clone()),
            text => (text, Map::new()),
        };
        let mut result = String::new();
        let mut pieces = text.as_str().unwrap().split("${");
        result.push_str(pieces.next().unwrap());
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap();
            let value = match own.get(name) {
                Some(value) => self.resolve(value),
                None if name.contains('.') => {
                    self.check_made(name);
                    Some(json!(name))
                }
                None => self.reference(name),
            };
            match value.unwrap() {
                Value::Number(number) => result.push_str(&number.to_string()),
                text => result.push_str(text.as_str().unwrap()),
            }
            result.push_str(rest);
        }
        json!(result)
    }
}

fn only_member(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.iter().next().map(|(name, value)| (name.as_str(), value))
}
