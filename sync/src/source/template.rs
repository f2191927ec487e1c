//! Templates of key names with placeholders for ids.

use std::str::FromStr;

/// The template of a key with an owner and an id, such as
/// `agentscope:user:{user_id}:agent:{agent_id}`.
///
/// Both may be any text, including the separators. So a key can match several pairs, and only the
/// record under it says which one it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTemplate {
    pub(super) prefix: String,
    between: String,
    suffix: String,
    is_owner_first: bool,
}

/// The template of a key with an id, such as `agentscope:session:lock:{sid}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockTemplate {
    prefix: String,
    suffix: String,
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(&'static str);

impl FromStr for KeyTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let [prefix, first, between, second, suffix] = parts::<5>(text)?;
        let is_owner_first = first == "user_id";
        if is_owner_first == (second == "user_id") {
            return Err(TemplateError("expected {user_id} and one other name in braces"));
        }
        if prefix.is_empty() || between.is_empty() {
            return Err(TemplateError("expected text before the first and between both names in braces"));
        }
        Ok(Self { prefix: prefix.into(), between: between.into(), suffix: suffix.into(), is_owner_first })
    }
}

impl FromStr for LockTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let [prefix, _, suffix] = parts::<3>(text)?;
        if prefix.is_empty() {
            return Err(TemplateError("expected text before the name in braces"));
        }
        Ok(Self { prefix: prefix.into(), suffix: suffix.into() })
    }
}

/// Splits a template into alternating texts and names in braces.
fn parts<const N: usize>(text: &str) -> Result<[&str; N], TemplateError> {
    const SHAPE: TemplateError = TemplateError("expected as many names in braces as the default has");
    let mut parts = Vec::with_capacity(N);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or(SHAPE)?;
        parts.extend([before, name]);
        rest = after;
    }
    parts.push(rest);
    let parts: [&str; N] = parts.try_into().map_err(|_| SHAPE)?;
    if parts.iter().any(|part| part.contains(['{', '}'])) { Err(SHAPE) } else { Ok(parts) }
}

impl KeyTemplate {
    /// The key of a record.
    pub fn key(&self, user_id: &str, id: &str) -> String {
        let (first, second) = if self.is_owner_first { (user_id, id) } else { (id, user_id) };
        let Self { prefix, between, suffix, .. } = self;
        format!("{prefix}{first}{between}{second}{suffix}")
    }

    /// The pairs of owner and id that a key matches.
    pub fn pairs<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let inner = key.strip_prefix(self.prefix.as_str()).and_then(|rest| rest.strip_suffix(self.suffix.as_str()));
        let inner = inner.unwrap_or_default();
        let separators = inner.char_indices().filter(|(at, _)| inner[*at..].starts_with(self.between.as_str()));
        separators.filter_map(|(at, _)| {
            let (first, second) = (&inner[..at], &inner[at + self.between.len()..]);
            let (user_id, id) = if self.is_owner_first { (first, second) } else { (second, first) };
            (!user_id.is_empty() && !id.is_empty()).then_some((user_id, id))
        })
    }

    pub(super) fn matches(&self, key: &str) -> bool {
        self.pairs(key).next().is_some()
    }

    /// Whether every key that matches the other template matches this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.suffix.is_empty() && self.prefix == other.prefix && self.between == other.between
    }

    pub(super) fn pattern(&self) -> String {
        format!("{}*{}*{}", glob(&self.prefix), glob(&self.between), glob(&self.suffix))
    }
}

impl LockTemplate {
    /// The key of a session's lock.
    pub fn key(&self, session_id: &str) -> String {
        format!("{}{session_id}{}", self.prefix, self.suffix)
    }

    /// The session id in the key of a lock.
    pub fn session<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(self.prefix.as_str())?.strip_suffix(self.suffix.as_str())
    }

    pub(super) fn pattern(&self) -> String {
        format!("{}*{}", glob(&self.prefix), glob(&self.suffix))
    }
}

/// Escapes a text, so that as a pattern it matches only itself.
pub(super) fn glob(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\' | '^') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> KeyTemplate {
        text.parse().unwrap()
    }

    #[test]
    fn a_template_has_an_owner_and_an_id() {
        assert_eq!(template("t:{team_id}/{user_id}").key("u", "t"), "t:t/u");
        assert_eq!(template("t:{team_id}/{user_id}").pairs("t:t/u").collect::<Vec<_>>(), [("u", "t")]);
        for wrong in [
            "",
            "t",
            "{user_id}:{id}",
            "t:{user_id}{id}",
            "t:{a}:{b}",
            "t:{user_id}:{user_id}",
            "t:{user_id",
            "t:{a}:{user_id}:{b}",
            "t:}{a}:{user_id}",
        ] {
            assert!(wrong.parse::<KeyTemplate>().is_err(), "{wrong}");
        }
        assert!("x".parse::<LockTemplate>().is_err() && "{sid}".parse::<LockTemplate>().is_err());
    }
}
