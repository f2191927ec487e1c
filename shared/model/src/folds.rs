//! Folds: steps that migrate a record from the shape of an earlier release to that of a later one.
//!
//! Each fold is the counterpart of a validator in AgentScope's models, such as
//! `_fold_legacy_source`, which runs whenever AgentScope reads a record. A fold copies old fields
//! to new ones. Shaping then drops the old fields, because the release does not have them.

use crate::Release;
use crate::json::compact_text;
use crate::members::Members;

/// A migration step.
#[derive(Debug, Clone, Copy)]
pub struct Fold {
    /// The release that introduced it.
    pub since: Release,
    /// The name of the validator in AgentScope's models.
    pub name: &'static str,
    pub(crate) apply: fn(&mut Members<'_>),
}

/// `source` and its companions become `origin`.
pub(crate) const FOLD_SOURCE: Fold = Fold { since: Release::V2_0_8, name: "_fold_legacy_source", apply: fold_source };

/// `reply_id` and `cur_iter` become `reply_context`.
pub(crate) const FOLD_REPLY: Fold =
    Fold { since: Release::V2_0_5, name: "_migrate_legacy_reply_fields", apply: fold_reply };

/// The configurations of an agent become `chat_config`.
pub(crate) const FOLD_AGENT_CONFIGS: Fold =
    Fold { since: Release::V2_0_10, name: "_fold_legacy_configs", apply: fold_agent_configs };

/// Whether Python treats a value as true.
fn is_truthy(json: Option<&str>) -> bool {
    json.is_some_and(|json| {
        let is_empty = |json: &str| matches!(&*compact_text(json), "null" | "\"\"" | "false" | "{}" | "[]");
        let is_zero = json.parse::<f64>().is_ok_and(|number| number == 0.0);
        !is_empty(json) && !is_zero
    })
}

fn fold_source(session: &mut Members<'_>) {
    if session.get("origin").is_some_and(|origin| origin != "null") {
        return;
    }
    let value = |name: &str| session.get(name).unwrap_or("null").to_owned();
    let has = |name: &str| is_truthy(session.get(name));
    let source = value("source");
    let origin = match serde_json::from_str::<String>(&source).as_deref() {
        Ok("schedule") if has("source_schedule_id") => {
            format!(r#"{{"type":"schedule","schedule_id":{}}}"#, value("source_schedule_id"))
        }
        Ok("channel") if has("source_channel_id") && has("source_chat_id") => format!(
            r#"{{"type":"channel","channel_id":{},"chat_id":{},"chat_name":{}}}"#,
            value("source_channel_id"),
            value("source_chat_id"),
            value("source_chat_name"),
        ),
        Ok("team") => r#"{"type":"team"}"#.to_owned(),
        // AgentScope takes a `source` that is not a string as the origin itself.
        Err(_) if has("source") => source,
        _ => r#"{"type":"user"}"#.to_owned(),
    };
    session.set("origin", origin);
}

fn fold_reply(state: &mut Members<'_>) {
    fold_into(state, "reply_context", &["reply_id", "cur_iter"], |reply, name| !reply.has(name));
}

fn fold_agent_configs(data: &mut Members<'_>) {
    fold_into(data, "chat_config", &["context_config", "react_config", "invite_config"], |_, _| true);
}

/// Copies fields into the object in `target`: each for which `moves` is true.
fn fold_into(
    object: &mut Members<'_>,
    target: &'static str,
    names: &[&'static str],
    moves: fn(&Members<'_>, &str) -> bool,
) {
    if !names.iter().any(|name| object.has(name)) {
        return;
    }
    let current = object.get(target).filter(|current| *current != "null").unwrap_or("{}").to_owned();
    // A target that is not an object stays, and shaping reports it.
    let Ok(mut inner) = Members::new(&current) else { return };
    for name in names {
        if let Some(value) = object.get(name)
            && moves(&inner, name)
        {
            inner.set(*name, value.to_owned());
        }
    }
    let folded = inner.to_json();
    object.set(target, folded);
}
