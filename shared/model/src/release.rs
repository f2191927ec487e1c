//! The releases of AgentScope whose lists the service can return.

use std::fmt;
use std::str::FromStr;

/// Defines the releases, oldest first.
macro_rules! releases {
    ($( $variant:ident = $text:literal, )*) => {
        /// A release of AgentScope. Releases are ordered: a later one is greater.
        ///
        /// docs/ARCHITECTURE.md lists the steps to add one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(non_camel_case_types)]
        #[expect(missing_docs, reason = "each variant is named after its release")]
        pub enum Release { $( $variant, )* }

        impl Release {
            /// All releases, oldest first.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The version number, such as `2.0.11`.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )* }
            }
        }
    };
}

releases! {
    V2_0_1 = "2.0.1",
    V2_0_2 = "2.0.2",
    V2_0_3 = "2.0.3",
    V2_0_4 = "2.0.4",
    V2_0_4_POST1 = "2.0.4.post1",
    V2_0_5 = "2.0.5",
    V2_0_6 = "2.0.6",
    V2_0_7 = "2.0.7",
    V2_0_8 = "2.0.8",
    V2_0_9 = "2.0.9",
    V2_0_10 = "2.0.10",
    V2_0_11 = "2.0.11",
}

/// What the lists of a release show. The rules come from the responses of AgentScope's own
/// service.
impl Release {
    /// The oldest release.
    pub const OLDEST: Self = Self::ALL[0];

    /// The newest release.
    pub const NEWEST: Self = Self::ALL[Self::ALL.len() - 1];

    /// Whether an agent's list omits conversations and has a `status` for each session.
    pub fn trims_sessions(self) -> bool {
        self >= Self::V2_0_6
    }

    /// Whether the agents of a team have a field `editable`.
    pub fn has_editable(self) -> bool {
        self >= Self::V2_0_4_POST1
    }

    /// Whether a team has a roster of members with their owners and sessions.
    pub fn has_rosters(self) -> bool {
        self >= Self::V2_0_4
    }

    /// Whether a team may name the agent that leads it.
    pub fn has_leader_ids(self) -> bool {
        self >= Self::V2_0_7
    }

    /// Whether a list omits members that belong to another user. Older releases show every member
    /// of the roster.
    pub fn hides_foreign_members(self) -> bool {
        self >= Self::V2_0_8
    }

    /// Whether a session has a field `origin`. Older releases have `source` and related fields.
    pub fn has_origins(self) -> bool {
        self >= Self::V2_0_8
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the version of a known release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown release {0:?}: expected one of {list}", list = known_releases())]
pub struct UnknownRelease(String);

/// The known releases, separated by commas.
pub fn known_releases() -> String {
    Release::ALL.iter().map(|release| release.as_str()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Release {
    type Err = UnknownRelease;

    fn from_str(text: &str) -> Result<Self, UnknownRelease> {
        let release = Self::ALL.iter().find(|release| release.as_str() == text);
        release.copied().ok_or_else(|| UnknownRelease(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_ordered_and_read_as_they_are_written() {
        assert!(Release::ALL.is_sorted());
        assert!(Release::V2_0_4 < Release::V2_0_4_POST1 && Release::V2_0_4_POST1 < Release::V2_0_5);
        for release in Release::ALL {
            assert_eq!(release.to_string().parse(), Ok(*release));
        }
    }

    #[test]
    fn an_unknown_release_is_refused_with_the_known_ones() {
        for text in ["", "2.0.0", "2.0.12", "2.0.4post1", " 2.0.1", "v2.0.1", "latest"] {
            let error = text.parse::<Release>().unwrap_err().to_string();
            assert!(error.contains("2.0.1, 2.0.2") && error.contains("2.0.10, 2.0.11"), "{error}");
        }
    }
}
