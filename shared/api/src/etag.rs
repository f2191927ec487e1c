//! Entity tags: what changes whenever something visible in an response changes.
//!
//! A tag comes from the versions of what the response is put together from, not from its bytes, and has two parts: the first is
//! known when the heads have been read, the second when the teams have. So a caller who has the response already is told so before
//! any state is read, and one whose response is out of date rarely waits for the teams to be told that.

use std::fmt;

use sha2::{Digest, Sha256};

/// The version of how responses are put together. It has to change when the same records make another response.
const RENDERING: &str = concat!("3 ", env!("CARGO_PKG_VERSION"));

/// The bytes of a digest that are kept.
const DIGEST: usize = 12;

/// A digest of some of what makes an response.
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(Sha256::new()).with(RENDERING)
    }

    /// Adds a text or bytes, with their length, so that no two sequences run together into one.
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

/// A weak entity tag: the same for every encoding of an response.
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

/// As it stands in the `etag` header.
impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"{}\"", self.opaque())
    }
}

/// What an `if-none-match` header names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum IfNoneMatch {
    /// There is none.
    #[default]
    Absent,
    /// `*`: whatever there is.
    Any,
    /// These tags, without quotes.
    Tags(Vec<String>),
}

impl IfNoneMatch {
    /// Reads the value of the header. Whether a tag is weak does not matter here. What is no tag is passed over: it matches nothing.
    pub fn new(value: &str) -> Self {
        if value.trim() == "*" {
            return Self::Any;
        }
        // Tags are quoted, and hold no quotes: what stands between every other pair of quotes.
        Self::Tags(value.split('"').skip(1).step_by(2).map(str::to_owned).collect())
    }

    /// Whether the tag of an response with these sessions may be among them.
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
    fn parts_do_not_run_together() {
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
