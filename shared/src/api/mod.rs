//! The HTTP edges of the functions.
//!
//! - [`event`]: what API Gateway, a function URL or `cargo lambda watch` sends, as one [`Request`].
//! - [`identity`]: who asks.
//! - [`error`]: every answer that is not 200.
//! - [`budget`]: how long a request may take.
//! - `serve`: one event in, one answer out, whatever happens in between.
//! - [`settings`]: the configuration by environment.
//! - [`telemetry`]: the logs.

pub mod budget;
pub mod error;
pub mod event;
pub mod identity;
mod response;
mod route;
mod serve;
pub mod settings;
pub mod telemetry;

pub use error::ApiError;
pub use event::Request;
pub use identity::IdentitySource;
pub use response::{Response, ok};
pub use serve::{answer, answer_within, run};
pub use settings::Settings;
