//! The configuration by environment.

use std::fmt;

use super::IdentitySource;
use crate::store::TableNames;

/// The settings of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `SESSIONS_TABLE`, `AGENTS_TABLE`, `TEAMS_TABLE`, `SCHEDULES_TABLE`.
    pub tables: TableNames,
    /// `IDENTITY_SOURCE`: `header` or `jwt`.
    pub identity: IdentitySource,
}

/// A setting that is missing or wrong.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is missing, or empty.
    #[error("the environment variable {0} is missing: set it to {1}")]
    Missing(&'static str, &'static str),
    /// It has a value that it cannot have.
    #[error("the environment variable {0} is {1:?}, expected {2}")]
    Wrong(&'static str, String, &'static str),
}

/// As it is displayed: a `main` that returns it prints this form.
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
    /// One is missing or wrong; the error names it.
    pub fn from_env() -> Result<Self, SettingError> {
        Self::from_variables(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let setting = |name, expected| {
            variable(name).filter(|value| !value.is_empty()).ok_or(SettingError::Missing(name, expected))
        };
        let table = |name| {
            let value = setting(name, "the name of a DynamoDB table")?;
            if is_table_name(&value) { Ok(value) } else { Err(SettingError::Wrong(name, value, TABLE_NAME)) }
        };
        let identity = setting("IDENTITY_SOURCE", "`header` or `jwt`")?;
        Ok(Self {
            tables: TableNames {
                sessions: table("SESSIONS_TABLE")?,
                agents: table("AGENTS_TABLE")?,
                teams: table("TEAMS_TABLE")?,
                schedules: table("SCHEDULES_TABLE")?,
            },
            identity: identity
                .parse()
                .map_err(|_| SettingError::Wrong("IDENTITY_SOURCE", identity, "`header` or `jwt`"))?,
        })
    }
}

const TABLE_NAME: &str = "a table name (3 to 255 of a-z, A-Z, 0-9, `_`, `-` and `.`) or a table ARN";

/// Whether DynamoDB takes this for a table's name. It takes an ARN, too.
fn is_table_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match name.strip_prefix("arn:") {
        Some(arn) => arn.contains(":table/") && name.len() <= 1024,
        None => (3..=255).contains(&name.len()) && name.bytes().all(is_part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["SESSIONS_TABLE", "AGENTS_TABLE", "TEAMS_TABLE", "SCHEDULES_TABLE", "IDENTITY_SOURCE"];

    fn settings(change: &str, value: Option<&str>) -> Result<Settings, SettingError> {
        Settings::from_variables(|name| {
            if name == change {
                return value.map(str::to_owned);
            }
            Some(if name == "IDENTITY_SOURCE" { "jwt".to_owned() } else { name.to_lowercase() })
        })
    }

    #[test]
    fn every_setting_is_required_and_named() {
        assert_eq!(settings("", None).unwrap().identity, IdentitySource::Jwt);
        for name in NAMES {
            for value in [None, Some("")] {
                assert!(matches!(settings(name, value), Err(SettingError::Missing(missing, _)) if missing == name));
            }
            assert!(matches!(settings(name, Some("no name")), Err(SettingError::Wrong(wrong, _, _)) if wrong == name));
        }
    }
}
