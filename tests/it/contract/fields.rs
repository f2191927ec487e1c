//! The tables of the records' kinds against `releases/fields.json`, which was read off the models
//! of every release.

use std::collections::BTreeMap;

use agentscope_model::Release;
use agentscope_model::bound::Bound;
use agentscope_model::kinds::agent::AGENT;
use agentscope_model::kinds::schedule::SCHEDULE;
use agentscope_model::kinds::session::SESSION;
use agentscope_model::kinds::team::TEAM;
use agentscope_model::schema::{Absent, Field, Generated, Kind, Type};
use serde_json::{Value, json};

/// The shapes of responses, which are no records.
const RESPONSES: [&str; 6] =
    ["sessions_answer", "schedule_answer", "session_view", "team_detail", "member_view", "agent_view"];

fn fields() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/contract/releases/fields.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every kind that a release's records have, by name.
fn kinds(release: Release) -> BTreeMap<&'static str, &'static Kind> {
    fn visit(kind: &'static Kind, release: Release, found: &mut BTreeMap<&'static str, &'static Kind>) {
        if kind.since() <= release && found.insert(kind.name, kind).is_none() {
            kind.fields_of(release).for_each(|field| visit_type(&field.value, release, found));
        }
    }
    fn visit_type(value: &'static Type, release: Release, found: &mut BTreeMap<&'static str, &'static Kind>) {
        match value {
            Type::Object(kind) => visit(kind, release, found),
            Type::Tagged(kinds) | Type::TextOr(kinds) => kinds.iter().for_each(|kind| visit(kind, release, found)),
            Type::List(inner) | Type::Map(inner) | Type::Nullable(inner) => visit_type(inner, release, found),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    for kind in [&SESSION, &AGENT, &TEAM, &SCHEDULE] {
        visit(kind, release, &mut found);
    }
    found
}

#[test]
fn every_kind_has_the_fields_of_its_release_in_their_order() {
    let table = fields();
    let releases: Vec<_> = Release::ALL.iter().map(|release| release.as_str()).collect();
    assert_eq!(json!(releases), table["releases"]);
    for release in Release::ALL {
        let ours = kinds(*release);
        let mut seen = 0;
        for (name, shapes) in table["kinds"].as_object().unwrap() {
            let has = |shape: &&Value| shape["releases"].as_array().unwrap().contains(&json!(release.as_str()));
            let shape = shapes.as_array().unwrap().iter().find(has);
            if RESPONSES.contains(&name.as_str()) {
                continue;
            }
            assert_eq!(ours.contains_key(name.as_str()), shape.is_some(), "{name} in {release}");
            let Some(shape) = shape else { continue };
            seen += 1;
            is_shape(ours[name.as_str()], *release, shape, &table["texts"]);
        }
        assert_eq!(seen, ours.len(), "{release} has kinds of its own");
    }
}

fn is_shape(kind: &Kind, release: Release, shape: &Value, texts: &Value) {
    let about = format!("{} in {release}", kind.name);
    let theirs: Vec<_> = shape["fields"].as_array().unwrap().iter().collect();
    let ours: Vec<_> = kind.fields_of(release).collect();
    let names =
        |fields: &[&Value]| fields.iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(ours.iter().map(|field| field.name.to_owned()).collect::<Vec<_>>(), names(&theirs), "{about}");
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        let about = format!("{about}: {}", ours.name);
        assert!(is_type(&ours.value, release, &theirs["type"]), "{about}: {:?}, {}", ours.value, theirs["type"]);
        assert!(
            is_absent(ours, release, &theirs["default"], texts),
            "{about}: {:?}, {}",
            ours.absent_in(release),
            theirs["default"]
        );
        assert_eq!(json!(bounds(ours, release)), theirs.get("limits").cloned().unwrap_or(json!([])), "{about}");
    }
    let is_kept = shape["unknown"] != "dropped";
    assert_eq!(kind.keeps_provider_fields(release), is_kept, "{about}");
    let folds: Vec<_> = kind.folds.iter().filter(|fold| fold.since <= release).map(|fold| fold.name).collect();
    assert_eq!(json!(folds), shape["folds"], "{about}");
}

fn is_type(ours: &Type, release: Release, theirs: &Value) -> bool {
    let refs = |kinds: &[&Kind]| {
        kinds.iter().filter(|kind| kind.since() <= release).map(|kind| json!({ "ref": kind.name })).collect::<Vec<_>>()
    };
    match ours {
        Type::Id | Type::Text => theirs == "string",
        Type::ListTime | Type::Time => theirs == "datetime",
        Type::Url => theirs == "url",
        Type::Integer => theirs == "int",
        Type::Float => theirs == "float",
        Type::Boolean => theirs == "bool",
        Type::Any => theirs == "any",
        Type::Free => *theirs == json!({ "map": "any" }),
        Type::OneOf(values, added) => {
            let added = added.iter().filter(|(since, _)| *since <= release).map(|(_, value)| *value);
            let mut ours: Vec<_> = values.iter().copied().chain(added).collect();
            let mut theirs: Vec<_> =
                theirs["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            ours.sort_unstable();
            theirs.sort_unstable();
            ours == theirs
        }
        Type::Object(kind) => *theirs == json!({ "ref": kind.name }),
        Type::Tagged(kinds) => theirs["one_of"] == json!(refs(kinds)),
        Type::List(inner) => is_type(inner, release, &theirs["list"]),
        Type::Map(inner) => is_type(inner, release, &theirs["map"]),
        Type::Nullable(inner) => is_type(inner, release, &theirs["nullable"]),
        Type::TextOr(kinds) => theirs["one_of"] == json!(["string", { "list": { "one_of": refs(kinds) } }]),
    }
}

fn is_absent(field: &Field, release: Release, theirs: &Value, texts: &Value) -> bool {
    match field.absent_in(release) {
        Absent::Required => *theirs == json!({ "required": true }),
        Absent::Object => matches!(field.value, Type::Object(kind) if *theirs == json!({ "object": kind.name })),
        Absent::Json(ours) => {
            let ours: Value = serde_json::from_str(ours).unwrap();
            match (&theirs["text"], &theirs["object"]) {
                (Value::String(name), _) => ours == texts[name],
                // A kind that is one of several: its defaults are the object.
                (_, Value::String(kind)) => kind == "origin_user" && ours == json!({ "type": "user" }),
                _ => theirs.get("value") == Some(&ours),
            }
        }
        Absent::Generated(generated) => {
            let theirs = theirs["new"].as_str().unwrap_or_default();
            match generated {
                Generated::Id => theirs == "id",
                Generated::Now => matches!(theirs, "now, naive local" | "now, aware"),
                Generated::Time => theirs == "now, text isoformat",
                Generated::SessionName => theirs == "now, text %Y-%m-%d %H:%M:%S",
                Generated::TimeZone => theirs == "the local zone's name",
            }
        }
    }
}

fn bounds(field: &Field, release: Release) -> Vec<String> {
    let bound = |bound: &Bound| match bound {
        Bound::Above(number) => format!("Gt(gt={number})"),
        Bound::AtLeast(number) => format!("Ge(ge={number})"),
        Bound::Below(number) => format!("Lt(lt={number})"),
        Bound::AtMost(number) => format!("Le(le={number})"),
    };
    field.bounds_in(release).iter().map(bound).collect()
}
