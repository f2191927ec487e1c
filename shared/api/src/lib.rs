//! The session lists as an HTTP API: what a request reads, and how its response is rendered.
//!
//! # Layout
//!
//! Each module depends on modules above it in this list, never on those below.
//!
//! - [`limits`]: limits on lists and responses.
//! - [`body`]: responses and their bodies.
//! - `event`, `payload_format`: the events of API Gateway, function URLs, load balancers and
//!   `cargo lambda watch`.
//! - [`cors`]: the headers of CORS.
//! - [`delivery`]: whether a response is buffered or streamed, and its limits.
//! - `route`: which list a request names.
//! - `request`: an event as a [`Request`].
//! - `encoding`, `compression`: content encodings and their negotiation, compressed bodies.
//! - [`etag`]: entity tags and `If-None-Match`.
//! - [`cursor`]: the position where a page ended, as opaque text.
//! - `fitting`: the part of a list that fits a response.
//! - `list`: the options and the outcome of a list.
//! - `team_detail`, `session_view`: a team and a session as lists show them.
//! - `render`: the JSON of lists, from the JSON texts that the tables store.
//! - `teams`, `load_states`: reads of teams with their members, and of states.
//! - `list_size`: the size of a list before it is rendered.
//! - `list_sessions`, `list_schedule_sessions`: the read plans of the two routes.
//! - `too_large`: the error of a list that exceeds a response.
//! - [`error`]: all errors, and the one place that turns them into HTTP.
//! - [`identity`]: the caller of a request.
//! - `list_request`: validation of a request for a list.
//! - `list_body`, `list_response`: the response with a list.
//! - `stream`: a streamed result.
//! - [`failure`]: the error of an invocation.
//! - `gateway_response`: a response in the gateway's format.
//! - [`setting_values`]: valid values of settings that several functions have.
//! - [`budget`], [`settings`], [`telemetry`], `trace`: time budgets, settings, logs, trace ids.
//! - `caller_hash`: a pseudonym of the caller for logs.
//! - `metrics`: a line of metrics for each request.
//! - [`runtime`], `serve`: the Lambda Runtime API, and the loop that serves events.

pub mod body;
pub mod budget;
mod caller_hash;
mod compression;
pub mod cors;
pub mod cursor;
pub mod delivery;
mod encoding;
pub mod error;
pub mod etag;
mod event;
pub mod failure;
mod fitting;
mod gateway_response;
pub mod identity;
pub mod limits;
mod list;
mod list_body;
mod list_request;
mod list_response;
mod list_schedule_sessions;
mod list_sessions;
mod list_size;
mod load_states;
mod metrics;
mod payload_format;
mod render;
mod request;
mod route;
pub mod runtime;
mod serve;
mod session_view;
pub mod setting_values;
pub mod settings;
mod stream;
mod team_detail;
mod teams;
pub mod telemetry;
mod too_large;
mod trace;

pub use body::{Body, Response};
pub use caller_hash::caller_hash;
pub use cors::AllowedOrigins;
pub use delivery::{DeliverySettings, ResponseMode};
pub use error::ApiError;
pub use event::MalformedEvent;
pub use fitting::FittingRequest;
pub use identity::{EventSource, Identity, IdentitySource};
pub use list::{ListError, ListOptions, ListOutcome, NextPage, SessionList};
pub use list_request::ListRequest;
pub use list_response::list_response;
pub use list_schedule_sessions::list_schedule_sessions;
pub use list_sessions::list_sessions;
pub use payload_format::EventKind;
pub use render::WriteJson;
pub use request::Request;
pub use serve::{handle_event, handle_event_within, run};
pub use session_view::{LoadedSession, SessionStatus, SessionView};
pub use settings::Settings;
pub use team_detail::{TeamAgent, TeamDetail, TeamMember};
pub use too_large::{Advice, Excess, TooLarge};
