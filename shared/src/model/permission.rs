//! What an agent's tools may do.

use indexmap::IndexMap;

use super::record::{names, record};

names! {
    /// What happens when no rule decides.
    pub enum PermissionMode {
        /// Ask.
        Default = "default",
        /// Allow edits inside the working directories.
        AcceptEdits = "accept_edits",
        /// Allow reading only.
        Explore = "explore",
        /// Allow.
        Bypass = "bypass",
        /// Deny instead of asking.
        DontAsk = "dont_ask",
    }
}

names! {
    /// What a rule decides.
    pub enum PermissionBehavior {
        /// The tool may run.
        Allow = "allow",
        /// It may not.
        Deny = "deny",
        /// The user decides.
        Ask = "ask",
        /// Other rules decide.
        Passthrough = "passthrough",
    }
}

record! {
    /// A rule about a tool.
    pub struct PermissionRule {
        /// The tool.
        pub tool_name: String,
        /// Which of its calls; all if null.
        pub rule_content: Option<String>,
        /// What the rule decides.
        pub behavior: PermissionBehavior,
        /// Where the rule comes from.
        pub source: String,
    }
}

record! {
    /// A directory that tools may work in.
    pub struct WorkingDirectory {
        /// Its path.
        pub path: String,
        /// Where the permission comes from.
        pub source: String,
    }
}

record! {
    /// The permissions of a session.
    pub struct PermissionContext {
        /// What happens when no rule decides.
        pub mode: PermissionMode = PermissionMode::Default,
        /// Further working directories by path.
        pub working_directories: IndexMap<String, WorkingDirectory> = IndexMap::new(),
        /// Rules that allow, by tool.
        pub allow_rules: IndexMap<String, Vec<PermissionRule>> = IndexMap::new(),
        /// Rules that deny, by tool.
        pub deny_rules: IndexMap<String, Vec<PermissionRule>> = IndexMap::new(),
        /// Rules that ask, by tool.
        pub ask_rules: IndexMap<String, Vec<PermissionRule>> = IndexMap::new(),
    }
}

impl Default for PermissionContext {
    fn default() -> Self {
        Self {
            mode: PermissionMode::Default,
            working_directories: IndexMap::new(),
            allow_rules: IndexMap::new(),
            deny_rules: IndexMap::new(),
            ask_rules: IndexMap::new(),
            extra: IndexMap::new(),
        }
    }
}
