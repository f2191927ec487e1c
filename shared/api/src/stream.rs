//! A streamed result: metadata, eight NUL bytes, and the bytes of the body.
//!
//! The format is that of "Set up a Lambda proxy integration with payload response streaming in API
//! Gateway" and of function URLs with the invoke mode `RESPONSE_STREAM`. "Building a custom
//! runtime for AWS Lambda" describes how a runtime posts it, and the trailers of a stream that
//! fails.
//!
//! Everything that can fail has been read and rendered before the first byte is sent, so the
//! status is never wrong. Only the time can run out: then the trailers say so.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body::Frame;
use lambda_http::http::request::Builder;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::json;

use crate::body::Body;

/// What separates the metadata from the body.
static DELIMITER: [u8; 8] = [0; 8];

/// The minimum size of a chunk in bytes, except for the last one.
const CHUNK: usize = 64 << 10;

const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";
const CONTENT_TYPE: &str = "application/vnd.awslambda.http-integration-response";
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");

/// The type of the error of a stream that is not sent within the function's time.
const TIMEOUT: &str = "Runtime.StreamTimeout";

/// A result that is streamed.
pub(crate) struct StreamedResult {
    /// Status and headers as JSON.
    metadata: Vec<u8>,
    body: Body,
}

impl StreamedResult {
    pub(crate) fn new(metadata: Vec<u8>, body: Body) -> Self {
        Self { metadata, body }
    }

    /// The number of bytes of a result with metadata of this size.
    pub(crate) fn size(metadata: usize, body: usize) -> usize {
        metadata + DELIMITER.len() + body
    }

    /// Adds the headers of the request that posts a streamed result.
    pub(crate) fn with_headers(request: Builder) -> Builder {
        // Only trailers that are announced are sent.
        let request = request.header(header::TRAILER, ERROR_TYPE).header(header::TRAILER, ERROR_BODY);
        request
            .header(header::TRANSFER_ENCODING, "chunked")
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .header(RESPONSE_MODE, "streaming")
    }

    /// The body of the request that posts the result. After `cut`, an error replaces what is left,
    /// except for the first chunk of the body.
    pub(crate) fn into_body(self, request_id: &str, cut: Option<Instant>) -> StreamedBody {
        // `cargo lambda watch` reads metadata and delimiter as a chunk each.
        let head = [self.metadata.into(), Bytes::from_static(&DELIMITER)].into_iter();
        let chunks = Chunks { pieces: self.body.into_pieces().into_iter(), rest: Bytes::new() };
        StreamedBody { request_id: request_id.to_owned(), head, chunks, is_begun: false, cut }
    }
}

/// The body of a request that posts a streamed result.
pub(crate) struct StreamedBody {
    request_id: String,
    /// Metadata and delimiter.
    head: std::array::IntoIter<Bytes, 2>,
    chunks: Chunks,
    is_begun: bool,
    /// When an error replaces what is left.
    cut: Option<Instant>,
}

impl http_body::Body for StreamedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(chunk) = this.head.next() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        let Some(chunk) = this.chunks.next() else { return Poll::Ready(None) };
        if this.is_begun && this.cut.is_some_and(|cut| Instant::now() >= cut) {
            this.chunks = Chunks::default();
            tracing::error!(request_id = this.request_id, "out of time: the response was not sent to its end");
            return Poll::Ready(Some(Ok(Frame::trailers(timeout_trailers()))));
        }
        this.is_begun = true;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }
}

/// The trailers of a stream that is cut off.
fn timeout_trailers() -> HeaderMap {
    let error = json!({ "errorType": TIMEOUT, "errorMessage": "the response was not sent within the function's time" });
    let mut trailers = HeaderMap::with_capacity(2);
    trailers.insert(ERROR_TYPE, HeaderValue::from_static(TIMEOUT));
    if let Ok(error) = HeaderValue::from_str(&STANDARD.encode(error.to_string())) {
        trailers.insert(ERROR_BODY, error);
    }
    trailers
}

/// Cuts large pieces and joins small ones. Large pieces are not copied, and each is freed when it
/// has been sent.
#[derive(Default)]
struct Chunks {
    pieces: std::vec::IntoIter<Vec<u8>>,
    /// What is left of the current piece.
    rest: Bytes,
}

impl Iterator for Chunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK {
            if self.rest.is_empty() {
                let Some(piece) = self.pieces.next() else { break };
                self.rest = piece.into();
            }
            if chunk.is_empty() && self.rest.len() >= CHUNK {
                return Some(self.rest.split_to(CHUNK));
            }
            let taken = self.rest.split_to((CHUNK - chunk.len()).min(self.rest.len()));
            chunk.extend_from_slice(&taken);
        }
        (!chunk.is_empty()).then(|| chunk.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_have_all_bytes_in_order_and_none_is_small_but_the_last() {
        let sizes = [0, 1, CHUNK - 1, 0, CHUNK, 3, CHUNK + 1, 5 * CHUNK + 7, 2, 2];
        let pieces: Vec<Vec<u8>> = sizes.iter().zip(1..).map(|(size, value)| vec![value; *size]).collect();
        let whole = pieces.concat();
        let chunks = Chunks { pieces: pieces.into_iter(), rest: Bytes::new() };
        let chunks: Vec<_> = chunks.collect();
        assert_eq!(chunks.concat(), whole);
        let (_, others) = chunks.split_last().unwrap();
        assert!(others.iter().all(|chunk| chunk.len() == CHUNK));
    }

    #[test]
    fn metadata_and_delimiter_are_a_chunk_each_and_never_cut_off() {
        let mut body = StreamedResult::new(b"{}".to_vec(), Body::Empty).into_body("request", Some(Instant::now()));
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut next = || match http_body::Body::poll_frame(Pin::new(&mut body), &mut context) {
            Poll::Ready(frame) => frame.map(|Ok(frame)| frame.into_data().unwrap()),
            Poll::Pending => panic!("the body waits"),
        };
        assert_eq!([next(), next(), next()], [Some("{}".into()), Some(Bytes::from_static(&DELIMITER)), None]);
    }
}
