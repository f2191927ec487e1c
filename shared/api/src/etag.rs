//! Entity tags: a tag changes whenever something visible in its response changes.
//!
//! A tag is computed from the versions of everything in the response, not from its bytes. It has
//! two parts: the first is known when the heads have been read, the second when the teams have
//! been read. So a 304 is sent before any state is read, and a changed first part needs no teams.

use std::fmt;

use sha2::{Digest, Sha256};

/// The version of the rendering. Change it when the same records render to other bytes.
const RENDERING: &str = concat!("3 ", env!("CARGO_PKG_VERSION"));

/// The length of a digest in bytes: a truncated SHA-256.
const DIGEST: usize = 12;

/// A digest of the sources of a response.
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(Sha256::new()).with(RENDERING)
    }

    /// Adds a part with its length, so that different sequences of parts never hash the same
    /// bytes.
    pub(crate) fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update(part.len().to_be_bytes());
        self.0.update(part);
    }

    pub(crate) fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        self.add(part);
        self
    }

    pub(crate) fn finish(self) -> String {
        self.0.finalize()[..DIGEST].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A weak entity tag: the same for every encoding of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag {
    pub(crate) sessions: String,
    pub(crate) teams: String,
}

impl EntityTag {
    /// The opaque part, without quotes.
    fn opaque(&self) -> String {
        format!("{}-{}", self.sessions, self.teams)
    }
}

/// The value of the `etag` header.
impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"{}\"", self.opaque())
    }
}

/// The value of an `if-none-match` header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum IfNoneMatch {
    /// The header is absent.
    #[default]
    Absent,
    /// `*`: any current response.
    Any,
    /// These tags, without quotes.
    Tags(Vec<String>),
}

impl IfNoneMatch {
    /// Parses the header. Weak and strong tags are equal in this header. Malformed elements match
    /// nothing.
    pub fn new(value: &str) -> Self {
        if value.trim() == "*" {
            return Self::Any;
        }
        // Tags are quoted and contain no quotes, so every second piece is a tag.
        Self::Tags(value.split('"').skip(1).step_by(2).map(str::to_owned).collect())
    }

    /// Whether the tag of a response with this first part may be among them.
    pub(crate) fn may_match(&self, sessions: &str) -> bool {
        match self {
            Self::Absent => false,
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.split('-').next() == Some(sessions)),
        }
    }

    /// Whether the tag is among them.
    pub(crate) fn matches(&self, tag: &EntityTag) -> bool {
        match self {
            Self::Absent => false,
            Self::Any => true,
            Self::Tags(tags) => tags.contains(&tag.opaque()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_every_form_of_the_header() {
        let tag = EntityTag { sessions: "12ab".into(), teams: "34cd".into() };
        for value in
            [tag.to_string(), "\"12ab-34cd\"".into(), format!("\"x\", {tag} ,W/\"y\""), "*".into(), " * ".into()]
        {
            let names = IfNoneMatch::new(&value);
            assert!(names.may_match("12ab") && names.matches(&tag), "{value}");
        }
        for value in ["", "12ab-34cd", "\"12ab-34ce\"", "\"", "\"x, 12ab-34cd\"", "W/*"] {
            assert!(!IfNoneMatch::new(value).matches(&tag), "{value}");
        }
        assert!(!IfNoneMatch::Absent.matches(&tag) && !IfNoneMatch::Absent.may_match("12ab"));
        let partly = IfNoneMatch::new("\"12ab-0000\"");
        assert!(partly.may_match("12ab") && !partly.matches(&tag));
    }

    #[test]
    fn the_boundaries_of_parts_count() {
        let fingerprint = |parts: &[&str]| {
            let mut fingerprint = Fingerprint::new();
            parts.iter().for_each(|part| fingerprint.add(part));
            fingerprint.finish()
        };
        assert_eq!(fingerprint(&["ab", "c"]), fingerprint(&["ab", "c"]));
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_ne!(fingerprint(&["ab"]), fingerprint(&["ab", ""]));
    }
}
