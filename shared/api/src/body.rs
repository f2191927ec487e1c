//! Responses and their bodies.

use lambda_http::http::{self, HeaderValue, StatusCode, header};

/// An HTTP response.
pub type Response = http::Response<Body>;

/// The body of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// Text in pieces. They are joined when the response is handed to Lambda, which saves a copy of
    /// a large list.
    Text(Vec<String>),
    /// Compressed bytes.
    Binary(Vec<u8>),
}

impl Body {
    /// The number of bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Text(pieces) => pieces.iter().map(String::len).sum(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// The bytes in pieces.
    pub(crate) fn into_pieces(self) -> Vec<Vec<u8>> {
        match self {
            Self::Empty => Vec::new(),
            Self::Text(pieces) => pieces.into_iter().map(String::into_bytes).collect(),
            Self::Binary(bytes) => vec![bytes],
        }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(vec![text]) }
    }
}

/// Statistics of a body with a list. An extension of the response, read by the metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyStats {
    /// Sessions in the list, or on its page.
    pub(crate) sessions: usize,
    /// Bytes of the body in the function's result.
    pub(crate) bytes: usize,
}

/// A response whose body is JSON.
pub(crate) fn json_response(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
