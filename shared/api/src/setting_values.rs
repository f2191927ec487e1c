//! Valid values of settings that several functions have.

/// The namespace of the metrics in CloudWatch, unless `METRICS_NAMESPACE` names another.
pub const DEFAULT_NAMESPACE: &str = "AgentScopeSessions";

/// What [`is_claim_name`] expects, for error messages.
pub const CLAIM: &str = "the name of a claim, as `sub`, without blanks around it";

/// What [`is_namespace`] expects, for error messages.
pub const NAMESPACE: &str = "a namespace of CloudWatch metrics (up to 255 of a-z, A-Z, 0-9, `.`, `-`, `_`, `/`, `#`, \
                             `:` and blanks between them, not beginning with `AWS/` or `:`)";

/// Whether this is a plausible name of a claim. JWT allows any string, but blanks around it are a
/// mistake.
pub fn is_claim_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.contains(char::is_control)
}

/// Whether CloudWatch accepts this as a custom namespace.
pub fn is_namespace(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#: ".contains(&byte);
    (1..=255).contains(&name.len())
        && name.trim() == name
        && name.bytes().all(is_part)
        && !name.starts_with("AWS/")
        && !name.starts_with(':')
}
