//! The document itself.

use std::collections::BTreeSet;

use agentscope_model::Release;
use serde_json::Value;

use crate::openapi::described::{document, text};

#[test]
fn its_schemas_are_those_of_the_models() {
    for release in Release::ALL {
        let text = text(*release);
        let up_to_date = agentscope_openapi::document(&self::text(Release::NEWEST), *release).unwrap();
        for (number, (is, should)) in text.lines().zip(up_to_date.lines()).enumerate() {
            let path = agentscope_openapi::path(*release);
            assert_eq!(is, should, "line {} of {path}: run `cargo xtask openapi`", number + 1);
        }
        assert_eq!(text.len(), up_to_date.len(), "run `cargo xtask openapi`");
    }
}

#[test]
fn it_is_of_this_version() {
    assert_eq!(document(Release::NEWEST)["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_reference_leads_somewhere_and_every_part_is_referred_to() {
    let mut referred = BTreeSet::new();
    references(document(Release::NEWEST), &mut referred);
    for reference in &referred {
        assert!(document(Release::NEWEST).pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for kind in ["parameters", "headers", "responses", "schemas"] {
        for name in document(Release::NEWEST)["components"][kind].as_object().unwrap().keys() {
            assert!(referred.contains(&format!("#/components/{kind}/{name}")), "{kind} {name}");
        }
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(elements) => elements.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}
