//! Every response that is not 200, in the shape in which FastAPI words it.

use std::time::Duration;

use agentscope_store::StoreError;
use lambda_http::http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use crate::ListError;
use crate::event::MalformedEvent;
use crate::response::{self, Response};
use crate::too_large::TooLarge;

/// Why a request is not served with 200. What a client sees of it is its [`detail`](Self::detail), never a cause.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The event is none that this function knows.
    #[error(transparent)]
    MalformedEvent(#[from] MalformedEvent),
    /// No such route.
    #[error("no such route")]
    NoRoute,
    /// The route takes GET only.
    #[error("method {0} is not allowed")]
    MethodNotAllowed(Method),
    /// Headers or query parameters are missing, or have values that they cannot have.
    #[error("wrong input: {}", .0.iter().map(|problem| problem.loc[1]).collect::<Vec<_>>().join(", "))]
    Inputs(Vec<InputProblem>),
    /// The identity header is empty.
    #[error("the identity header is empty")]
    EmptyUserId,
    /// There is no token.
    #[error("no token")]
    Unauthenticated,
    /// The user has no such agent.
    #[error("no such agent")]
    NoAgent(String),
    /// The user has no such schedule.
    #[error("no such schedule")]
    NoSchedule(String),
    /// The list is larger than a function may return.
    #[error("{}", .0.excess)]
    TooLarge(TooLarge),
    /// The tables did not respond.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The response cannot be compressed.
    #[error("compression failed: {0}")]
    Compression(#[from] std::io::Error),
    /// The response is not UTF-8: a state is damaged in a way that its checksum does not show.
    #[error("the response is not UTF-8")]
    NoText,
    /// The request's time is over.
    #[error("out of time: not served within {0:?}")]
    OutOfTime(Duration),
    /// The program has a fault.
    #[error("the handler panicked")]
    Panic,
}

/// The `detail` of an error.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ErrorDetail {
    /// A sentence.
    Text(String),
    /// What is wrong with each input.
    Inputs(Vec<InputProblem>),
}

/// What is wrong with an input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputProblem {
    /// The kind of problem, as `missing`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where the input belongs, and its name.
    pub loc: [&'static str; 2],
    /// The problem in words.
    pub msg: &'static str,
    /// The input; null if there is none.
    pub input: Option<String>,
    /// What the message says, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctx: Option<Value>,
}

impl InputProblem {
    /// An input is missing.
    pub(crate) fn missing(place: &'static str, name: &'static str) -> Self {
        Self { kind: "missing", loc: [place, name], msg: "Field required", input: None, ctx: None }
    }
}

impl From<ListError> for ApiError {
    fn from(error: ListError) -> Self {
        TooLarge::of(error).map_or_else(Self::Store, Self::TooLarge)
    }
}

impl ApiError {
    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MalformedEvent(_) => StatusCode::BAD_REQUEST,
            Self::EmptyUserId | Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::NoRoute | Self::NoAgent(_) | Self::NoSchedule(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Inputs(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Store(StoreError::Unavailable(_)) | Self::OutOfTime(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Compression(_) | Self::NoText | Self::Panic => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the client is told.
    pub fn detail(&self) -> ErrorDetail {
        ErrorDetail::Text(match self {
            Self::Inputs(problems) => return ErrorDetail::Inputs(problems.clone()),
            Self::TooLarge(too_large) => too_large.to_string(),
            Self::MalformedEvent(_) => "Bad Request".to_owned(),
            Self::NoRoute => "Not Found".to_owned(),
            Self::MethodNotAllowed(_) => "Method Not Allowed".to_owned(),
            Self::EmptyUserId => "X-User-ID header is required.".to_owned(),
            Self::Unauthenticated => "Not authenticated".to_owned(),
            Self::NoAgent(id) => format!("Agent '{id}' not found."),
            Self::NoSchedule(id) => format!("Schedule '{id}' not found."),
            Self::Store(StoreError::Unavailable(_)) | Self::OutOfTime(_) => "Service Unavailable".to_owned(),
            Self::Store(_) | Self::Compression(_) | Self::NoText | Self::Panic => "Internal Server Error".to_owned(),
        })
    }

    /// The response.
    pub fn response(&self) -> Response {
        #[derive(Serialize)]
        struct Body {
            detail: ErrorDetail,
        }
        let body = match self {
            // The response to HEAD has no body.
            Self::MethodNotAllowed(method) if method == Method::HEAD => String::new(),
            _ => serde_json::to_string(&Body { detail: self.detail() }).unwrap_or_default(),
        };
        let mut response = response::json(self.status(), body.into());
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::MethodNotAllowed(_) => headers.insert(header::ALLOW, HeaderValue::from_static("GET")),
            Self::Unauthenticated => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Self::Store(StoreError::Unavailable(_)) | Self::OutOfTime(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            _ => None,
        };
        response
    }
}
