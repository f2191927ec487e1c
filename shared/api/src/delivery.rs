//! How a response leaves the function: buffered or streamed, and how large it may be.

use crate::cors::AllowedOrigins;
use crate::limits::{BodyForm, LOAD_BALANCER_LIMIT, MAX_READ_BYTES, RESPONSE_LIMIT, ResponseLimits, STREAM_LIMIT};
use crate::payload_format::PayloadFormat;

/// How a function returns responses to Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// As one JSON document with the body as a string.
    Buffered,
    /// As metadata and the bytes of the body, where the gateway invokes the function for a stream.
    Streaming,
}

impl ResponseMode {
    /// The value of `RESPONSE_MODE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buffered => "buffered",
            Self::Streaming => "streaming",
        }
    }
}

/// The settings of a function that concern all of its responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliverySettings {
    /// Whether responses are streamed where they can be.
    pub mode: ResponseMode,
    /// The maximum number of bytes of JSON that are read and rendered for a list. What the
    /// function's memory can hold.
    pub max_list_bytes: usize,
    /// The origins of web pages that may read responses.
    pub allowed_origins: AllowedOrigins,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            mode: ResponseMode::Buffered,
            max_list_bytes: MAX_READ_BYTES,
            allowed_origins: AllowedOrigins::default(),
        }
    }
}

impl DeliverySettings {
    /// How the response to an event of this format is delivered.
    ///
    /// REST APIs and function URLs invoke a function for a stream if they are configured to do so.
    /// HTTP APIs and load balancers never do, so their responses are always buffered.
    pub(crate) fn delivery(self, format: PayloadFormat) -> Delivery {
        let Self { mode, max_list_bytes: list, .. } = self;
        let buffered = |result| ResponseLimits { result, list, form: BodyForm::JsonString };
        match (format, mode) {
            (PayloadFormat::LoadBalancer(_), _) => {
                Delivery { format, mode: ResponseMode::Buffered, limits: buffered(LOAD_BALANCER_LIMIT) }
            }
            (PayloadFormat::HttpApi, _) | (_, ResponseMode::Buffered) => {
                Delivery { format, mode: ResponseMode::Buffered, limits: buffered(RESPONSE_LIMIT) }
            }
            (PayloadFormat::RestApi | PayloadFormat::FunctionUrl, ResponseMode::Streaming) => {
                let limits = ResponseLimits { result: list.min(STREAM_LIMIT), list, form: BodyForm::Raw };
                Delivery { format, mode, limits }
            }
        }
    }
}

/// How the response to one event is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) format: PayloadFormat,
    pub(crate) mode: ResponseMode,
    pub(crate) limits: ResponseLimits,
}

impl Delivery {
    /// Whether the gateway passes on a body that is not text.
    pub(crate) fn takes_binary(self) -> bool {
        // By default, REST APIs do not decode base64. A stream needs no base64.
        self.format != PayloadFormat::RestApi || self.mode == ResponseMode::Streaming
    }
}
