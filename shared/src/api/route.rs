//! The paths of the routes.

use super::event::decode;

/// The path parameter that the gateway's route names.
pub(super) const SCHEDULE_ID: &str = "schedule_id";

/// Which route a path is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Path {
    Sessions,
    ScheduleSessions(String),
    Other,
}

/// Finds the route of a path. `parameter` is the schedule's id if the gateway has found it already, decoded; else the path
/// is taken apart here, and is still encoded.
pub(super) fn path(raw: &str, stage: Option<&str>, parameter: Option<String>) -> Path {
    let raw = without_stage(raw, stage);
    if matches!(raw, "/sessions" | "/sessions/") {
        return Path::Sessions;
    }
    let id = raw
        .strip_prefix("/schedule/")
        .and_then(|rest| rest.strip_suffix("/sessions").or_else(|| rest.strip_suffix("/sessions/")));
    match (id, parameter) {
        (Some(_), Some(id)) if !id.is_empty() => Path::ScheduleSessions(id),
        (Some(id), None) if !id.is_empty() && !id.contains('/') => Path::ScheduleSessions(decode(id)),
        _ => Path::Other,
    }
}

/// The path without the stage, which an HTTP API puts before it unless the stage is `$default`.
fn without_stage<'a>(raw: &'a str, stage: Option<&str>) -> &'a str {
    stage
        .filter(|stage| *stage != "$default")
        .and_then(|stage| raw.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(id: &str) -> Path {
        Path::ScheduleSessions(id.to_owned())
    }

    #[test]
    fn both_routes_take_both_spellings_of_the_slash() {
        for raw in ["/sessions", "/sessions/"] {
            assert_eq!(path(raw, None, None), Path::Sessions);
        }
        for raw in ["/schedule/s%201/sessions", "/schedule/s%201/sessions/"] {
            assert_eq!(path(raw, None, None), schedule("s 1"));
        }
        for raw in ["", "/", "/session", "/sessions//", "/schedule//sessions", "/schedule/a/b/sessions", "/x/sessions"]
        {
            assert_eq!(path(raw, None, None), Path::Other, "{raw}");
        }
    }

    #[test]
    fn a_stage_before_the_path_is_not_part_of_it() {
        assert_eq!(path("/prod/sessions/", Some("prod"), None), Path::Sessions);
        assert_eq!(path("/sessions/", Some("prod"), None), Path::Sessions);
        assert_eq!(path("/sessions/", Some("sess"), None), Path::Sessions);
        assert_eq!(path("/$default/sessions/", Some("$default"), None), Path::Other);
    }

    #[test]
    fn an_id_that_the_gateway_has_found_is_taken_as_it_is() {
        assert_eq!(path("/schedule/a/b/sessions", None, Some("a/b".into())), schedule("a/b"));
        assert_eq!(path("/schedule/50%25/sessions", None, Some("50%25".into())), schedule("50%25"));
        assert_eq!(path("/schedule/x/runs", None, Some("x".into())), Path::Other);
        assert_eq!(path("/schedule//sessions", None, Some(String::new())), Path::Other);
    }
}
