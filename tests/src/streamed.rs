//! Streamed results as a gateway reads them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::runtime_api::{Posted, RESPONSE_MODE};

/// The metadata must end within the first bytes of a stream: API Gateway reads 16 KB.
const MAX_METADATA: usize = 16 << 10;

/// A streamed response.
#[derive(Debug)]
pub struct Streamed {
    /// Status and headers.
    pub metadata: Value,
    /// The bytes of the body.
    pub body: Vec<u8>,
    /// The size of everything.
    pub size: usize,
}

impl Streamed {
    /// Reads what a function posted; `None` if it is no stream.
    ///
    /// # Panics
    ///
    /// A header, the metadata or the delimiter are not what a gateway needs, or the stream failed.
    pub fn read(posted: &Posted) -> Option<Self> {
        posted.headers.get(RESPONSE_MODE)?;
        for (name, expected) in [
            (RESPONSE_MODE, "streaming"),
            ("content-type", "application/vnd.awslambda.http-integration-response"),
            ("transfer-encoding", "chunked"),
        ] {
            let values: Vec<_> = posted.headers.get_all(name).iter().collect();
            assert_eq!(values, [expected], "{name}");
        }
        assert_eq!(posted.trailers, None);
        let bytes = posted.body();
        let end = bytes.windows(8).position(|bytes| bytes == [0; 8]).expect("there is no delimiter");
        assert!(end < MAX_METADATA, "{end}");
        let metadata = serde_json::from_slice(&bytes[..end]).unwrap();
        Some(Self { metadata, body: bytes[end + 8..].to_vec(), size: bytes.len() })
    }

    /// The buffered response with the same status, headers and body.
    ///
    /// # Panics
    ///
    /// The body is text that is not UTF-8.
    pub fn into_buffered(self) -> Value {
        let Self { metadata, body, .. } = self;
        let is_binary = metadata["headers"].get("content-encoding").is_some();
        let body = if is_binary { STANDARD.encode(body) } else { String::from_utf8(body).unwrap() };
        json!({
            "statusCode": metadata["statusCode"], "headers": metadata["headers"], "body": body,
            "isBase64Encoded": is_binary,
        })
    }
}
