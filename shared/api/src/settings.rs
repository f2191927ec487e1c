//! The settings of a function, from environment variables.

use std::fmt;

use agentscope_model::Release;
use agentscope_model::release::UnknownRelease;
use agentscope_store::TableNames;
use lambda_http::http::HeaderName;

use crate::cors::{AllowedOrigins, is_origin};
use crate::delivery::{DeliverySettings, ResponseMode};
use crate::identity::{EventSource, Identity, IdentitySource};
use crate::limits::{MAX_READ_BYTES, STREAM_LIMIT};
use crate::payload_format::EventKind;
use crate::request::USER_ID_HEADER;
use crate::setting_values::{CLAIM, DEFAULT_NAMESPACE, NAMESPACE, is_claim_name, is_namespace};

/// The settings of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `SESSIONS_TABLE`, `AGENTS_TABLE`, `TEAMS_TABLE`, `SCHEDULES_TABLE`.
    pub tables: TableNames,
    /// `IDENTITY_SOURCE`: `header` with `IDENTITY_HEADER`, by default `x-user-id`; or `jwt` with
    /// `IDENTITY_CLAIM`, by default `sub`. The header is ignored with `jwt`, and the claim with
    /// `header`. `EVENT_SOURCE` names the events that may name a caller, by default `any`.
    /// `REST_AUTHORIZER` is the authorizer of a REST API whose result counts with `jwt`: `cognito`,
    /// the default, or `function` for the product's authorizer function. That one has checked the
    /// claim itself.
    pub identity: Identity,
    /// `AGENTSCOPE_RELEASE`: the release of AgentScope whose responses the function returns, by
    /// default 2.0.1.
    pub release: Release,
    /// `METRICS_NAMESPACE`: the namespace of the metrics in CloudWatch, by default
    /// `AgentScopeSessions`.
    pub metrics_namespace: String,
    /// `BASE_PATH`: the path before the routes, such as `/chat`; by default none.
    pub base_path: Option<String>,
    /// `RESPONSE_MODE`: `buffered`, the default, or `streaming`. `MAX_LIST_BYTES`: the maximum
    /// number of bytes of JSON in a list, by default 64 MiB. `ALLOWED_ORIGINS`: the origins of web
    /// pages that may read responses, separated by commas; by default none.
    pub delivery: DeliverySettings,
}

/// A missing or invalid setting.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A required variable is missing or empty.
    #[error("the environment variable {0} is missing: set it to {1}")]
    Missing(&'static str, &'static str),
    /// A variable has an invalid value.
    #[error("the environment variable {0} is {1:?}, expected {2}")]
    Invalid(&'static str, String, &'static str),
    /// The variable names an unknown release.
    #[error("the environment variable AGENTSCOPE_RELEASE names an {0}")]
    Release(#[from] UnknownRelease),
}

/// The same text as `Display`: a `main` that returns the error prints this form.
impl fmt::Debug for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Settings {
    /// Reads the settings from the process's environment.
    ///
    /// # Errors
    ///
    /// A variable is missing or invalid. The error names it.
    pub fn from_env() -> Result<Self, SettingError> {
        Self::from_variables(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let setting = |name, expected| {
            variable(name).filter(|value| !value.is_empty()).ok_or(SettingError::Missing(name, expected))
        };
        let table = |name| {
            let value = setting(name, "the name of a DynamoDB table")?;
            if is_table_name(&value) { Ok(value) } else { Err(SettingError::Invalid(name, value, TABLE_NAME)) }
        };
        // An empty value is a mistake that the default would hide, so it is validated too.
        let optional = |name, is_good: fn(&str) -> bool, expected| match variable(name) {
            Some(value) if !is_good(&value) => Err(SettingError::Invalid(name, value, expected)),
            value => Ok(value),
        };
        let tables = TableNames {
            sessions: table("SESSIONS_TABLE")?,
            agents: table("AGENTS_TABLE")?,
            teams: table("TEAMS_TABLE")?,
            schedules: table("SCHEDULES_TABLE")?,
        };
        // The names are leaked once, because the process needs them until it ends.
        let mut header = USER_ID_HEADER;
        let source = match setting("IDENTITY_SOURCE", SOURCE)?.as_str() {
            "header" => {
                if let Some(name) = optional("IDENTITY_HEADER", is_header_name, HEADER)? {
                    header = name.to_ascii_lowercase().leak();
                }
                IdentitySource::Header
            }
            "jwt" => match optional("IDENTITY_CLAIM", is_claim_name, CLAIM)? {
                Some(claim) => IdentitySource::Jwt { claim: claim.leak() },
                None => IdentitySource::SUBJECT,
            },
            other => return Err(SettingError::Invalid("IDENTITY_SOURCE", other.to_owned(), SOURCE)),
        };
        let events = match variable("EVENT_SOURCE").as_deref() {
            None | Some("any") => EventSource::Any,
            Some("http-api") => EventSource::Only(EventKind::HttpApi),
            Some("rest-api") => EventSource::Only(EventKind::RestApi),
            Some("function-url") => EventSource::Only(EventKind::FunctionUrl),
            Some("alb") => EventSource::Only(EventKind::LoadBalancer),
            Some(other) => return Err(SettingError::Invalid("EVENT_SOURCE", other.to_owned(), EVENTS)),
        };
        let source = match (source, variable("REST_AUTHORIZER").as_deref()) {
            (IdentitySource::Header, _) => source,
            (_, None | Some("cognito")) => source,
            // Elsewhere its result would never be there, and nothing else may count.
            (_, Some("function")) if events == EventSource::Only(EventKind::RestApi) => IdentitySource::Authorizer,
            (_, Some(other)) => return Err(SettingError::Invalid("REST_AUTHORIZER", other.to_owned(), AUTHORIZER)),
        };
        let identity = Identity { source, header, events };
        let release = variable("AGENTSCOPE_RELEASE").map_or(Ok(Release::OLDEST), |value| value.parse())?;
        let metrics_namespace = optional("METRICS_NAMESPACE", is_namespace, NAMESPACE)?;
        let metrics_namespace = metrics_namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
        let base_path = optional("BASE_PATH", is_base_path, BASE_PATH)?;
        let mode = match variable("RESPONSE_MODE").as_deref() {
            None | Some("buffered") => ResponseMode::Buffered,
            Some("streaming") => ResponseMode::Streaming,
            Some(other) => return Err(SettingError::Invalid("RESPONSE_MODE", other.to_owned(), MODE)),
        };
        let max_list_bytes = optional("MAX_LIST_BYTES", is_list_size, LIST_SIZE)?;
        let max_list_bytes = max_list_bytes.and_then(|bytes| bytes.parse().ok()).unwrap_or(MAX_READ_BYTES);
        let allowed_origins = optional("ALLOWED_ORIGINS", is_list_of_origins, ORIGINS)?
            .map_or_else(AllowedOrigins::default, |origins| {
                AllowedOrigins::new(origins.leak().split(',').collect::<Vec<_>>().leak())
            });
        let delivery = DeliverySettings { mode, max_list_bytes, allowed_origins };
        Ok(Self { tables, identity, release, metrics_namespace, base_path, delivery })
    }
}

const SOURCE: &str = "`header` or `jwt`";

const HEADER: &str = "the name of a header, as `x-user-id`";

const EVENTS: &str = "`any`, `http-api`, `rest-api`, `function-url` or `alb`";

const AUTHORIZER: &str = "`cognito`, or `function` with the EVENT_SOURCE `rest-api`";

const MODE: &str = "`buffered` or `streaming`";

const LIST_SIZE: &str = "a number of bytes from 1000000 to 200000000";

const ORIGINS: &str = "origins as `https://chat.example.com`, separated by commas, or `*`";

const TABLE_NAME: &str = "a table name (3 to 255 of a-z, A-Z, 0-9, `_`, `-` and `.`) or a table ARN";

const BASE_PATH: &str = "a path as `/chat` or `/team/v1`, with a slash before each part and none at the end";

/// Whether this is a valid base path. The characters are those of a custom domain's mapping keys.
fn is_base_path(path: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"$-_.+!*'()~".contains(&byte);
    let is_parts = |path: &str| path.split('/').all(|part| !part.is_empty() && part.bytes().all(is_part));
    path.strip_prefix('/').is_some_and(is_parts)
}

/// Whether DynamoDB accepts this as a table's name or ARN.
fn is_table_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match name.strip_prefix("arn:") {
        Some(arn) => arn.contains(":table/") && name.len() <= 1024,
        None => (3..=255).contains(&name.len()) && name.bytes().all(is_part),
    }
}

/// Whether this is a size that a list may have.
fn is_list_size(bytes: &str) -> bool {
    bytes.parse().is_ok_and(|bytes: usize| (1_000_000..=STREAM_LIMIT).contains(&bytes))
}

/// Whether these are origins, separated by commas.
fn is_list_of_origins(origins: &str) -> bool {
    origins.split(',').all(is_origin)
}

/// Whether HTTP accepts this as the name of a header.
fn is_header_name(name: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["SESSIONS_TABLE", "AGENTS_TABLE", "TEAMS_TABLE", "SCHEDULES_TABLE", "IDENTITY_SOURCE"];

    fn settings(changes: &[(&str, Option<&str>)]) -> Result<Settings, SettingError> {
        Settings::from_variables(|name| match changes.iter().find(|(change, _)| *change == name) {
            Some((_, value)) => value.map(str::to_owned),
            None if name == "IDENTITY_SOURCE" => Some("jwt".to_owned()),
            None => NAMES.contains(&name).then(|| name.to_lowercase()),
        })
    }

    fn is_invalid(changes: &[(&str, Option<&str>)], name: &str) {
        let error = settings(changes).unwrap_err();
        assert!(matches!(error, SettingError::Invalid(invalid, _, _) if invalid == name), "{changes:?}: {error}");
    }

    #[test]
    fn every_table_and_the_source_of_identity_are_required_and_named() {
        for name in NAMES {
            for value in [None, Some("")] {
                let error = settings(&[(name, value)]).unwrap_err();
                assert!(matches!(error, SettingError::Missing(missing, _) if missing == name), "{error}");
            }
            is_invalid(&[(name, Some("no name"))], name);
        }
    }

    #[test]
    fn the_caller_is_the_subject_unless_another_claim_is_named() {
        assert_eq!(settings(&[]).unwrap().identity, IdentitySource::SUBJECT.into());
        for claim in ["email", "cognito:username", "https://example.com/user id", "Sub"] {
            let identity = settings(&[("IDENTITY_CLAIM", Some(claim))]).unwrap().identity;
            assert_eq!(identity, IdentitySource::Jwt { claim }.into());
        }
        for claim in ["", " ", " sub", "sub\n", "s\0b"] {
            is_invalid(&[("IDENTITY_CLAIM", Some(claim))], "IDENTITY_CLAIM");
        }
    }

    #[test]
    fn the_claim_is_ignored_if_a_proxy_sets_the_header() {
        for claim in [None, Some(""), Some("email")] {
            let settings = settings(&[("IDENTITY_SOURCE", Some("header")), ("IDENTITY_CLAIM", claim)]).unwrap();
            assert_eq!(settings.identity, IdentitySource::Header.into());
        }
    }

    #[test]
    fn a_header_of_another_name_names_the_caller_if_it_is_set() {
        for (name, header) in [("x-amzn-oidc-identity", "x-amzn-oidc-identity"), ("X-Auth-User", "x-auth-user")] {
            let settings = settings(&[("IDENTITY_SOURCE", Some("header")), ("IDENTITY_HEADER", Some(name))]).unwrap();
            assert_eq!(settings.identity, Identity { header, ..IdentitySource::Header.into() });
        }
        for name in ["", " ", "x user", "x-user-id:", "x-üser", "x\n"] {
            is_invalid(&[("IDENTITY_SOURCE", Some("header")), ("IDENTITY_HEADER", Some(name))], "IDENTITY_HEADER");
            let jwt = settings(&[("IDENTITY_HEADER", Some(name))]).unwrap();
            assert_eq!(jwt.identity, IdentitySource::SUBJECT.into());
        }
    }

    #[test]
    fn events_of_any_kind_name_callers_unless_one_kind_is_set() {
        for (value, events) in [
            (None, EventSource::Any),
            (Some("any"), EventSource::Any),
            (Some("http-api"), EventSource::Only(EventKind::HttpApi)),
            (Some("rest-api"), EventSource::Only(EventKind::RestApi)),
            (Some("function-url"), EventSource::Only(EventKind::FunctionUrl)),
            (Some("alb"), EventSource::Only(EventKind::LoadBalancer)),
        ] {
            assert_eq!(settings(&[("EVENT_SOURCE", value)]).unwrap().identity.events, events);
        }
        for value in ["", "ALB", "alb ", "api-gateway", "alb,http-api"] {
            is_invalid(&[("EVENT_SOURCE", Some(value))], "EVENT_SOURCE");
        }
    }

    #[test]
    fn the_authorizer_of_a_rest_api_is_cognito_unless_it_is_the_function() {
        let with = |name, events, authorizer| {
            let changes = [("IDENTITY_SOURCE", Some(name)), ("EVENT_SOURCE", events), ("REST_AUTHORIZER", authorizer)];
            settings(&changes).map(|settings| settings.identity.source)
        };
        let rest = Some("rest-api");
        assert_eq!(with("jwt", rest, Some("function")), Ok(IdentitySource::Authorizer));
        for (events, authorizer) in [(rest, None), (rest, Some("cognito")), (None, Some("cognito"))] {
            assert_eq!(with("jwt", events, authorizer), Ok(IdentitySource::SUBJECT));
        }
        assert_eq!(with("header", rest, Some("function")), Ok(IdentitySource::Header));
        for (events, authorizer) in [
            (rest, ""),
            (rest, "lambda"),
            (None, "function"),
            (Some("any"), "function"),
            (Some("http-api"), "function"),
        ] {
            let error = with("jwt", events, Some(authorizer)).unwrap_err();
            assert!(matches!(error, SettingError::Invalid("REST_AUTHORIZER", ..)), "{events:?} {authorizer}: {error}");
        }
    }

    #[test]
    fn a_release_is_2_0_1_unless_another_known_one_is_set() {
        assert_eq!(settings(&[]).unwrap().release, Release::V2_0_1);
        for release in Release::ALL {
            let settings = settings(&[("AGENTSCOPE_RELEASE", Some(release.as_str()))]).unwrap();
            assert_eq!(settings.release, *release);
        }
        for unknown in ["", "2.0.0", "2.0.12", "latest", " 2.0.1"] {
            let error = settings(&[("AGENTSCOPE_RELEASE", Some(unknown))]).unwrap_err().to_string();
            assert!(error.contains("AGENTSCOPE_RELEASE") && error.contains("2.0.4.post1, 2.0.5"), "{error}");
        }
    }

    #[test]
    fn responses_are_buffered_and_lists_have_64_mib_unless_set() {
        let default = DeliverySettings::default();
        assert_eq!((default.mode, default.max_list_bytes), (ResponseMode::Buffered, 67_108_864));
        assert_eq!(settings(&[]).unwrap().delivery, default);
        assert_eq!(settings(&[("RESPONSE_MODE", Some("buffered"))]).unwrap().delivery, default);
        let set = settings(&[("RESPONSE_MODE", Some("streaming")), ("MAX_LIST_BYTES", Some("200000000"))]).unwrap();
        assert_eq!((set.delivery.mode, set.delivery.max_list_bytes), (ResponseMode::Streaming, 200_000_000));
        for mode in ["", "stream", "Streaming", " buffered"] {
            is_invalid(&[("RESPONSE_MODE", Some(mode))], "RESPONSE_MODE");
        }
        for bytes in ["", "0", "-1", "999999", "200000001", "64MB", "1e7", " 2000000", "99999999999999999999999"] {
            is_invalid(&[("MAX_LIST_BYTES", Some(bytes))], "MAX_LIST_BYTES");
        }
    }

    #[test]
    fn no_page_may_read_responses_unless_its_origin_is_set() {
        assert_eq!(settings(&[]).unwrap().delivery.allowed_origins, AllowedOrigins::default());
        for (value, origins) in [
            ("https://a.example.com", AllowedOrigins::new(&["https://a.example.com"])),
            ("http://localhost:5173,https://b", AllowedOrigins::new(&["http://localhost:5173", "https://b"])),
            ("*", AllowedOrigins::new(&["*"])),
        ] {
            assert_eq!(settings(&[("ALLOWED_ORIGINS", Some(value))]).unwrap().delivery.allowed_origins, origins);
        }
        for value in ["", ",", "a.example.com", "https://", "https://a/", "https://a, https://b", "https://a\n", "null"]
        {
            is_invalid(&[("ALLOWED_ORIGINS", Some(value))], "ALLOWED_ORIGINS");
        }
    }

    #[test]
    fn metrics_have_a_namespace_that_cloudwatch_accepts() {
        assert_eq!(settings(&[]).unwrap().metrics_namespace, "AgentScopeSessions");
        let longest = "n".repeat(255);
        for name in ["a", "My App/Chat #1:prod", "AWSome", &longest] {
            assert_eq!(settings(&[("METRICS_NAMESPACE", Some(name))]).unwrap().metrics_namespace, name);
        }
        for name in ["", " ", "a ", "AWS/Lambda", ":a", "ä", "a\"b", "a\nb", &"n".repeat(256)] {
            is_invalid(&[("METRICS_NAMESPACE", Some(name))], "METRICS_NAMESPACE");
        }
    }

    #[test]
    fn a_base_path_is_a_path() {
        assert_eq!(settings(&[]).unwrap().base_path, None);
        for path in ["/chat", "/v1", "/team/v1.2", "/a-b_c~d"] {
            assert_eq!(settings(&[("BASE_PATH", Some(path))]).unwrap().base_path.as_deref(), Some(path));
        }
        for path in ["", "/", "chat", "/chat/", "//chat", "/a//b", "/a b", "/a?b", "/a%20b", "/ä", "https://x/y"] {
            is_invalid(&[("BASE_PATH", Some(path))], "BASE_PATH");
        }
    }
}
