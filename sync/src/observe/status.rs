//! The phase and the mode of a process that follows.

/// The phase of a process that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It has connected, and has not completed a reconciliation since.
    Reconciling,
    /// The tables are in step, except for the keys in the queue.
    Following,
    /// The connection to Redis is lost.
    Reconnecting,
    /// It finishes the work in flight.
    Stopping,
}

impl Phase {
    /// The name, such as `following`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reconciling => "reconciling",
            Self::Following => "following",
            Self::Reconnecting => "reconnecting",
            Self::Stopping => "stopping",
        }
    }
}

/// How the process finds changes in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Redis notifies of all of them.
    Notifications,
    /// Redis notifies of some of them, and reconciliations find the others.
    SomeNotifications,
    /// Only reconciliations find them.
    ComparisonOnly,
}

impl Mode {
    /// The name, such as `comparison only`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notifications => "notifications",
            Self::SomeNotifications => "some notifications",
            Self::ComparisonOnly => "comparison only",
        }
    }
}
