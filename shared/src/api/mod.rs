//! The HTTP edges of the functions.
//!
//! - [`event`]: what API Gateway, a function URL or `cargo lambda watch` sends, as one [`Request`].
//! - [`identity`]: who asks.
//! - `parameters`: what is asked for.
//! - `response`, `body`, `encoding`: the answer with a list, compressed.
//! - `too_large`: lists that do not fit a response, and what can be requested instead.
//! - [`error`]: every answer that is neither 200 nor 304.
//! - [`budget`]: how long a request may take.
//! - `serve`: one event in, one answer out, whatever happens in between.
//! - [`settings`]: the configuration by environment.
//! - [`telemetry`]: the logs.
//! - `metrics`: the metrics.
//! - `trace`: which trace a request belongs to.

mod body;
pub mod budget;
mod encoding;
pub mod error;
pub mod event;
pub mod identity;
mod metrics;
mod parameters;
mod response;
mod route;
mod runtime;
mod serve;
pub mod settings;
pub mod telemetry;
mod too_large;
mod trace;

pub use body::Body;
pub use error::ApiError;
pub use event::Request;
pub use identity::IdentitySource;
pub use parameters::Asked;
pub use response::{RESPONSE_LIMIT, Response, respond};
pub use serve::{answer, answer_within, run};
pub use settings::Settings;
pub use too_large::{Advice, Excess, TooLarge};
