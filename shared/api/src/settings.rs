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
            (_, Some("function")) if events == EventSource::Only(EventKind::RestApi) => {
                IdentitySource::AuthorizerFunction
            }
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
mod tests;
