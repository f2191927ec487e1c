//! The Redis of an AgentScope service.
//!
//! - [`keys`], [`template`]: which record lies under which key.
//! - [`connection`]: how it is reached. [`problem`]: its errors, explained. `clock`: its time.
//! - [`read`]: what is read of it. Nothing is written, but for one setting on request.
//! - [`notifications`]: how it tells of changes.

mod clock;
pub mod connection;
pub mod keys;
pub mod notifications;
pub mod problem;
pub mod read;
pub mod template;

pub use connection::{Source, SourceOptions};
pub use keys::{Keys, RecordKey};
