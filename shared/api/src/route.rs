//! Finds the list that a request names, by the gateway's route or by the path.
//!
//! The gateway's route decides if the event names one of the lists. The path is less reliable: a
//! custom domain puts its mapping key before it, and an HTTP API ends it at a decoded `?`. A
//! client can choose neither the route nor the path parameters. If the event names another route,
//! such as `$default` or `ANY /{proxy+}`, the path decides.

use percent_encoding::percent_decode_str;

/// The path parameter of the template's route.
const SCHEDULE_ID: &str = "schedule_id";

/// The list that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Path {
    Sessions,
    ScheduleSessions(String),
    /// Neither list: the path without the stage. It may still begin with a base path.
    Other(RawPath),
}

/// The path of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawPath {
    pub(crate) text: String,
    /// Whether the gateway has decoded it.
    pub(crate) is_decoded: bool,
}

/// Finds the list by the gateway's route if it is one of the lists' routes, otherwise by the path.
/// `parameter` returns a path parameter, decoded.
pub(crate) fn resolve(
    route: Option<&str>,
    raw_path: RawPath,
    stage: Option<&str>,
    mut parameter: impl FnMut(&str) -> Option<String>,
) -> Path {
    let by_route = route.and_then(|route| by_route(route, &mut parameter));
    by_route.unwrap_or_else(|| by_path(raw_path, stage, parameter(SCHEDULE_ID)))
}

/// Finds the list by the gateway's route, such as `/schedule/{schedule_id}/sessions`. `None` if
/// the route is not one of the lists', or has no value for its parameter.
fn by_route(route: &str, parameter: impl FnOnce(&str) -> Option<String>) -> Option<Path> {
    if is_sessions(route) {
        return Some(Path::Sessions);
    }
    let name = schedule_segment(route)?.strip_prefix('{')?.strip_suffix('}')?;
    let id = parameter(name).filter(|id| !id.is_empty())?;
    Some(Path::ScheduleSessions(id))
}

/// Finds the list by the path. `schedule_id` is the gateway's path parameter, decoded.
fn by_path(raw: RawPath, stage: Option<&str>, schedule_id: Option<String>) -> Path {
    let text = without_stage(&raw.text, stage);
    if is_sessions(text) {
        return Path::Sessions;
    }
    match (schedule_segment(text), schedule_id) {
        (Some(_), Some(id)) if !id.is_empty() => Path::ScheduleSessions(id),
        (Some(id), None) if !id.is_empty() && !id.contains('/') => {
            Path::ScheduleSessions(if raw.is_decoded { id.to_owned() } else { decode(id) })
        }
        _ => Path::Other(RawPath { text: text.to_owned(), ..raw }),
    }
}

impl Path {
    /// Removes the base path if no list has been found yet and the path begins with it.
    pub(crate) fn below(self, base_path: &str) -> Self {
        match self {
            Self::Other(RawPath { text, is_decoded }) => match text.strip_prefix(base_path) {
                Some(rest) if rest.starts_with('/') => {
                    by_path(RawPath { text: rest.to_owned(), is_decoded }, None, None)
                }
                _ => Self::Other(RawPath { text, is_decoded }),
            },
            found => found,
        }
    }
}

/// Decodes percent-escapes once. Malformed escapes stay, and invalid UTF-8 becomes U+FFFD.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Decodes a name or a value of a query string, in which a `+` is a blank.
pub(crate) fn decode_form(text: &str) -> String {
    decode(&text.replace('+', " "))
}

fn is_sessions(path: &str) -> bool {
    matches!(path, "/sessions" | "/sessions/")
}

/// The part of a path or a route that names the schedule.
fn schedule_segment(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/schedule/")?;
    rest.strip_suffix("/sessions").or_else(|| rest.strip_suffix("/sessions/"))
}

/// The path without the stage. HTTP APIs put the stage before the path, except for `$default`.
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

    fn encoded(text: &str) -> RawPath {
        RawPath { text: text.to_owned(), is_decoded: false }
    }

    fn path(text: &str, stage: Option<&str>, parameter: Option<&str>) -> Path {
        by_path(encoded(text), stage, parameter.map(str::to_owned))
    }

    #[test]
    fn both_routes_take_both_spellings_of_the_slash() {
        for raw in ["/sessions", "/sessions/"] {
            assert_eq!(path(raw, None, None), Path::Sessions);
            assert_eq!(by_route(raw, |_| None), Some(Path::Sessions));
        }
        for raw in ["/schedule/s%201/sessions", "/schedule/s%201/sessions/"] {
            assert_eq!(path(raw, None, None), schedule("s 1"));
        }
        for raw in ["", "/", "/session", "/sessions//", "/schedule//sessions", "/schedule/a/b/sessions", "/x/sessions"]
        {
            assert_eq!(path(raw, None, None), Path::Other(encoded(raw)), "{raw}");
            assert_eq!(by_route(raw, |_| Some("id".into())), None, "{raw}");
        }
    }

    #[test]
    fn a_stage_before_the_path_is_not_part_of_it() {
        assert_eq!(path("/prod/sessions/", Some("prod"), None), Path::Sessions);
        assert_eq!(path("/sessions/", Some("prod"), None), Path::Sessions);
        assert_eq!(path("/sessions/", Some("sess"), None), Path::Sessions);
        let raw = "/$default/sessions/";
        assert_eq!(path(raw, Some("$default"), None), Path::Other(encoded(raw)));
    }

    #[test]
    fn a_base_path_is_removed_once_and_whole() {
        for raw in ["/v1/sessions/", "/prod/v1/sessions", "/sessions"] {
            assert_eq!(path(raw, Some("prod"), None).below("/v1"), Path::Sessions, "{raw}");
        }
        assert_eq!(path("/v1/schedule/a%2Fb/sessions", None, None).below("/v1"), schedule("a/b"));
        for raw in ["/v1sessions/", "/v2/sessions/", "/v1/v1/sessions/", "/v1//sessions/", "v1/sessions/", "/v1"] {
            assert!(matches!(path(raw, None, None).below("/v1"), Path::Other(_)), "{raw}");
        }
    }

    #[test]
    fn an_id_that_the_gateway_has_found_is_taken_as_it_is() {
        assert_eq!(path("/schedule/a/b/sessions", None, Some("a/b")), schedule("a/b"));
        assert_eq!(path("/schedule/50%25/sessions", None, Some("50%25")), schedule("50%25"));
        for (raw, id) in [("/schedule/x/runs", "x"), ("/schedule//sessions", "")] {
            assert_eq!(path(raw, None, Some(id)), Path::Other(encoded(raw)));
        }
    }

    #[test]
    fn a_path_that_the_gateway_has_decoded_is_not_decoded_again() {
        let raw = RawPath { text: "/schedule/50%25/sessions".to_owned(), is_decoded: true };
        assert_eq!(by_path(raw, None, None), schedule("50%25"));
    }

    #[test]
    fn a_route_takes_the_parameter_that_it_names() {
        for route in ["/schedule/{schedule_id}/sessions", "/schedule/{schedule_id}/sessions/"] {
            assert_eq!(by_route(route, |name| Some(name.to_owned())), Some(schedule("schedule_id")));
            assert_eq!(by_route(route, |_| None), None);
            assert_eq!(by_route(route, |_| Some(String::new())), None);
        }
        let route = "/schedule/{id}/sessions";
        assert_eq!(by_route(route, |name| (name == "id").then(|| "a/b?c".to_owned())), Some(schedule("a/b?c")));
        for route in ["/schedule/s/sessions", "/{proxy+}", "$default", "/schedule/{id}", "/schedules/{id}/sessions"] {
            assert_eq!(by_route(route, |_| Some("id".to_owned())), None, "{route}");
        }
    }
}
