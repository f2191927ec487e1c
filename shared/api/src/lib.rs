//! The session lists as an HTTP API: what a request reads, and how the response is rendered.
//!
//! # Layout
//!
//! Requests and responses:
//!
//! - [`event`], `route`: what API Gateway, a function URL or `cargo lambda watch` sends, as one [`Request`].
//! - [`identity`]: who sends the request.
//! - `list_request`, [`cursor`], [`etag`]: the list that a request names, its page, and what the client has already.
//! - `response`, `body`, `encoding`: the response with a list, compressed.
//! - `too_large`: lists that exceed a response, and what can be requested instead.
//! - [`error`]: every response that is neither 200 nor 304.
//! - `serve`, `runtime`, [`budget`]: one event in, one response out, in time.
//! - [`settings`], [`telemetry`], `metrics`, `trace`: configuration, logs, metrics, traces.
//!
//! Lists:
//!
//! - [`list_sessions`], [`list_schedule_sessions`]: the read plans.
//! - [`list`], `size`: the options and the outcome of a list, and how large it is before it is rendered.
//! - `load_states`, `session_view`: sessions with their states.
//! - `teams`, `team_detail`: teams with their leaders and members.
//! - `render`: the JSON of responses. Records are not parsed and printed again: a response is put together from the
//!   JSON texts that the tables hold.

mod body;
pub mod budget;
pub mod cursor;
mod encoding;
pub mod error;
pub mod etag;
pub mod event;
pub mod identity;
pub mod list;
mod list_request;
mod list_schedule_sessions;
mod list_sessions;
mod load_states;
mod metrics;
mod render;
mod response;
mod route;
mod runtime;
mod serve;
mod session_view;
pub mod settings;
mod size;
mod team_detail;
mod teams;
pub mod telemetry;
mod too_large;
mod trace;

pub use body::Body;
pub use error::ApiError;
pub use event::Request;
pub use identity::IdentitySource;
pub use list::{ListError, ListOptions, ListOutcome, MOST_READ, SessionList};
pub use list_request::ListRequest;
pub use list_schedule_sessions::list_schedule_sessions;
pub use list_sessions::list_sessions;
pub use render::WriteJson;
pub use response::{RESPONSE_LIMIT, Response, list_response};
pub use serve::{handle_event, handle_event_within, run};
pub use session_view::{LoadedSession, SessionStatus, SessionView};
pub use settings::Settings;
pub use size::Smaller;
pub use team_detail::{TeamAgent, TeamDetail, TeamMember};
pub use teams::MOST_MEMBERS;
pub use too_large::{Advice, Excess, TooLarge};
