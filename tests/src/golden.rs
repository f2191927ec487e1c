//! The golden cases: the responses of the reference service over the data set beside them.

use std::io::Read;

use agentscope_model::Release;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::events::HttpRequest;

/// A request and the response of the reference.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// What the case is about.
    pub group: String,
    request: CaseRequest,
    /// The status.
    pub status: u16,
    body: Box<RawValue>,
    unordered: Option<Vec<Vec<usize>>>,
    ambiguous_members: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
struct CaseRequest {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
}

/// The data set, as an export.
pub fn world() -> String {
    unzipped(include_bytes!("../contract/world.json.gz"))
}

/// The cases, but for those with parameters that the reference passes over and this service knows.
pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = serde_json::from_str(&unzipped(include_bytes!("../contract/golden.json.gz"))).unwrap();
    cases.retain(|case| !case.has_new_parameter());
    cases
}

/// A data set of a release, as an export, and the cases over it. Its folder is
/// `tests/contract/releases`.
///
/// # Panics
///
/// There are none.
pub fn of_release(release: Release, world: &str) -> (String, Vec<Case>) {
    let read = |name: String| {
        let path = format!("{}/contract/releases/{name}.json.gz", env!("CARGO_MANIFEST_DIR"));
        unzipped(&std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
    };
    let data = if world.starts_with("legacy") { format!("world-{world}") } else { format!("world-{release}-{world}") };
    let mut cases: Vec<Case> = serde_json::from_str(&read(format!("golden-{release}-{world}"))).unwrap();
    cases.retain(|case| !case.has_new_parameter());
    (read(data), cases)
}

fn unzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

impl Case {
    /// The request.
    pub fn request(&self) -> HttpRequest {
        let CaseRequest { method, path, query, headers } = self.request.clone();
        HttpRequest { method, path, query, headers }
    }

    /// The expected body.
    pub fn expected(&self) -> &str {
        self.body.get()
    }

    fn has_new_parameter(&self) -> bool {
        form_urlencoded::parse(self.request.query.as_bytes())
            .any(|(name, _)| matches!(&*name, "limit" | "cursor" | "count" | "view"))
    }

    /// # Panics
    ///
    /// The response is not the reference's.
    pub fn check(&self, status: u16, body: &str) {
        let difference = if status == self.status {
            self.difference(body)
        } else {
            Some(format!("status {status}, expected {}: {}", self.status, head(body)))
        };
        if let Some(difference) = difference {
            panic!("{} {:?}: {difference}", self.group, self.request);
        }
    }

    /// Byte for byte, but for the order of sessions that were created at once, and for which of a
    /// member's sessions is the newest of several.
    fn difference(&self, body: &str) -> Option<String> {
        if self.request.method == "HEAD" {
            return (!body.is_empty()).then(|| "the response to HEAD has a body".to_owned());
        }
        let expected = self.body.get();
        // The files were written by Python, which spells some floats in another way than the
        // service does (`1e-08`, `1e-8`).
        let (mut body, mut expected) = (with_floats_alike(body), with_floats_alike(expected));
        if let Some(members) = &self.ambiguous_members {
            body = without_sessions_of(members, &body);
            expected = without_sessions_of(members, &expected);
        }
        let body = with_volatile_of(&expected, body);
        if body == expected {
            return None;
        }
        // A case without groups of equal times has its order told byte for byte.
        let groups = self.unordered.as_deref().unwrap_or_default();
        if groups.is_empty() {
            return Some(first_difference(&body, &expected));
        }
        let (body, expected) = (sessions(&body), sessions(&expected));
        if body.len() != expected.len() {
            return Some(format!("{} sessions, expected {}", body.len(), expected.len()));
        }
        for index in 0..expected.len() {
            let group: Vec<usize> =
                groups.iter().find(|group| group.contains(&index)).cloned().unwrap_or_else(|| vec![index]);
            let matches = |other: &usize| with_volatile_of(&expected[*other], body[index].clone()) == expected[*other];
            if !group.iter().any(matches) {
                return Some(format!("session {index}: {}", first_difference(&body[index], &expected[index])));
            }
        }
        let mut distinct = body.clone();
        distinct.sort();
        distinct.dedup();
        (distinct.len() != body.len()).then(|| "a session is listed twice".to_owned())
    }
}

/// JSON in which equal floats are spelled alike. Integers stay as they are, and so does the sign
/// of zero.
fn with_floats_alike(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut rest, mut is_text) = (json, false);
    while let Some(first) = rest.chars().next() {
        let number = if is_text {
            0
        } else {
            rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(if number > 0 { number } else { first.len_utf8() });
        match token.parse::<f64>() {
            Ok(float) if number > 0 && token.contains(['.', 'e', 'E']) => out += &format!("{float:?}"),
            _ => out += token,
        }
        rest = after;
        if is_text && first == '\\' {
            let escaped = rest.chars().next().map_or(0, char::len_utf8);
            out += &rest[..escaped];
            rest = &rest[escaped..];
        } else if first == '"' {
            is_text = !is_text;
        }
    }
    out
}

/// What stands in an expected body for a time that the reference invents anew with every response.
const VOLATILE: &str = "\"VOLATILE\"";

/// The body with the invented times of the expected one, each where that has it. Anything but a
/// string in such a place stays.
fn with_volatile_of(expected: &str, body: String) -> String {
    if !expected.contains(VOLATILE) {
        return body;
    }
    let mut same = String::with_capacity(body.len());
    let mut rest = body.as_str();
    let mut pieces = expected.split(VOLATILE).peekable();
    while let Some(piece) = pieces.next() {
        let Some(after) = rest.strip_prefix(piece) else { return body };
        same.push_str(piece);
        rest = after;
        if pieces.peek().is_some() {
            let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            let Some(Ok(_)) = strings.next() else { return body };
            rest = &rest[strings.byte_offset()..];
            same.push_str(VOLATILE);
        }
    }
    same + rest
}

fn sessions(body: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct List {
        sessions: Vec<Box<RawValue>>,
    }
    let list: List = serde_json::from_str(body).unwrap();
    list.sessions.iter().map(|session| session.get().to_owned()).collect()
}

/// The body with the `session_id` of these members blanked out.
fn without_sessions_of(members: &[String], body: &str) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap();
    for session in body["sessions"].as_array_mut().unwrap() {
        let Some(team) = session["team"].as_object_mut() else { continue };
        let is_ambiguous = |id: &Value| members.iter().any(|member| id == member.as_str());
        for member in team["members"].as_array_mut().unwrap() {
            if is_ambiguous(&member["agent"]["id"]) {
                assert!(member["session_id"].is_string());
                member["session_id"] = Value::Null;
            }
        }
        for entry in team["team"]["data"]["members"].as_array_mut().into_iter().flatten() {
            if is_ambiguous(&entry["agent_id"]) {
                assert!(entry["session_id"].is_string());
                entry["session_id"] = Value::Null;
            }
        }
    }
    body.to_string()
}

/// Both texts from shortly before the place where they begin to differ.
fn first_difference(body: &str, expected: &str) -> String {
    let same = body.bytes().zip(expected.bytes()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| {
        String::from_utf8_lossy(&text.as_bytes()[same.saturating_sub(150)..]).chars().take(300).collect::<String>()
    };
    format!("…{}, expected …{}", around(body), around(expected))
}

fn head(text: &str) -> String {
    text.chars().take(300).collect()
}
