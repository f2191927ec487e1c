//! The errors of requests, and the one place that turns them into HTTP responses.
//!
//! Clients get the status and the `detail` that AgentScope's FastAPI service sends. Causes are
//! logged with the request id and never sent.

use std::time::Duration;

use agentscope_store::StoreError;
use lambda_http::http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use crate::body::{Response, json_response};
use crate::event::MalformedEvent;
use crate::limits::ResponseLimits;
use crate::list::ListError;
use crate::request::USER_ID_HEADER;
use crate::too_large::TooLarge;

/// Why a request failed or was refused. Its text is for logs; clients get its
/// [`detail`](Self::detail).
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The event is not one of API Gateway, a function URL or a load balancer.
    #[error(transparent)]
    MalformedEvent(#[from] MalformedEvent),
    /// The path names neither list.
    #[error("no such route")]
    RouteNotFound,
    /// The method is not GET.
    #[error("method {0} is not allowed")]
    MethodNotAllowed(Method),
    /// Headers or query parameters are missing or invalid.
    #[error("invalid input: {}", .0.iter().map(|problem| problem.loc[1]).collect::<Vec<_>>().join(", "))]
    InvalidInput(Vec<InputProblem>),
    /// The identity header, which has this name, is empty.
    #[error("the identity header is empty")]
    EmptyUserId(&'static str),
    /// There is no valid token, or it lacks the claim.
    #[error("no token")]
    Unauthenticated,
    /// The caller has no such agent.
    #[error("no such agent")]
    AgentNotFound(String),
    /// The caller has no such schedule.
    #[error("no such schedule")]
    ScheduleNotFound(String),
    /// The list is larger than a function may return.
    #[error("{}", .0.reason())]
    TooLarge(TooLarge),
    /// The tables did not respond, or an item cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The response cannot be compressed.
    #[error("compression failed: {0}")]
    Compression(#[from] std::io::Error),
    /// The body is not UTF-8: a stored state is damaged, and its checksum did not detect it.
    #[error("the response is not UTF-8")]
    InvalidUtf8,
    /// The request exceeded its budget.
    #[error("out of time: not served within {0:?}")]
    DeadlineExceeded(Duration),
    /// The handler panicked.
    #[error("the handler panicked")]
    Panic,
}

/// The `detail` of an error.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ErrorDetail {
    /// A sentence.
    Text(String),
    /// The problems of the input.
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
    /// The problem of a missing input.
    pub(crate) fn missing(location: &'static str, name: &'static str) -> Self {
        Self { kind: "missing", loc: [location, name], msg: "Field required", input: None, ctx: None }
    }
}

impl ApiError {
    /// The error of a list whose response has these limits.
    pub(crate) fn from_list_error(error: ListError, limits: ResponseLimits) -> Self {
        TooLarge::from_list_error(error, limits).map_or_else(Self::Store, Self::TooLarge)
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MalformedEvent(_) => StatusCode::BAD_REQUEST,
            Self::EmptyUserId(_) | Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::RouteNotFound | Self::AgentNotFound(_) | Self::ScheduleNotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvalidInput(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Store(StoreError::Unavailable(_)) | Self::DeadlineExceeded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Compression(_) | Self::InvalidUtf8 | Self::Panic => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// The `detail` that the client gets.
    pub fn detail(&self) -> ErrorDetail {
        ErrorDetail::Text(match self {
            Self::InvalidInput(problems) => return ErrorDetail::Inputs(problems.clone()),
            Self::TooLarge(too_large) => too_large.to_string(),
            Self::MalformedEvent(_) => "Bad Request".to_owned(),
            Self::RouteNotFound => "Not Found".to_owned(),
            Self::MethodNotAllowed(_) => "Method Not Allowed".to_owned(),
            // AgentScope's own words.
            Self::EmptyUserId(USER_ID_HEADER) => "X-User-ID header is required.".to_owned(),
            Self::EmptyUserId(name) => format!("{name} header is required."),
            Self::Unauthenticated => "Not authenticated".to_owned(),
            Self::AgentNotFound(id) => format!("Agent '{id}' not found."),
            Self::ScheduleNotFound(id) => format!("Schedule '{id}' not found."),
            Self::Store(StoreError::Unavailable(_)) | Self::DeadlineExceeded(_) => "Service Unavailable".to_owned(),
            Self::Store(_) | Self::Compression(_) | Self::InvalidUtf8 | Self::Panic => {
                "Internal Server Error".to_owned()
            }
        })
    }

    /// The response.
    pub fn response(&self) -> Response {
        #[derive(Serialize)]
        struct Body {
            detail: ErrorDetail,
        }
        let body = match self {
            // A response to HEAD has no body.
            Self::MethodNotAllowed(method) if method == Method::HEAD => String::new(),
            _ => serde_json::to_string(&Body { detail: self.detail() }).unwrap_or_default(),
        };
        let mut response = json_response(self.status(), body.into());
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::MethodNotAllowed(_) => headers.insert(header::ALLOW, HeaderValue::from_static("GET")),
            Self::Unauthenticated => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Self::Store(StoreError::Unavailable(_)) | Self::DeadlineExceeded(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            _ => None,
        };
        response
    }
}
